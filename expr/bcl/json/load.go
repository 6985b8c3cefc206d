package json

import (
	"github.com/spillway-gateway/spillway/expr/value"
)

// settings are JsonLoadSettings; nil is what Parse does without any.
type settings struct {
	comments   bool // Load
	duplicates int64
	noLines    bool
}

// setLine notes where a token was read.
func setLine(r source, s *settings, p *spot) {
	if s != nil && s.noLines {
		return
	}
	if line, column, ok := r.at(); ok {
		p.line, p.column = int32(line), int32(column)
	}
}

// Parse reads JSON text as JToken.Parse does: one value and nothing behind it.
func Parse(t *value.Thread, s string) Token { return parseToken(t, s, nil) }

func parseToken(t *value.Thread, s string, set *settings) Token {
	r := newReader(t, s)
	x := readToken(r, set)
	rest(r)
	return x
}

// rest reads to the end of the text, where nothing but comments may stand.
func rest(r source) {
	for r.next() {
	}
}

// toContent reads on to what is no comment.
func toContent(r source) bool {
	for m := r.mark(); m == noMark || m == comment; m = r.mark() {
		if !r.next() {
			return false
		}
	}
	return true
}

// ParseObject reads JSON text as JObject.Parse does.
func ParseObject(t *value.Thread, s string) *Object { return parseObject(t, s, nil) }

func parseObject(t *value.Thread, s string, set *settings) *Object {
	r := newReader(t, s)
	o := loadObject(r, set)
	rest(r)
	return o
}

// ParseArray reads JSON text as JArray.Parse does.
func ParseArray(t *value.Thread, s string) *Array { return parseArray(t, s, nil) }

func parseArray(t *value.Thread, s string, set *settings) *Array {
	r := newReader(t, s)
	a := loadArray(r, set)
	rest(r)
	return a
}

func begin(r source, name string) {
	if r.mark() == noMark && !r.next() {
		readerError(r, "Error reading "+name+" from JsonReader.")
	}
	toContent(r)
}

func loadObject(r source, set *settings) *Object {
	begin(r, "JObject")
	if r.mark() != startObject {
		readerError(r, "Error reading JObject from JsonReader. Current JsonReader item is not an object: "+r.mark().String())
	}
	o := NewObject(r.thread())
	setLine(r, set, &o.spot)
	fill(r, o, set)
	return o
}

func loadArray(r source, set *settings) *Array {
	begin(r, "JArray")
	if r.mark() != startArray {
		readerError(r, "Error reading JArray from JsonReader. Current JsonReader item is not an array: "+r.mark().String())
	}
	a := NewArray(r.thread())
	setLine(r, set, &a.spot)
	fill(r, a, set)
	return a
}

func loadConstructor(r source, set *settings) *Constructor {
	begin(r, "JConstructor")
	if r.mark() != startConstructor {
		readerError(r, "Error reading JConstructor from JsonReader. Current JsonReader item is not a constructor: "+r.mark().String())
	}
	r.thread().Alloc(listCost)
	c := &Constructor{Name: r.val()}
	setLine(r, set, &c.spot)
	fill(r, c, set)
	return c
}

func loadProperty(r source, set *settings) *Property {
	begin(r, "JProperty")
	if r.mark() != propertyName {
		readerError(r, "Error reading JProperty from JsonReader. Current JsonReader item is not a property: "+r.mark().String())
	}
	p := readingProperty(r, r.val().Str())
	setLine(r, set, &p.spot)
	fill(r, p, set)
	return p
}

// readToken is JToken.ReadFrom.
func readToken(r source, set *settings) Token {
	ok := true
	ignore := set != nil && !set.comments
	if r.mark() == noMark {
		ok = r.next()
	}
	if ok && ignore && r.mark() == comment {
		ok = toContent(r)
	}
	if !ok {
		readerError(r, "Error reading JToken from JsonReader.")
	}
	switch r.mark() {
	case startObject:
		return loadObject(r, set)
	case startArray:
		return loadArray(r, set)
	case startConstructor:
		return loadConstructor(r, set)
	case propertyName:
		return loadProperty(r, set)
	}
	if v := scalar(r); v != nil {
		setLine(r, set, &v.spot)
		return v
	}
	readerError(r, "Error reading JToken from JsonReader. Unexpected token: "+r.mark().String())
	return nil
}

// slab hands out nodes of one text from arrays that grow, so that a large text
// does not cost an allocation a node.
type slab struct {
	values         []Value
	properties     []Property
	nValue, nProps int
}

// more is the size of the next array: twice that of the last, up to some KiB.
func more(n *int) int {
	*n = min(max(2**n, 2), 64)
	return *n
}

func (s *slab) value() *Value {
	if len(s.values) == 0 {
		s.values = make([]Value, more(&s.nValue))
	}
	v := &s.values[0]
	s.values = s.values[1:]
	return v
}

func (s *slab) property() *Property {
	if len(s.properties) == 0 {
		s.properties = make([]Property, more(&s.nProps))
	}
	p := &s.properties[0]
	s.properties = s.properties[1:]
	return p
}

// readingProperty is a property of the text a source reads.
func readingProperty(r source, name string) *Property {
	r.thread().Alloc(propertyCost)
	p := &Property{}
	if x, ok := r.(*reader); ok {
		p = x.slab.property()
	}
	p.Name = name
	return p
}

func newScalar(r source, k Kind, v value.Value) *Value {
	x, ok := r.(*reader)
	if !ok {
		return NewValue(r.thread(), k, v)
	}
	x.t.Alloc(valueCost)
	n := x.slab.value()
	n.kind, n.v = k, v
	return n
}

// kindOfMark are the kinds of the values that are read.
var kindOfMark = [...]Kind{stringMark: StringKind, integer: IntegerKind, float: FloatKind, date: DateKind, boolean: BooleanKind, bytesMark: BytesKind, comment: CommentKind, null: NullKind, undefined: UndefinedKind}

// scalar is a JValue of what was read, nil if it is none.
func scalar(r source) *Value {
	m := r.mark()
	switch m {
	case rawMark:
		return newScalar(r, kindOf(r.thread(), r.val()), r.val())
	case null, undefined:
		return newScalar(r, kindOfMark[m], value.Null)
	}
	if k := kindOfMark[m]; k != None {
		return newScalar(r, k, r.val())
	}
	return nil
}

// fill reads the content of a container that has just been opened.
func fill(r source, c Container, set *settings) {
	name := c.Type().Def().Name
	start := r.depth()
	if !r.next() {
		readerError(r, "Error reading "+name+" from JsonReader.")
	}
	fillContent(r, c, set)
	if r.depth() > start {
		readerError(r, "Unexpected end of content while loading "+name+".")
	}
}

func fillContent(r source, top Container, set *settings) {
	t := r.thread()
	parent := top
	add := func(x Token) {
		x.place().parent = nil
		if o, ok := parent.(*Object); ok {
			// Only a value without a name can come here, which does not happen in text.
			insert(t, o, o.count(), x)
			return
		}
		if p, ok := parent.(*Property); ok {
			if x.Kind() == CommentKind {
				return
			}
			p.value = x
		} else {
			parent.put(parent.count(), x)
		}
		x.place().parent = parent
	}
	for {
		if p, ok := parent.(*Property); ok && p.value != nil {
			if parent == top {
				return
			}
			parent = parent.place().parent
		}
		switch r.mark() {
		case noMark:
		case startArray:
			a := NewArray(t)
			setLine(r, set, &a.spot)
			add(a)
			parent = a
		case startObject:
			o := NewObject(t)
			setLine(r, set, &o.spot)
			add(o)
			parent = o
		case startConstructor:
			t.Alloc(listCost)
			k := &Constructor{Name: r.val()}
			setLine(r, set, &k.spot)
			add(k)
			parent = k
		case endArray, endObject, endConstructor:
			if parent == top {
				return
			}
			parent = parent.place().parent
		case comment:
			if set != nil && set.comments {
				v := NewValue(t, CommentKind, r.val())
				setLine(r, set, &v.spot)
				add(v)
			}
		case propertyName:
			if p := readProperty(r, parent.(*Object), set); p != nil {
				parent = p
			} else {
				skip(r)
			}
		default:
			v := scalar(r)
			if v == nil {
				t.Throw(value.InvalidOperationException, "The JsonReader should not be on a token of type %s.", r.mark())
			}
			setLine(r, set, &v.spot)
			add(v)
		}
		if !r.next() {
			return
		}
	}
}

// readProperty makes the property whose name was read. A name that is there
// already gives its place to the new property.
func readProperty(r source, o *Object, set *settings) *Property {
	name := r.val().Str()
	old := o.Property(name)
	if old != nil && set != nil {
		switch set.duplicates {
		case 1:
			return nil
		case 2:
			readerError(r, "Property with the name '"+name+"' already exists in the current JSON object.")
		}
	}
	p := readingProperty(r, name)
	setLine(r, set, &p.spot)
	if old != nil {
		o.replace(indexIn(o, old), p)
	} else {
		o.put(len(o.items), p)
	}
	p.parent = o
	return p
}

// skip reads over the value of a property, or the rest of a container.
func skip(r source) {
	if r.mark() == propertyName {
		r.next()
	}
	if m := r.mark(); m == startObject || m == startArray || m == startConstructor {
		d := r.depth()
		for r.next() && d < r.depth() {
		}
	}
}
