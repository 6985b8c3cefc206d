package value

import "github.com/spillway-gateway/spillway/expr/types"

// Annotations are the objects that were attached to a node of JSON or XML, in
// the order in which they came. A node has nil until the first one comes.
type Annotations struct{ list []Value }

// Copy is what a copy of the node has: the same objects.
func (a *Annotations) Copy(t *Thread) *Annotations {
	if a == nil {
		return nil
	}
	t.Alloc(annotationCost * len(a.list))
	return &Annotations{append([]Value(nil), a.list...)}
}

// annotationCost is what an annotation is charged with, in bytes.
const annotationCost = 40

func (a *Annotations) first(of *types.Type) Value {
	if a != nil {
		for _, v := range a.list {
			if Is(v, of) {
				return v
			}
		}
	}
	return Null
}

func (a *Annotations) remove(of *types.Type) {
	if a == nil {
		return
	}
	kept := a.list[:0:0]
	for _, v := range a.list {
		if !Is(v, of) {
			kept = append(kept, v)
		}
	}
	a.list = kept
}

// AnnotationRows are the members of a class whose objects carry annotations; in
// gives the place in the object that holds them.
func AnnotationRows(in func(this Value) **Annotations) []Row {
	typ := func(c *Call) *types.Type {
		c.NotNull(0, "type")
		return c.Args[0].Object().(*TypeObject).Of
	}
	all := func(c *Call, of, elem *types.Type) Value {
		place := in(c.This)
		return Lazy(types.IEnumerableT.Of(elem), func(*Thread) Iterator {
			i := 0
			return IteratorFunc(func(t *Thread) (Value, bool) {
				for *place != nil && i < len((*place).list) {
					t.Step(1)
					v := (*place).list[i]
					i++
					if Is(v, of) {
						return v, true
					}
				}
				return Null, false
			})
		})
	}
	return []Row{
		{Sig: "void AddAnnotation(object annotation)", Doc: "Attaches an object that is no part of the text.", Func: func(c *Call) Value {
			c.NotNull(0, "annotation")
			c.Alloc(annotationCost)
			place := in(c.This)
			if *place == nil {
				*place = new(Annotations)
			}
			(*place).list = append((*place).list, c.Args[0])
			return Null
		}},
		{Sig: "T Annotation<T>() where T : class", Doc: "The first attached object that is a T, or null.", Func: func(c *Call) Value { return (*in(c.This)).first(c.Types[0]) }},
		{Sig: "object Annotation(Type type)", Doc: "The first attached object of the type, or null.", Func: func(c *Call) Value { return (*in(c.This)).first(typ(c)) }},
		{Sig: "IEnumerable<T> Annotations<T>() where T : class", Doc: "The attached objects that are a T.", Func: func(c *Call) Value { return all(c, c.Types[0], c.Types[0]) }},
		{Sig: "IEnumerable<object> Annotations(Type type)", Doc: "The attached objects of the type.", Func: func(c *Call) Value { return all(c, typ(c), types.Object) }},
		{Sig: "void RemoveAnnotations<T>() where T : class", Doc: "Takes off the attached objects that are a T.", Func: func(c *Call) Value {
			(*in(c.This)).remove(c.Types[0])
			return Null
		}},
		{Sig: "void RemoveAnnotations(Type type)", Doc: "Takes off the attached objects of the type.", Func: func(c *Call) Value {
			(*in(c.This)).remove(typ(c))
			return Null
		}},
	}
}
