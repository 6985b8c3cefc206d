package types

import "strings"

// The definitions that the language itself, arrays and delegates need, and
// those whose run-time representations package value holds.
var (
	objectDef    = predefined("public class object", CodeObject)
	valueTypeDef = Declare("System", "public abstract class ValueType : object")
	enumDef      = Declare("System", "public abstract class Enum : ValueType, IComparable, IFormattable, IConvertible")
	stringDef    = predefined("public sealed class string : object, IComparable, IComparable<string>, IEquatable<string>, IEnumerable<char>, IEnumerable, IConvertible, ICloneable", CodeString)
	arrayDef     = Declare("System", "public abstract class Array : object, IList, ICollection, IEnumerable, ICloneable")
	delegateDef  = Declare("System", "public abstract class Delegate : object, ICloneable")
	multicastDef = Declare("System", "public abstract class MulticastDelegate : Delegate")
	voidDef      = predefined("public struct void", NoCode)

	Object       = objectDef.Type()
	ValueType    = valueTypeDef.Type()
	EnumBase     = enumDef.Type()
	String       = stringDef.Type()
	ArrayBase    = arrayDef.Type()
	DelegateBase = delegateDef.Type()
	VoidType     = voidDef.Type()

	Bool    = number("public struct bool", CodeBool)
	Char    = number("public struct char", CodeChar)
	SByte   = number("public struct sbyte", CodeSByte)
	Byte    = number("public struct byte", CodeByte)
	Int16   = number("public struct short", CodeInt16)
	UInt16  = number("public struct ushort", CodeUInt16)
	Int32   = number("public struct int", CodeInt32)
	UInt32  = number("public struct uint", CodeUInt32)
	Int64   = number("public struct long", CodeInt64)
	UInt64  = number("public struct ulong", CodeUInt64)
	Single  = number("public struct float", CodeSingle)
	Double  = number("public struct double", CodeDouble)
	Decimal = number("public struct decimal", CodeDecimal)

	// Null is the type of the literal null.
	Null = func() *Type { t := &Type{kind: NullType, name: "<null>"}; t.plain = t; return t }()

	Nullable = Declare("System", "public struct Nullable<T> where T : struct")
	TypeType = Declare("System", "public abstract class Type")

	IComparable    = Declare("System", "public interface IComparable").Type()
	IComparableT   = Declare("System", "public interface IComparable<in T>")
	IEquatableT    = Declare("System", "public interface IEquatable<T>")
	IFormattable   = Declare("System", "public interface IFormattable").Type()
	IFormatProvide = Declare("System", "public interface IFormatProvider").Type()
	IConvertible   = Declare("System", "public interface IConvertible").Type()
	ICloneable     = Declare("System", "public interface ICloneable").Type()
	IDisposable    = Declare("System", "public interface IDisposable").Type()

	IEnumerable    = Declare("System.Collections", "public interface IEnumerable").Type()
	IEnumerator    = Declare("System.Collections", "public interface IEnumerator").Type()
	ICollection    = Declare("System.Collections", "public interface ICollection : IEnumerable").Type()
	IList          = Declare("System.Collections", "public interface IList : ICollection, IEnumerable").Type()
	IDictionary    = Declare("System.Collections", "public interface IDictionary : ICollection, IEnumerable").Type()
	IComparer      = Declare("System.Collections", "public interface IComparer").Type()
	IEqualityComp  = Declare("System.Collections", "public interface IEqualityComparer").Type()
	IEnumerableT   = Declare("System.Collections.Generic", "public interface IEnumerable<out T> : IEnumerable")
	IEnumeratorT   = Declare("System.Collections.Generic", "public interface IEnumerator<out T> : IDisposable, IEnumerator")
	ICollectionT   = Declare("System.Collections.Generic", "public interface ICollection<T> : IEnumerable<T>, IEnumerable")
	IListT         = Declare("System.Collections.Generic", "public interface IList<T> : ICollection<T>, IEnumerable<T>, IEnumerable")
	ISetT          = Declare("System.Collections.Generic", "public interface ISet<T> : ICollection<T>, IEnumerable<T>, IEnumerable")
	IReadOnlyCollT = Declare("System.Collections.Generic", "public interface IReadOnlyCollection<out T> : IEnumerable<T>, IEnumerable")
	IReadOnlyListT = Declare("System.Collections.Generic", "public interface IReadOnlyList<out T> : IReadOnlyCollection<T>, IEnumerable<T>, IEnumerable")
	IDictionaryT   = Declare("System.Collections.Generic", "public interface IDictionary<TKey, TValue> : ICollection<KeyValuePair<TKey, TValue>>, IEnumerable<KeyValuePair<TKey, TValue>>, IEnumerable")
	IReadOnlyDictT = Declare("System.Collections.Generic", "public interface IReadOnlyDictionary<TKey, TValue> : IReadOnlyCollection<KeyValuePair<TKey, TValue>>, IEnumerable<KeyValuePair<TKey, TValue>>, IEnumerable")
	// CollectionExtensions are rows of several packages.
	CollectionExtensions = Declare("System.Collections.Generic", "public static class CollectionExtensions")
	IComparerT           = Declare("System.Collections.Generic", "public interface IComparer<in T>")
	IEqualityCompT       = Declare("System.Collections.Generic", "public interface IEqualityComparer<in T>")
	KeyValuePair         = Declare("System.Collections.Generic", "public struct KeyValuePair<TKey, TValue>")
	List                 = Declare("System.Collections.Generic", "public class List<T> : IList<T>, IList, IReadOnlyList<T>")
	Dictionary           = Declare("System.Collections.Generic", "public class Dictionary<TKey, TValue> : IDictionary<TKey, TValue>, IDictionary, IReadOnlyDictionary<TKey, TValue>")
	HashSet              = Declare("System.Collections.Generic", "public class HashSet<T> : ISet<T>, IReadOnlyCollection<T>")
	ExceptionDef         = Declare("System", "public class Exception")
	Predicate            = Declare("System", "public delegate bool Predicate<in T>(T obj)")
	Comparison           = Declare("System", "public delegate int Comparison<in T>(T x, T y)")
	Converter            = Declare("System", "public delegate TOutput Converter<in TInput, out TOutput>(TInput input)")

	// Funcs[n] and Actions[n] are the delegates with n arguments, ValueTuples[n]
	// and Tuples[n] the tuples with n elements (index 0 is unused there).
	Funcs       = delegates("out TResult", "TResult Func")
	Actions     = delegates("", "void Action")
	valueTuples = tuples("public struct ValueTuple", MaxTuple)
	Tuples      = tuples("public class Tuple", 7)
)

// Core lists the definitions of this package.
func Core() []*Def { return append([]*Def(nil), core...) }

var core = func() []*Def {
	defs := []*Def{
		objectDef, valueTypeDef, enumDef, stringDef, arrayDef, delegateDef, multicastDef, voidDef,
		Bool.def, Char.def, SByte.def, Byte.def, Int16.def, UInt16.def, Int32.def, UInt32.def, Int64.def, UInt64.def, Single.def, Double.def, Decimal.def,
		Nullable, TypeType, IComparable.def, IComparableT, IEquatableT, IFormattable.def, IFormatProvide.def, IConvertible.def, ICloneable.def, IDisposable.def,
		IEnumerable.def, IEnumerator.def, ICollection.def, IList.def, IDictionary.def, IComparer.def, IEqualityComp.def, IEnumerableT, IEnumeratorT, ICollectionT, IListT, ISetT, IReadOnlyCollT, IReadOnlyListT,
		IDictionaryT, IReadOnlyDictT, CollectionExtensions, IComparerT, IEqualityCompT, KeyValuePair, List, Dictionary, HashSet, ExceptionDef, Predicate, Comparison, Converter,
	}
	defs = append(defs, Funcs...)
	defs = append(defs, Actions...)
	defs = append(defs, valueTuples[1:]...)
	defs = append(defs, Tuples[1:]...)
	NewUniverse(defs...)
	return defs
}()

// keywords are the language's own names of types.
var keywords = map[string]*Def{
	"object": objectDef, "string": stringDef, "void": voidDef, "bool": Bool.def, "char": Char.def, "sbyte": SByte.def, "byte": Byte.def, "short": Int16.def,
	"ushort": UInt16.def, "int": Int32.def, "uint": UInt32.def, "long": Int64.def, "ulong": UInt64.def, "float": Single.def, "double": Double.def, "decimal": Decimal.def,
}

// Keyword is the type that a keyword such as int names, or nil.
func Keyword(word string) *Type {
	if d := keywords[word]; d != nil {
		return d.Type()
	}
	return nil
}

// clrNames gives the definitions that the language has keywords for their
// names in .NET.
var clrNames = map[string]string{
	"object": "Object", "string": "String", "void": "Void", "bool": "Boolean", "char": "Char", "sbyte": "SByte", "byte": "Byte", "short": "Int16",
	"ushort": "UInt16", "int": "Int32", "uint": "UInt32", "long": "Int64", "ulong": "UInt64", "float": "Single", "double": "Double", "decimal": "Decimal",
}

func predefined(text string, code Code) *Def {
	d := Declare("System", text)
	d.Code = code
	d.Name = clrNames[d.Name]
	if d.Name == "Void" {
		d.Kind = Void
	}
	return d
}

func number(text string, code Code) *Type {
	self := strings.TrimPrefix(text, "public struct ")
	faces := ", IFormattable, IConvertible"
	if code == CodeBool || code == CodeChar {
		faces = ", IConvertible"
	}
	return predefined(text+" : IComparable, IComparable<"+self+">, IEquatable<"+self+">"+faces, code).Type()
}

var letters = []string{"T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "T13", "T14", "T15", "T16", "T17", "T18", "T19", "T20", "T21"}

// delegates are Func or Action with 0 to 16 arguments, with .NET's names of
// parameters (`Func<T, TResult>` and `Action<T>` have a plain T).
func delegates(result, head string) []*Def {
	defs := make([]*Def, 17)
	for n := range defs {
		var params, args []string
		for i := range n {
			name, arg := letters[i], "arg"+letters[i][1:]
			if n == 1 {
				name, arg = "T", "arg"
				if result == "" {
					arg = "obj"
				}
			}
			params = append(params, "in "+name)
			args = append(args, name+" "+arg)
		}
		if result != "" {
			params = append(params, result)
		}
		list := ""
		if len(params) > 0 {
			list = "<" + strings.Join(params, ", ") + ">"
		}
		defs[n] = Declare("System", "public delegate "+head+list+"("+strings.Join(args, ", ")+")")
	}
	return defs
}

// tuples are the tuple definitions with 1 to n elements. .NET nests the eighth
// and further elements in a TRest; that is visible only in the name of the
// run-time type, and not worth the indirection.
func tuples(head string, n int) []*Def {
	defs := make([]*Def, n+1)
	for i := 1; i <= n; i++ {
		self := strings.Join(letters[:i], ", ")
		short := head[strings.LastIndex(head, " ")+1:] + "<" + self + ">"
		faces := " : IComparable"
		if head == "public struct ValueTuple" {
			faces = " : IEquatable<" + short + ">, IComparable<" + short + ">, IComparable"
		}
		defs[i] = Declare("System", head+"<"+self+">"+faces)
		if strings.HasPrefix(head, "public struct") {
			defs[i].TupleArity = i
		}
	}
	return defs
}
