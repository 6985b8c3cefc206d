package value

import "github.com/spillway-gateway/spillway/expr/types"

// Hashed is the hash table under Dictionary<K,V> and HashSet<T>. Entries keep
// the order in which they were added; a removed entry's place is taken by the
// next one added, the last removed first, as in .NET, whose enumeration order
// policies print.
type Hashed struct {
	comparer EqualityComparer // nil is the default
	entries  []hashEntry
	strings  map[string]int32 // index of a string key, while there is no comparer
	words    map[uint64]int32 // index of a word key, likewise
	chains   map[int32][]int32
	free     int32 // index+1 of the last removed entry, 0 for none
	count    int
	version  int
}

type hashEntry struct {
	key, value Value
	next       int32 // of a free entry: index+1 of the one removed before
	live       bool
}

// SetComparer gives the table a comparer; the table must be empty.
func (h *Hashed) SetComparer(c EqualityComparer) { h.comparer = c }

// Comparer is the table's comparer, nil for the default one.
func (h *Hashed) Comparer() EqualityComparer { return h.comparer }

// Len is the number of entries.
func (h *Hashed) Len() int { return h.count }

// Version changes whenever a walk must end.
func (h *Hashed) Version() int { return h.version }

// plain reports whether a key needs no call to be compared.
func plainKey(k Value) bool {
	switch x := k.r.(type) {
	case *types.Type:
		return x.Kind() == types.Enum || x.IsIntegral() || x.Code() == types.CodeBool
	}
	return false
}

func (h *Hashed) find(t *Thread, k Value) (at int32, hash int32) {
	if h.comparer == nil {
		if k.IsString() {
			if i, ok := h.strings[k.Str()]; ok {
				return i, 0
			}
			return -1, 0
		}
		if plainKey(k) {
			if i, ok := h.words[k.w]; ok && h.entries[i].key.r == k.r {
				return i, 0
			}
			if len(h.words) == 0 || h.uniform(k) {
				return -1, 0
			}
		}
		hash = t.Hash(k)
		for _, i := range h.chains[hash] {
			if t.Equal(h.entries[i].key, k) {
				return i, hash
			}
		}
		return -1, hash
	}
	hash = h.comparer.HashValue(t, k)
	for _, i := range h.chains[hash] {
		if h.comparer.EqualValues(t, h.entries[i].key, k) {
			return i, hash
		}
	}
	return -1, hash
}

// uniform reports whether word keys of the table all have the type of k, as
// they have in all tables but those of object.
func (h *Hashed) uniform(k Value) bool { return len(h.chains) == 0 }

// Get is the value of a key.
func (h *Hashed) Get(t *Thread, k Value) (Value, bool) {
	i, _ := h.find(t, k)
	if i < 0 {
		return Value{}, false
	}
	return h.entries[i].value, true
}

// Has reports whether the table has a key.
func (h *Hashed) Has(t *Thread, k Value) bool {
	i, _ := h.find(t, k)
	return i >= 0
}

// Key is the key as it was added that equals k.
func (h *Hashed) Key(t *Thread, k Value) (Value, bool) {
	i, _ := h.find(t, k)
	if i < 0 {
		return Value{}, false
	}
	return h.entries[i].key, true
}

// Put sets the value of a key and reports whether the key is new. Overwriting
// lets walks go on.
func (h *Hashed) Put(t *Thread, k, v Value) bool {
	i, hash := h.find(t, k)
	if i >= 0 {
		h.entries[i].value = v
		return false
	}
	h.insert(t, k, v, hash)
	return true
}

// Add adds a key and reports false, changing nothing, when it is there.
func (h *Hashed) Add(t *Thread, k, v Value) bool {
	i, hash := h.find(t, k)
	if i >= 0 {
		return false
	}
	h.insert(t, k, v, hash)
	return true
}

func (h *Hashed) insert(t *Thread, k, v Value, hash int32) {
	t.Alloc(2*valueSize + 40)
	at := int32(len(h.entries))
	if h.free > 0 {
		at = h.free - 1
		h.free = h.entries[at].next
		h.entries[at] = hashEntry{key: k, value: v, live: true}
	} else {
		h.entries = append(h.entries, hashEntry{key: k, value: v, live: true})
	}
	h.count++
	h.version++
	switch {
	case h.comparer == nil && k.IsString():
		if h.strings == nil {
			h.strings = map[string]int32{}
		}
		h.strings[k.Str()] = at
		return
	case h.comparer == nil && plainKey(k):
		if h.words == nil {
			h.words = map[uint64]int32{}
		}
		if _, taken := h.words[k.w]; !taken {
			h.words[k.w] = at
			return
		}
		hash = t.Hash(k)
	}
	if h.chains == nil {
		h.chains = map[int32][]int32{}
	}
	h.chains[hash] = append(h.chains[hash], at)
}

// Remove takes a key out and gives back its value. Walks go on.
func (h *Hashed) Remove(t *Thread, k Value) (Value, bool) {
	i, hash := h.find(t, k)
	if i < 0 {
		return Value{}, false
	}
	v := h.entries[i].value
	switch {
	case h.comparer == nil && k.IsString():
		delete(h.strings, k.Str())
	default:
		if j, ok := h.words[k.w]; ok && j == i && h.comparer == nil && plainKey(k) {
			delete(h.words, k.w)
			break
		}
		if h.comparer == nil && plainKey(k) {
			hash = t.Hash(k)
		}
		chain := h.chains[hash]
		for n, j := range chain {
			if j == i {
				h.chains[hash] = append(chain[:n:n], chain[n+1:]...)
				break
			}
		}
		if len(h.chains[hash]) == 0 {
			delete(h.chains, hash)
		}
	}
	h.entries[i] = hashEntry{next: h.free}
	h.free = i + 1
	h.count--
	return v, true
}

// Clear takes everything out. Walks simply end.
func (h *Hashed) Clear() {
	*h = Hashed{comparer: h.comparer, version: h.version}
}

// Pack closes the gaps that removed entries have left, as TrimExcess does.
func (h *Hashed) Pack(t *Thread) {
	old := *h
	*h = Hashed{comparer: h.comparer}
	old.Each(func(k, v Value) bool { h.Put(t, k, v); return true })
	h.version = old.version + 1
}

// Walk is an iterator over the entries that throws once a key has been added.
func (h *Hashed) Walk(of func(key, value Value) Value) Iterator {
	i, version := 0, h.version
	return IteratorFunc(func(t *Thread) (Value, bool) {
		if h.version != version {
			t.ThrowChanged()
		}
		for i < len(h.entries) {
			e := &h.entries[i]
			i++
			if e.live {
				return of(e.key, e.value), true
			}
		}
		return Value{}, false
	})
}

// Each calls f with the entries in order until it returns false.
func (h *Hashed) Each(f func(key, value Value) bool) {
	for i := range h.entries {
		if e := &h.entries[i]; e.live && !f(e.key, e.value) {
			return
		}
	}
}

// Dictionary is a Dictionary<K,V>.
type Dictionary struct {
	Hashed
	typ  *types.Type
	pair *types.Type
}

// NewDictionary is an empty Dictionary<K,V>; comparer may be nil.
func NewDictionary(key, value *types.Type, comparer EqualityComparer) *Dictionary {
	d := &Dictionary{typ: types.Dictionary.Of(key, value), pair: types.KeyValuePair.Of(key, value)}
	d.comparer = comparer
	return d
}

// Type is the dictionary's type.
func (d *Dictionary) Type() *types.Type { return d.typ }

// PairType is the type of the pairs that a walk gives.
func (d *Dictionary) PairType() *types.Type { return d.pair }

// Iterate walks over the pairs.
func (d *Dictionary) Iterate(*Thread) Iterator {
	return d.Walk(func(k, v Value) Value { return Pair(d.pair, k, v) })
}
