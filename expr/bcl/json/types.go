package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const (
	jsonSpace = "Newtonsoft.Json"
	linqSpace = "Newtonsoft.Json.Linq"
)

// The types of this package.
var (
	FormattingDef  = types.Declare(jsonSpace, "public enum Formatting { None = 0, Indented = 1 }")
	JsonConvertDef = types.Declare(jsonSpace, "public static class JsonConvert")
	lineInfoDef    = types.Declare(jsonSpace, "public interface IJsonLineInfo")

	JsonExceptionDef              = types.Declare(jsonSpace, "public class JsonException : Exception")
	JsonReaderExceptionDef        = types.Declare(jsonSpace, "public class JsonReaderException : JsonException")
	JsonSerializationExceptionDef = types.Declare(jsonSpace, "public class JsonSerializationException : JsonException")
	JsonWriterExceptionDef        = types.Declare(jsonSpace, "public class JsonWriterException : JsonException")

	JTokenTypeDef   = types.Declare(linqSpace, "public enum JTokenType { None = 0, Object = 1, Array = 2, Constructor = 3, Property = 4, Comment = 5, Integer = 6, Float = 7, String = 8, Boolean = 9, Null = 10, Undefined = 11, Date = 12, Raw = 13, Bytes = 14, Guid = 15, Uri = 16, TimeSpan = 17 }")
	IJEnumerableDef = types.Declare(linqSpace, "public interface IJEnumerable<out T> : IEnumerable<T> where T : JToken")
	JEnumerableDef  = types.Declare(linqSpace, "public readonly struct JEnumerable<T> : IJEnumerable<T>, IEquatable<JEnumerable<T>> where T : JToken")
	JTokenDef       = types.Declare(linqSpace, "public abstract class JToken : IJEnumerable<JToken>, IEnumerable<JToken>, IJsonLineInfo, ICloneable")
	JContainerDef   = types.Declare(linqSpace, "public abstract class JContainer : JToken, IList<JToken>, ICollection<JToken>, IList, ICollection")
	JObjectDef      = types.Declare(linqSpace, "public class JObject : JContainer, IDictionary<string, JToken>, ICollection<KeyValuePair<string, JToken>>, IEnumerable<KeyValuePair<string, JToken>>")
	JArrayDef       = types.Declare(linqSpace, "public class JArray : JContainer, IList<JToken>, ICollection<JToken>")
	JPropertyDef    = types.Declare(linqSpace, "public class JProperty : JContainer")
	JConstructorDef = types.Declare(linqSpace, "public class JConstructor : JContainer")
	JValueDef       = types.Declare(linqSpace, "public class JValue : JToken, IEquatable<JValue>, IFormattable, IComparable, IComparable<JValue>, IConvertible")
	JRawDef         = types.Declare(linqSpace, "public class JRaw : JValue")
	ExtensionsDef   = types.Declare(linqSpace, "public static class Extensions")

	JTokenComparerDef = types.Declare(linqSpace, "public class JTokenEqualityComparer : IEqualityComparer<JToken>")

	LineInfoHandlingDef  = types.Declare(linqSpace, "public enum LineInfoHandling { Ignore, Load }")
	CommentHandlingDef   = types.Declare(linqSpace, "public enum CommentHandling { Ignore, Load }")
	DuplicateHandlingDef = types.Declare(linqSpace, "public enum DuplicatePropertyNameHandling { Replace, Ignore, Error }")
	MergeArrayDef        = types.Declare(linqSpace, "public enum MergeArrayHandling { Concat, Union, Replace, Merge }")
	MergeNullDef         = types.Declare(linqSpace, "[Flags] public enum MergeNullValueHandling { Ignore = 0, Merge = 1 }")
	LoadSettingsDef      = types.Declare(linqSpace, "public class JsonLoadSettings")
	MergeSettingsDef     = types.Declare(linqSpace, "public class JsonMergeSettings")
	SelectSettingsDef    = types.Declare(linqSpace, "public class JsonSelectSettings")

	// TokenType is JToken.
	TokenType = JTokenDef.Type()

	objectType      = JObjectDef.Type()
	arrayType       = JArrayDef.Type()
	propertyType    = JPropertyDef.Type()
	constructorType = JConstructorDef.Type()
	valueType       = JValueDef.Type()
	rawType         = JRawDef.Type()
	byteArray       = types.ArrayOf(types.Byte, 1)
)

// Kind is a JTokenType.
type Kind uint8

// The kinds, with Json.NET's numbers.
const (
	None Kind = iota
	ObjectKind
	ArrayKind
	ConstructorKind
	PropertyKind
	CommentKind
	IntegerKind
	FloatKind
	StringKind
	BooleanKind
	NullKind
	UndefinedKind
	DateKind
	RawKind
	BytesKind
	GuidKind
	URIKind
	TimeSpanKind
)

var kindNames = [...]string{"None", "Object", "Array", "Constructor", "Property", "Comment", "Integer", "Float", "String", "Boolean", "Null", "Undefined", "Date", "Raw", "Bytes", "Guid", "Uri", "TimeSpan"}

// String is the name of the JTokenType.
func (k Kind) String() string { return kindNames[k] }

// Value is the JTokenType as a value of the language.
func (k Kind) Value() value.Value { return value.Enum(JTokenTypeDef.Type(), int64(k)) }

// where is what the exceptions of this package know beyond their message.
type where struct {
	path         string
	line, column int
}

// raise throws one of the exceptions of this package.
func raise(t *value.Thread, d *types.Def, message string, inner *value.Exception, at where) {
	e := value.NewException(d, message)
	e.Inner = inner
	e.State = at
	t.Raise(e)
}

// fail throws a plain JsonException.
func fail(t *value.Thread, message string) { raise(t, JsonExceptionDef, message, nil, where{}) }
