package json

import (
	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/types"
)

// contract is how Json.NET treats a type.
type contract uint8

const (
	untyped contract = iota // object, or no type at all
	primitiveContract
	tokenContract
	listContract
	mapContract
	pairContract
	xmlContract
	objectContract
)

func contractOf(x *types.Type) contract {
	if x == nil || x == types.Object {
		return untyped
	}
	x = x.Underlying()
	switch {
	case x.Inherits(TokenType):
		return tokenContract
	case x.Inherits(xmlType):
		return xmlContract
	case x.Kind() == types.Enum, x == byteArray, isURI(x), x.Def() == BigIntegerDef, x == time.DateTimeType, x == time.DateTimeOffsetType, x == time.TimeSpanType, x == net.GuidType,
		x.Code() >= types.CodeString:
		return primitiveContract
	case x.Def() == types.KeyValuePair:
		return pairContract
	case x.Kind() == types.Array:
		return listContract
	case isDictionary(x), x == types.IDictionary:
		return mapContract
	case len(x.Implements(types.IEnumerableT)) > 0, x == types.IEnumerable, x == types.ICollection, x == types.IList:
		return listContract
	}
	return objectContract
}

func nullable(x *types.Type) bool { return x == nil || !x.IsValue() || x.IsNullable() }

// readAs is how a source is asked for a value of a primitive type.
type readAs uint8

const (
	readAny readAs = iota
	readInt
	readLong
	readDecimal
	readDouble
	readBool
	readString
	readDate
	readOffset
	readBytes
)

func readOf(x *types.Type) readAs {
	if x == nil {
		return readAny
	}
	x = x.Underlying()
	switch x.Code() {
	case types.CodeByte, types.CodeInt16, types.CodeInt32:
		if x.Kind() == types.Enum {
			return readAny
		}
		return readInt
	case types.CodeInt64:
		return readLong
	case types.CodeDecimal:
		return readDecimal
	case types.CodeSingle, types.CodeDouble:
		return readDouble
	case types.CodeBool:
		return readBool
	case types.CodeString:
		return readString
	}
	switch x {
	case time.DateTimeType:
		return readDate
	case time.DateTimeOffsetType:
		return readOffset
	case byteArray:
		return readBytes
	}
	return readAny
}

// typedSource is a source that reads values as they are wanted.
type typedSource interface {
	source
	// as reads on to a value of a primitive type; false is the end.
	as(want readAs) bool
}

// readFor reads on for a value of a type.
func readFor(r typedSource, x *types.Type) bool {
	if x != nil && (x.Inherits(xmlType) || x.Def() == types.KeyValuePair) {
		// These have converters, which see comments.
		return r.next()
	}
	switch want := readOf(x); want {
	case readAny:
		return r.next() && toContent(r)
	case readLong:
		ok := r.next() && toContent(r)
		if r.mark() == undefined {
			serializationReader(r, "An undefined token is not a valid "+x.ReflectionName()+".")
		}
		return ok
	default:
		return r.as(want)
	}
}

func serializationReader(r source, message string) { readerError(r, message) }

var expected = map[contract]string{
	primitiveContract: "JSON primitive value (e.g. string, number, boolean, null)", listContract: "JSON array (e.g. [1,2,3])",
	mapContract: `JSON object (e.g. {"name":"value"})`, objectContract: `JSON object (e.g. {"name":"value"})`,
}

func isTuple(x *types.Type) bool {
	for _, d := range types.Tuples {
		if d != nil && x.Def() == d {
			return true
		}
	}
	return false
}
