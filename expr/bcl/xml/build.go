package xml

import "github.com/spillway-gateway/spillway/expr/value"

// What a library above this one builds and reads nodes with. All of it throws
// what the members of LINQ to XML throw.

// NewElement is new XElement(name).
func NewElement(t *value.Thread, n Name) *Element {
	t.Alloc(elementCost)
	return &Element{Name: n}
}

// NewDocument is new XDocument().
func NewDocument(t *value.Thread) *Document {
	t.Alloc(elementCost)
	return &Document{}
}

// Append adds a node at the end of a container; a copy if it has a parent.
func Append(t *value.Thread, c Container, n Node) {
	t.Alloc(nodeCost)
	addNode(t, c, n)
}

// AddAttribute adds an attribute, whose name the element must not have.
func AddAttribute(t *value.Thread, e *Element, n Name, v value.Value) {
	if v.IsNull() {
		t.ThrowNull("value")
	}
	checkAttribute(t, n, v.Str())
	addAttribute(t, e, &Attribute{Name: n, value: v.Str()})
}

// Remove takes a node out of its parent.
func Remove(t *value.Thread, n Node) { remove(t, n) }

// GetName is XName.Get(expandedName).
func GetName(t *value.Thread, s string) Name {
	if s == "" {
		t.ThrowArgument(value.ArgumentException, "The value cannot be an empty string.", "expandedName")
	}
	return *parseName(t, s)
}

// GetNameIn is XName.Get(localName, namespaceName).
func GetNameIn(t *value.Thread, local string, space value.Value) Name {
	if space.IsNull() {
		t.ThrowNull("namespaceName")
	}
	checkLocal(t, local)
	return Name{local, space.Str()}
}

// ValueText is a value as LINQ to XML writes it.
func ValueText(t *value.Thread, v value.Value) string { return textOf(t, v) }

// ParentElement is the element around a node or attribute, nil at the top.
func ParentElement(n Node) *Element { return parentElement(n) }

// Parent is the element of the attribute, nil if it has none.
func (a *Attribute) Parent() *Element { return a.parent }

// PrefixOf is XElement.GetPrefixOfNamespace; ok is false when there is none.
func (e *Element) PrefixOf(space string) (prefix string, ok bool) { return e.prefixOf(space) }

// Declaration is the document's XML declaration, nil if it has none.
func (d *Document) Declaration() *Declaration { return d.decl }

// SetDeclaration gives the document an XML declaration.
func (d *Document) SetDeclaration(c *Declaration) { d.decl = c }

// NewDeclaration is an XML declaration of parts that may be null.
func NewDeclaration(version, encoding, standalone value.Value) *Declaration {
	return &Declaration{version, encoding, standalone}
}

// Parts are the version, the encoding and standalone, each perhaps null.
func (d *Declaration) Parts() (version, encoding, standalone value.Value) {
	return d.version, d.encoding, d.standalone
}

// NewDocType is new XDocumentType(…).
func NewDocType(t *value.Thread, name, public, system, internal value.Value) *DocType {
	if name.IsNull() {
		t.ThrowNull("name")
	}
	checkLocal(t, name.Str())
	return &DocType{Name: name.Str(), public: public, system: system, internal: internal}
}

// Parts are the identifiers and the internal subset, each perhaps null.
func (d *DocType) Parts() (public, system, internal value.Value) {
	return d.public, d.system, d.internal
}

// NewInstruction is new XProcessingInstruction(target, data).
func NewInstruction(t *value.Thread, target string, data value.Value) *Instruction {
	checkInstruction(t, target)
	if data.IsNull() {
		t.ThrowNull("data")
	}
	return &Instruction{Target: target, Data: data.Str()}
}

// Element is the first child element of a name, nil if there is none.
func (e *Element) Element(n Name) *Element { return firstElement(e, &n) }
