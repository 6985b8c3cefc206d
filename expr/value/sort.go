package value

import "math/bits"

// Sort sorts items as Array.Sort and List<T>.Sort do: an introspective sort,
// which is not stable; .NET's own steps, so that equal elements end up where
// .NET puts them. What a comparison throws arrives as the cause of an
// InvalidOperationException.
func (t *Thread) Sort(items []Value, compare func(a, b Value) int) {
	mark := t.Mark()
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Exception:
			t.Unwind(mark)
			wrapped := NewException(InvalidOperationException, "Failed to compare two elements in the array.")
			wrapped.Inner = e
			panic(wrapped)
		default:
			panic(e)
		}
	}()
	s := sorter{t, compare}
	if len(items) > 1 {
		s.intro(items, 2*bits.Len(uint(len(items))))
	}
}

type sorter struct {
	t       *Thread
	compare func(a, b Value) int
}

func (s sorter) intro(k []Value, depth int) {
	n := len(k)
	for n > 1 {
		s.t.Step(1)
		if n <= 16 {
			switch n {
			case 2:
				s.order(k, 0, 1)
			case 3:
				s.order(k, 0, 1)
				s.order(k, 0, 2)
				s.order(k, 1, 2)
			default:
				s.insertion(k[:n])
			}
			return
		}
		if depth == 0 {
			s.heap(k[:n])
			return
		}
		depth--
		p := s.partition(k[:n])
		s.intro(k[p+1:n], depth)
		n = p
	}
}

func (s sorter) order(k []Value, i, j int) {
	if s.compare(k[i], k[j]) > 0 {
		k[i], k[j] = k[j], k[i]
	}
}

func (s sorter) partition(k []Value) int {
	hi := len(k) - 1
	mid := hi >> 1
	s.order(k, 0, mid)
	s.order(k, 0, hi)
	s.order(k, mid, hi)
	pivot := k[mid]
	k[mid], k[hi-1] = k[hi-1], k[mid]
	left, right := 0, hi-1
	for left < right {
		s.t.Step(1)
		// A comparison without order may run off either end.
		for left++; left < hi && s.compare(k[left], pivot) < 0; left++ {
		}
		for right--; right > 0 && s.compare(pivot, k[right]) < 0; right-- {
		}
		if left >= right {
			break
		}
		k[left], k[right] = k[right], k[left]
	}
	if left != hi-1 {
		k[left], k[hi-1] = k[hi-1], k[left]
	}
	return left
}

func (s sorter) insertion(k []Value) {
	for i := 0; i < len(k)-1; i++ {
		v := k[i+1]
		j := i
		for j >= 0 && s.compare(v, k[j]) < 0 {
			k[j+1] = k[j]
			j--
		}
		k[j+1] = v
	}
}

func (s sorter) heap(k []Value) {
	n := len(k)
	for i := n >> 1; i >= 1; i-- {
		s.down(k, i, n)
	}
	for i := n; i > 1; i-- {
		k[0], k[i-1] = k[i-1], k[0]
		s.down(k, 1, i-1)
	}
}

func (s sorter) down(k []Value, i, n int) {
	v := k[i-1]
	for i <= n>>1 {
		child := 2 * i
		if child < n && s.compare(k[child-1], k[child]) < 0 {
			child++
		}
		if s.compare(v, k[child-1]) >= 0 {
			break
		}
		k[i-1] = k[child-1]
		i = child
	}
	k[i-1] = v
}
