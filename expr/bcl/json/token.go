package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Token is a JToken.
type Token interface {
	value.Object
	// Kind is the JTokenType.
	Kind() Kind
	place() *spot
}

// spot is where a token stands: in a tree, and in the text it was read from.
type spot struct {
	parent Container
	notes  *value.Annotations
	// index is where the token last was among its parent's children: a hint, which
	// indexIn checks.
	index int32
	// line and column count from 1; a line of 0 says that there is no text.
	line, column int32
	// kind and isRaw are a JValue's own: here they take no space.
	kind  Kind
	isRaw bool
}

func (p *spot) place() *spot { return p }

// Container is a JContainer.
type Container interface {
	Token
	count() int
	child(i int) Token
	// put, cut and empty change the children without any check.
	put(i int, x Token)
	replace(i int, x Token)
	cut(i int)
	empty()
	// version changes with the children; a walk ends when it does.
	version() int32
	// check throws when a token may not be a child in the place of old, which is
	// nil for a new child.
	check(t *value.Thread, x, old Token)
}

// list are the children of an object, array or constructor.
type list struct {
	spot
	turn  int32
	items []Token
}

func (l *list) count() int        { return len(l.items) }
func (l *list) child(i int) Token { return l.items[i] }
func (l *list) version() int32    { return l.turn }

func (l *list) put(i int, x Token) {
	l.turn++
	x.place().index = int32(i)
	if l.items == nil {
		l.items = make([]Token, 0, 4)
	}
	if i == len(l.items) {
		l.items = append(l.items, x)
		return
	}
	l.items = append(l.items, nil)
	copy(l.items[i+1:], l.items[i:])
	l.items[i] = x
}

func (l *list) replace(i int, x Token) {
	l.turn++
	l.items[i].place().parent = nil
	l.items[i] = x
	x.place().index = int32(i)
}

func (l *list) cut(i int) {
	l.turn++
	l.items[i].place().parent = nil
	copy(l.items[i:], l.items[i+1:])
	l.items[len(l.items)-1] = nil
	l.items = l.items[:len(l.items)-1]
}

func (l *list) empty() {
	l.turn++
	for _, x := range l.items {
		x.place().parent = nil
	}
	l.items = nil
}

// Object is a JObject: properties in the order in which they were added.
type Object struct {
	list
	// names finds the properties of a large object; nil of a small one, whose
	// properties are looked through.
	names map[string]*Property
}

// Array is a JArray.
type Array struct{ list }

// Constructor is a JConstructor, `new Name(…)`.
type Constructor struct {
	list
	Name value.Value
}

// Property is a JProperty.
type Property struct {
	spot
	Name  string
	value Token // nil while it is being read
	turn  int32
}

// Value is a JValue, or a JRaw.
type Value struct {
	spot
	v value.Value
}

// Type is JObject.
func (*Object) Type() *types.Type { return objectType }

// Type is JArray.
func (*Array) Type() *types.Type { return arrayType }

// Type is JConstructor.
func (*Constructor) Type() *types.Type { return constructorType }

// Type is JProperty.
func (*Property) Type() *types.Type { return propertyType }

// Type is JValue or JRaw.
func (v *Value) Type() *types.Type {
	if v.isRaw {
		return rawType
	}
	return valueType
}

// Kind is Object.
func (*Object) Kind() Kind { return ObjectKind }

// Kind is Array.
func (*Array) Kind() Kind { return ArrayKind }

// Kind is Constructor.
func (*Constructor) Kind() Kind { return ConstructorKind }

// Kind is Property.
func (*Property) Kind() Kind { return PropertyKind }

// Kind is the kind of the value.
func (v *Value) Kind() Kind { return v.kind }

// Raw is the .NET value that a JValue holds; null for JSON's null.
func (v *Value) Raw() value.Value { return v.v }

// What nodes are charged with, in bytes, their slot in the parent included.
const (
	valueCost    = 96
	propertyCost = 88
	listCost     = 88
)

// NewObject is an empty JObject.
func NewObject(t *value.Thread) *Object {
	t.Alloc(listCost)
	return &Object{}
}

// NewArray is an empty JArray.
func NewArray(t *value.Thread) *Array {
	t.Alloc(listCost)
	return &Array{}
}

// NewValue is a JValue of a kind.
func NewValue(t *value.Thread, k Kind, v value.Value) *Value {
	t.Alloc(valueCost)
	return &Value{spot: spot{kind: k}, v: v}
}

// NewString is a JValue that holds text.
func NewString(t *value.Thread, s string) *Value { return NewValue(t, StringKind, value.String(s)) }

// NewNull is a JSON null.
func NewNull(t *value.Thread) *Value { return NewValue(t, NullKind, value.Null) }

// NewProperty is a property with a value, which is copied if it has a parent.
func NewProperty(t *value.Thread, name string, x Token) *Property {
	t.Alloc(propertyCost)
	p := &Property{Name: name}
	insert(t, p, 0, x)
	return p
}

// check lets an object hold properties only, each name once.
func (o *Object) check(t *value.Thread, x, old Token) {
	p, ok := x.(*Property)
	if !ok {
		cannotAdd(t, x, o)
	}
	if old != nil && old.(*Property).Name == p.Name {
		return
	}
	if o.Property(p.Name) != nil {
		t.Throw(value.ArgumentException, "%s", "Can not add property "+p.Name+" to "+objectType.FullName()+". Property with the same name already exists on object.")
	}
}

func cannotAdd(t *value.Thread, x Token, to Container) {
	t.Throw(value.ArgumentException, "%s", "Can not add "+x.Type().FullName()+" to "+to.Type().FullName()+".")
}

func noProperty(t *value.Thread, x Token, to Container) {
	if x.Kind() == PropertyKind {
		cannotAdd(t, x, to)
	}
}

func (a *Array) check(t *value.Thread, x, _ Token)       { noProperty(t, x, a) }
func (c *Constructor) check(t *value.Thread, x, _ Token) { noProperty(t, x, c) }
func (p *Property) check(t *value.Thread, x, _ Token)    { noProperty(t, x, p) }

func (p *Property) count() int {
	if p.value == nil {
		return 0
	}
	return 1
}

func (p *Property) child(int) Token { return p.value }
func (p *Property) version() int32  { return p.turn }

func (p *Property) put(_ int, x Token) { p.value = x }

func (p *Property) replace(_ int, x Token) {
	p.value.place().parent = nil
	p.value = x
}

func (p *Property) cut(int) {}
func (p *Property) empty()  {}

// Value is the property's value.
func (p *Property) Value() Token { return p.value }

// indexFrom is the number of properties from which an object has an index.
const indexFrom = 12

func (o *Object) put(i int, x Token) {
	o.list.put(i, x)
	p := x.(*Property)
	if o.names != nil {
		o.names[p.Name] = p
	} else if len(o.items) >= indexFrom {
		o.names = make(map[string]*Property, 2*len(o.items))
		for _, x := range o.items {
			p := x.(*Property)
			o.names[p.Name] = p
		}
	}
}

func (o *Object) replace(i int, x Token) {
	if o.names != nil {
		delete(o.names, o.items[i].(*Property).Name)
		p := x.(*Property)
		o.names[p.Name] = p
	}
	o.list.replace(i, x)
}

func (o *Object) cut(i int) {
	if o.names != nil {
		delete(o.names, o.items[i].(*Property).Name)
	}
	o.list.cut(i)
}

func (o *Object) empty() {
	o.names = nil
	o.list.empty()
}

// Property is the property with a name, nil if there is none.
func (o *Object) Property(name string) *Property {
	if o.names != nil {
		return o.names[name]
	}
	for _, x := range o.items {
		if p := x.(*Property); p.Name == name {
			return p
		}
	}
	return nil
}

// Get is the value of a property, nil if there is none.
func (o *Object) Get(name string) Token {
	if p := o.Property(name); p != nil {
		return p.value
	}
	return nil
}

// Set gives a property a value, as the indexer does: it is added when it is not
// there, and keeps its place when it is.
func (o *Object) Set(t *value.Thread, name string, x Token) {
	if p := o.Property(name); p != nil {
		p.setValue(t, x)
		return
	}
	insert(t, o, o.count(), NewProperty(t, name, x))
}

// Len is the number of properties.
func (o *Object) Len() int { return len(o.items) }

// Each calls f with the properties in order until it returns false.
func (o *Object) Each(f func(name string, x Token) bool) {
	for _, x := range o.items {
		if p := x.(*Property); !f(p.Name, p.value) {
			return
		}
	}
}

// Len is the number of items.
func (a *Array) Len() int { return len(a.items) }

// At is an item by its index, which must be in range.
func (a *Array) At(i int) Token { return a.items[i] }

// Add appends an item, a copy if it has a parent.
func (a *Array) Add(t *value.Thread, x Token) { insert(t, a, a.count(), x) }

func (p *Property) setValue(t *value.Thread, x Token) {
	if p.value == nil {
		insert(t, p, 0, x)
		return
	}
	setItem(t, p, 0, x)
}

// Of is a token as a value; a nil token is null.
func Of(x Token) value.Value {
	if x == nil {
		return value.Null
	}
	return value.Of(x)
}

// TokenOf is the token in a value, nil when there is none.
func TokenOf(v value.Value) Token {
	x, _ := v.Object().(Token)
	return x
}
