// Package value holds what expressions compute with at run time (values,
// strings as .NET sees them, arrays, lists, dictionaries, delegates, tuples,
// exceptions), the thread of one evaluation with its budgets, and the rows by
// which .NET members are declared.
//
// # Values
//
// A Value is a 64-bit word and an interface. bool, the integers, char, float,
// double, enums, DateTime (ticks and kind) and TimeSpan live in the word, with
// their type in the interface, so that nothing is allocated to box them.
// Strings need no allocation either while they are ASCII. Everything else is an
// Object behind the interface: a pointer that knows its constructed type.
// decimal is a *number.Decimal; Guid, DateTimeOffset and other structs that do
// not fit a word are pointers to immutables as well. Null is the zero Value,
// and so is a T? without a value; a T? with one is just the T.
//
// # Rows
//
// A type with its members is one Members, a member one Row in it. Its signature
// is C# text, parsed once; its Go function receives a *Call:
//
//	var StringBuilder = types.Declare("System.Text", "public sealed class StringBuilder")
//
//	type builder struct{ units []byte }
//
//	func (*builder) Type() *types.Type { return StringBuilder.Type() }
//
//	var stringBuilder = value.Members{Def: StringBuilder, Doc: "A string that grows.", Rows: []value.Row{
//		// constructor
//		{Sig: "StringBuilder()", Doc: "An empty builder.", Func: func(c *value.Call) value.Value {
//			c.Alloc(64)
//			return value.Of(&builder{})
//		}},
//		// instance method: the receiver is c.This and is never null
//		{Sig: "StringBuilder Append(string value)", Doc: "Adds text.", Func: func(c *value.Call) value.Value {
//			b := c.This.Object().(*builder)
//			c.Alloc(len(c.Str(0)))
//			b.units = append(b.units, c.Str(0)...)
//			return c.This
//		}},
//		// property with getter and setter; the setter finds the new value in its last argument
//		{Sig: "int Length { get; set; }", Func: getLength, Set: setLength},
//		// indexer: arguments are the indexes, then, for Set, the new value
//		{Sig: "char this[int index] { get; set; }", Func: getChar, Set: setChar},
//		// params arrive as one array; a missing optional argument as its default
//		{Sig: "StringBuilder AppendFormat(string format, params object[] args)", Func: appendFormat},
//		{Sig: "string Slice(int start, int length = -1, StringComparison how = StringComparison.Ordinal)", Func: slice},
//	}}
//
// Static and generic methods, extension methods, out and ref parameters:
//
//	{Sig: "static bool TryParse(string s, out int result)", Func: func(c *value.Call) value.Value {
//		n, ok := parse(c.Str(0))
//		c.Args[1] = value.Int(n) // the caller copies ref and out arguments back
//		return value.Bool(ok)
//	}}
//	{Sig: "static IEnumerable<T> Where<T>(this IEnumerable<T> source, Func<T, bool> predicate)", Func: func(c *value.Call) value.Value {
//		source, f, of := c.Args[0], c.Args[1], c.Types[0] // c.Types: the method's type arguments
//		if source.IsNull() { c.ThrowNull("source") }
//		return value.Lazy(types.IEnumerableT.Of(of), func(t *value.Thread) value.Iterator { … t.Invoke1(f, x).Bool() … })
//	}}
//	// c.Owner is the constructed declaring type, here List<string>
//	{Sig: "List()", Func: func(c *value.Call) value.Value { return value.NewList(c.Owner.Args()[0], nil) }}
//
// c.Args belongs to the call: copy what must outlive it (as above), never keep
// the slice or the Call. Operators, conversions, constants and fields:
//
//	{Sig: "static TimeSpan operator +(TimeSpan a, TimeSpan b)", Func: …}
//	{Sig: "static implicit operator JToken(string value)", Func: …}
//	{Sig: "static explicit operator int?(JToken value)", Func: …}
//	{Sig: "const int MaxValue = 2147483647"}                       // a constant: the checker folds it
//	{Sig: "static readonly string Empty", Func: …}                 // a static field or property
//
// Enum members come from the enum's declaration; an enum needs a Members (so
// that it is allowed), but no rows. A class inherits the rows of its bases.
//
// Interfaces and abstract members: a row with a nil Func is dispatched at run
// time to the row of the same name and parameters in the object's own type, so
// that `IList<T>.Add` needs only its signature. An explicit implementation is
// written as in C#, and is found by that dispatch alone:
//
//	{Sig: "void ICollection<T>.Add(T item)", Func: …}
//
// A member that .NET has but does not let anyone use is a row with `protected`
// or `private` and no Func; the checker then says so (CS0122).
//
// A row is documented (on Azure's list of allowed members) unless Beyond is
// set on it or on its Members. Effects say what an evaluation touches: request
// or response body, random numbers, the clock.
//
// Fast is an optional second form for hot members. It must be one of the Go
// function types listed at Row.Fast, and may neither throw nor allocate
// unmetered memory; the receiver comes first. A call with a null string
// argument always takes Func.
//
// # What objects implement
//
// An object is anything with a Type method. What else it can do is a Go
// interface that it may implement: Equaler, Hasher, Comparer, Stringer,
// Formatter, Enumerable, Disposer, Shaped (see there). The row of object's own
// members (ToString, Equals, GetHashCode) ask these; a type needs rows of its
// own only for more overloads. Types whose values are words (DateTime) and
// strings have no Go methods: they give an Ops with their Members instead.
// Structs that are not words say what their default is with Ops.Zero.
//
// # Throwing, calling back, budgets
//
// c.Throw(value.FormatException, "…") leaves as a .NET exception; it does not
// return. c.ThrowNull("s") is ArgumentNullException, c.ThrowArgument and
// c.ThrowRange their kin. A library declares further exception types as any
// type, derived from another exception, and gives them ExceptionRows. Inside,
// an exception travels as a panic that only `try` and the end of the evaluation
// catch; Go code that must clean up may defer, and must not recover.
//
// t.Invoke0 to t.Invoke3 and t.InvokeN call delegates; t.Iterate walks any
// enumerable; t.ToString, t.Equal, t.Hash, t.Compare and t.Format are .NET's
// virtual methods. Charge t.Alloc(bytes) before allocating what an author can
// make large, and t.Step(n) for n turns of a loop that an author can make long;
// both end the evaluation when its budget is spent, which C# cannot catch.
package value
