package cache

import (
	"context"

	"github.com/spillway-gateway/spillway/expr/value"
)

// Objects knows the objects of the libraries: it copies them deeply and says
// how large they are.
type Objects interface {
	// Copy is a deep copy; ok is false for objects that cannot be kept.
	Copy(o value.Object) (copied value.Object, ok bool)
	// Size is about how many bytes the object holds.
	Size(o value.Object) int
}

// Copier copies values deeply.
type Copier struct{ objects Objects }

const (
	valueSize = 24 // of a value.Value
	maxDepth  = 200
)

// Copy is a copy of v that shares nothing that can change, with its size in
// bytes. ok is false for what cannot be kept: a lambda, an iterator, and other
// objects that belong to one evaluation.
func (c Copier) Copy(v value.Value) (copied value.Value, size int, ok bool) {
	k := copying{Copier: c, measure: true}
	copied = k.copy(v, 0)
	return copied, k.size, !k.failed
}

type copying struct {
	Copier
	thread *value.Thread
	// measure asks for the size, which costs objects a walk of their own.
	measure bool
	size    int
	failed  bool
}

func (k *copying) copy(v value.Value, depth int) value.Value {
	k.size += valueSize
	if k.failed || depth > maxDepth {
		k.failed = true
		return value.Null
	}
	if v.IsString() {
		k.size += len(v.Str())
		return v
	}
	if v.IsNull() || v.IsWord() {
		return v
	}
	switch o := v.Object().(type) {
	case *value.Array:
		return value.Of(k.array(o, depth))
	case *value.List:
		items := make([]value.Value, o.Len())
		for i := range items {
			items[i] = k.copy(o.At(i), depth+1)
		}
		return value.Of(value.NewList(o.Elem(), items))
	case *value.Dictionary:
		args := o.Type().Args()
		d := value.NewDictionary(args[0], args[1], o.Comparer())
		o.Each(func(key, v value.Value) bool {
			d.Put(k.scratch(), k.copy(key, depth+1), k.copy(v, depth+1))
			return !k.failed
		})
		return value.Of(d)
	case *value.Tuple:
		items := make([]value.Value, len(o.Items))
		for i := range items {
			items[i] = k.copy(o.Items[i], depth+1)
		}
		return value.Of(value.NewTuple(o.Type(), items))
	default:
		return k.object(v)
	}
}

func (k *copying) array(a *value.Array, depth int) *value.Array {
	c := a.Clone(k.scratch())
	if a.Bytes() != nil {
		k.size += a.Len()
		return c
	}
	for i := range a.Len() {
		c.Set(i, k.copy(a.At(i), depth+1))
	}
	return c
}

// object copies what the core does not know. Structs are immutable and stay.
func (k *copying) object(v value.Value) value.Value {
	if v.Type().IsValue() {
		k.size += valueSize
		return v
	}
	if k.objects != nil {
		if o, ok := k.objects.Copy(v.Object()); ok {
			if k.measure {
				k.size += k.objects.Size(o)
			}
			return value.Of(o)
		}
	}
	k.failed = true
	return value.Null
}

// scratch is a thread without budgets: the value was made within one, and its
// copy costs the same again.
func (k *copying) scratch() *value.Thread {
	if k.thread == nil {
		k.thread = &value.Thread{}
		k.thread.Reset(context.Background(), value.Limits{})
	}
	return k.thread
}
