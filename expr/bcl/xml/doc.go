// Package xml is LINQ to XML as policy expressions see it: the nodes of
// System.Xml.Linq, XML text read and written as .NET does, and the string
// readers and writers of System.IO that go with it.
//
// A node is a Node: *Element, *Document, *Text, *Comment, *Instruction,
// *DocType. Attributes are *Attribute. Nodes are mutable and belong to one
// goroutine; adding a node that has a parent adds a copy.
//
// The reader knows the five entities and character references. A document type
// declaration is read over when it is only a name with identifiers, which are
// never fetched; one with an internal subset, where entities could be declared,
// is refused. Elements nest at most MaxDepth deep. What fails says the same as
// .NET's XmlReader, with line and position. Line breaks written are LF.
package xml
