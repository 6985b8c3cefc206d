package xml

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const linqSpace = "System.Xml.Linq"

// The types of this package.
var (
	NodeTypeDef     = types.Declare("System.Xml", "public enum XmlNodeType { None, Element, Attribute, Text, CDATA, EntityReference, Entity, ProcessingInstruction, Comment, Document, DocumentType, DocumentFragment, Notation, Whitespace, SignificantWhitespace, EndElement, EndEntity, XmlDeclaration }")
	XmlExceptionDef = types.Declare("System.Xml", "public class XmlException : SystemException")

	LoadOptionsDef = types.Declare(linqSpace, "[Flags] public enum LoadOptions { None = 0, PreserveWhitespace = 1, SetBaseUri = 2, SetLineInfo = 4 }")
	SaveOptionsDef = types.Declare(linqSpace, "[Flags] public enum SaveOptions { None = 0, DisableFormatting = 1, OmitDuplicateNamespaces = 2 }")
	XNameDef       = types.Declare(linqSpace, "public sealed class XName : IEquatable<XName>")
	XNamespaceDef  = types.Declare(linqSpace, "public sealed class XNamespace")
	XObjectDef     = types.Declare(linqSpace, "public abstract class XObject")
	XAttributeDef  = types.Declare(linqSpace, "public class XAttribute : XObject")
	XNodeDef       = types.Declare(linqSpace, "public abstract class XNode : XObject")
	XContainerDef  = types.Declare(linqSpace, "public abstract class XContainer : XNode")
	XElementDef    = types.Declare(linqSpace, "public class XElement : XContainer")
	XDocumentDef   = types.Declare(linqSpace, "public class XDocument : XContainer")
	XTextDef       = types.Declare(linqSpace, "public class XText : XNode")
	XCDataDef      = types.Declare(linqSpace, "public class XCData : XText")
	XCommentDef    = types.Declare(linqSpace, "public class XComment : XNode")
	XProcessingDef = types.Declare(linqSpace, "public class XProcessingInstruction : XNode")
	XDocTypeDef    = types.Declare(linqSpace, "public class XDocumentType : XNode")
	XDeclDef       = types.Declare(linqSpace, "public class XDeclaration")
	ExtensionsDef  = types.Declare(linqSpace, "public static class Extensions")
	EqualityDef    = types.Declare(linqSpace, "public sealed class XNodeEqualityComparer : IEqualityComparer, IEqualityComparer<XNode>")
	OrderDef       = types.Declare(linqSpace, "public sealed class XNodeDocumentOrderComparer : IComparer, IComparer<XNode>")

	elementType = XElementDef.Type()
	nodeType    = XNodeDef.Type()
	attrType    = XAttributeDef.Type()
)

// NodeType is an XmlNodeType.
type NodeType uint8

// The node types that nodes have, with .NET's numbers.
const (
	ElementNode     NodeType = 1
	AttributeNode   NodeType = 2
	TextNode        NodeType = 3
	CDataNode       NodeType = 4
	InstructionNode NodeType = 7
	CommentNode     NodeType = 8
	DocumentNode    NodeType = 9
	DocTypeNode     NodeType = 10
)

// String is the name of the node type.
func (n NodeType) String() string { return value.EnumString(NodeTypeDef.Type(), int64(n)) }

// Names of the namespaces that XML itself defines.
const (
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// Name is an XName: a local name in a namespace, "" for none. It is immutable.
type Name struct{ Local, Space string }

// Type is XName.
func (*Name) Type() *types.Type { return XNameDef.Type() }

// Equals compares both parts.
func (n *Name) Equals(_ *value.Thread, other value.Value) bool {
	m, ok := other.Object().(*Name)
	return ok && *m == *n
}

// Hash goes with Equals.
func (n *Name) Hash(*value.Thread) int32 {
	return value.HashString(n.Space) ^ value.HashString(n.Local)
}

// ToString is {namespace}local, or the local name alone.
func (n *Name) ToString(*value.Thread) string { return n.String() }

// String is the expanded name.
func (n *Name) String() string {
	if n.Space == "" {
		return n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// Shape is what serialisers see.
func (n *Name) Shape(*value.Thread) []value.Property {
	return []value.Property{{Name: "LocalName", Value: value.String(n.Local)}, {Name: "Namespace", Value: value.Of(&Namespace{n.Space})}, {Name: "NamespaceName", Value: value.String(n.Space)}}
}

// Namespace is an XNamespace. It is immutable.
type Namespace struct{ Name string }

// Type is XNamespace.
func (*Namespace) Type() *types.Type { return XNamespaceDef.Type() }

// Equals compares the names.
func (n *Namespace) Equals(_ *value.Thread, other value.Value) bool {
	m, ok := other.Object().(*Namespace)
	return ok && *m == *n
}

// Hash goes with Equals.
func (n *Namespace) Hash(*value.Thread) int32 { return value.HashString(n.Name) }

// ToString is the name.
func (n *Namespace) ToString(*value.Thread) string { return n.Name }

// position is what an XmlException knows of the place of a failure.
type position struct{ line, column int }

func xmlError(t *value.Thread, message string) {
	e := value.NewException(XmlExceptionDef, message)
	e.State = position{}
	t.Raise(e)
}
