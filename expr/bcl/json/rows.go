package json

import (
	"math/big"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Members is the table of this package.
func Members() []value.Members {
	all := []value.Members{
		{Def: FormattingDef, Doc: "How JSON is laid out."},
		{Def: JTokenTypeDef, Doc: "The kind of a token."},
		{Def: lineInfoDef, Doc: "Where something was read.", Beyond: true, Rows: []value.Row{
			{Sig: "bool HasLineInfo()", Doc: "Whether the position is known."},
			{Sig: "int LineNumber { get; }", Doc: "The line, from 1."},
			{Sig: "int LinePosition { get; }", Doc: "The position in the line."},
		}},
		{Def: IJEnumerableDef, Doc: "A sequence of tokens.", Beyond: true, Rows: []value.Row{
			{Sig: "IJEnumerable<JToken> this[object key] { get; }", Doc: "The children of each token under a key."},
		}},
		{Def: JEnumerableDef, Doc: "A sequence of tokens.", Beyond: true, Rows: enumerableRows, Ops: &value.Ops{Zero: func() value.Value { return enumerableOf(TokenType, nil) }}},
		{Def: JTokenDef, Doc: "A piece of JSON.", Rows: tokenRows()},
		{Def: JContainerDef, Doc: "A token with children.", Rows: containerRows},
		{Def: JObjectDef, Doc: "A JSON object.", Rows: objectRows},
		{Def: JArrayDef, Doc: "A JSON array.", Rows: arrayRows},
		{Def: JPropertyDef, Doc: "A name with a value.", Rows: propertyRows},
		{Def: JConstructorDef, Doc: "A constructor, as JavaScript writes dates.", Rows: constructorRows},
		{Def: JValueDef, Doc: "A text, number, bool, date or null.", Rows: valueRows()},
		{Def: JRawDef, Doc: "JSON that is written as it is.", Rows: rawRows},
		{Def: ExtensionsDef, Doc: "Methods on sequences of tokens.", Rows: extensionRows},
		{Def: JTokenComparerDef, Doc: "Compares tokens by content.", Beyond: true, Rows: comparerRows},
		{Def: JsonConvertDef, Doc: "Turns objects into JSON and back.", Rows: append(convertRows, toStringRows()...)},
		{Def: BigIntegerDef, Doc: "An integer of any size.", Beyond: true, Rows: bigIntegerRows, Ops: &value.Ops{Zero: zeroBig}},
		{Def: converterDef, Doc: "How Json.NET converts a type; expressions can make none.", Beyond: true},
		{Def: LineInfoHandlingDef, Doc: "Whether positions are kept.", Beyond: true},
		{Def: CommentHandlingDef, Doc: "Whether comments are kept.", Beyond: true},
		{Def: DuplicateHandlingDef, Doc: "What a name does that is there twice.", Beyond: true},
		{Def: MergeArrayDef, Doc: "How arrays are merged.", Beyond: true},
		{Def: MergeNullDef, Doc: "How nulls are merged.", Beyond: true},
		{Def: LoadSettingsDef, Doc: "How JSON is read.", Beyond: true, Rows: loadSettingsRows},
		{Def: MergeSettingsDef, Doc: "How tokens are merged.", Beyond: true, Rows: mergeSettingsRows},
		{Def: SelectSettingsDef, Doc: "How tokens are selected.", Beyond: true, Rows: selectSettingsRows},
	}
	return append(all, exceptionMembers()...)
}

// converterDef is what ToString and JsonConvert take a list of.
var converterDef = types.Declare(jsonSpace, "public abstract class JsonConverter")

func exceptionMembers() []value.Members {
	at := func(c *value.Call) where {
		w, _ := c.This.Object().(*value.Exception).State.(where)
		return w
	}
	place := []value.Row{
		{Sig: "int LineNumber { get; }", Doc: "The line of the failure, from 1.", Func: func(c *value.Call) value.Value { return value.Int(at(c).line) }},
		{Sig: "int LinePosition { get; }", Doc: "The position in that line.", Func: func(c *value.Call) value.Value { return value.Int(at(c).column) }},
		{Sig: "string Path { get; }", Doc: "The path of the token that failed.", Func: func(c *value.Call) value.Value {
			if _, ok := c.This.Object().(*value.Exception).State.(where); !ok {
				return value.Null
			}
			return value.String(at(c).path)
		}},
	}
	path := place[2:]
	rows := func(d *types.Def, more []value.Row) []value.Row {
		return append(value.ExceptionRows(d, "Exception of type '"+d.FullName()+"' was thrown."), more...)
	}
	return []value.Members{
		{Def: JsonExceptionDef, Doc: "A failure of JSON.", Beyond: true, Rows: rows(JsonExceptionDef, nil)},
		{Def: JsonReaderExceptionDef, Doc: "A failure to read JSON.", Beyond: true, Rows: rows(JsonReaderExceptionDef, place)},
		{Def: JsonSerializationExceptionDef, Doc: "A failure to make objects of JSON, or JSON of objects.", Beyond: true, Rows: rows(JsonSerializationExceptionDef, place)},
		{Def: JsonWriterExceptionDef, Doc: "A failure to write JSON.", Beyond: true, Rows: rows(JsonWriterExceptionDef, path)},
	}
}

// this is the receiver as a token of a Go type.
func this[T Token](c *value.Call) T { return c.This.Object().(T) }

func thisToken(c *value.Call) Token { return c.This.Object().(Token) }

func thisContainer(c *value.Call) Container { return c.This.Object().(Container) }

// token is an argument, nil for null.
func token(c *value.Call, i int) Token { return TokenOf(c.Args[i]) }

func count(c *value.Call) value.Value { return value.Int(thisContainer(c).count()) }

func zeroBig() value.Value { return value.Of(&BigInteger{new(big.Int)}) }

// options are settings objects: plain bags of values.
type options struct {
	typ    *types.Type
	values map[string]value.Value
}

// Type is the type of the settings.
func (o *options) Type() *types.Type { return o.typ }

func (o *options) get(name string) value.Value {
	if o == nil {
		return value.Null
	}
	return o.values[name]
}

// option is a property of settings with a default.
func option(typ *types.Type, name string, standard value.Value, doc string) value.Row {
	return value.Row{Sig: typ.String() + " " + name + " { get; set; }", Doc: doc, Func: func(c *value.Call) value.Value {
		if v, ok := c.This.Object().(*options).values[name]; ok {
			return v
		}
		return standard
	}, Set: func(c *value.Call) {
		o := c.This.Object().(*options)
		c.Alloc(64)
		o.values[name] = c.Args[len(c.Args)-1]
	}}
}

func newOptions(d *types.Def) value.Row {
	return value.Row{Sig: d.Name + "()", Doc: "The usual settings.", Func: func(c *value.Call) value.Value {
		c.Alloc(64)
		return value.Of(&options{typ: c.Owner, values: map[string]value.Value{}})
	}}
}

var loadSettingsRows = []value.Row{
	newOptions(LoadSettingsDef),
	option(CommentHandlingDef.Type(), "CommentHandling", value.Enum(CommentHandlingDef.Type(), 0), "Whether comments become tokens."),
	option(LineInfoHandlingDef.Type(), "LineInfoHandling", value.Enum(LineInfoHandlingDef.Type(), 1), "Whether positions are kept."),
	option(DuplicateHandlingDef.Type(), "DuplicatePropertyNameHandling", value.Enum(DuplicateHandlingDef.Type(), 0), "What a name does that is there twice."),
}

// loadSettings are the settings in an argument, nil for null.
func loadSettings(c *value.Call, i int) *settings {
	o, ok := c.Args[i].Object().(*options)
	if !ok {
		return nil
	}
	lines := o.get("LineInfoHandling")
	return &settings{comments: o.get("CommentHandling").Long() == 1, duplicates: o.get("DuplicatePropertyNameHandling").Long(), noLines: !lines.IsNull() && lines.Long() == 0}
}

var selectSettingsRows = []value.Row{
	newOptions(SelectSettingsDef),
	option(types.Bool, "ErrorWhenNoMatch", value.False, "Whether finding nothing throws."),
}

var comparerRows = []value.Row{
	{Sig: "JTokenEqualityComparer()", Doc: "A comparer of content.", Func: func(*value.Call) value.Value { return value.Of(deepComparer{}) }},
	{Sig: "bool Equals(JToken x, JToken y)", Doc: "Whether two tokens have the same content.", Func: func(c *value.Call) value.Value {
		return value.Bool(DeepEqual(c.Thread, token(c, 0), token(c, 1)))
	}},
	{Sig: "int GetHashCode(JToken obj)", Doc: "The hash of a token's content.", Func: func(c *value.Call) value.Value {
		return value.Int(int(deepComparer{}.HashValue(c.Thread, c.Args[0])))
	}},
}

// deepComparer is a JTokenEqualityComparer.
type deepComparer struct{}

// Type is JTokenEqualityComparer.
func (deepComparer) Type() *types.Type { return JTokenComparerDef.Type() }

// EqualValues is DeepEquals.
func (deepComparer) EqualValues(t *value.Thread, a, b value.Value) bool {
	return DeepEqual(t, TokenOf(a), TokenOf(b))
}

// HashValue goes with EqualValues.
func (deepComparer) HashValue(t *value.Thread, v value.Value) int32 {
	if x := TokenOf(v); x != nil {
		return deepHash(t, x)
	}
	return 0
}
