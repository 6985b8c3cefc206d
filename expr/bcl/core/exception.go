package core

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// standard are the messages of exceptions that are made without one.
var standard = map[*types.Def]string{
	value.SystemException: "System error.", value.ApplicationException: "Error in the application.", value.ArithmeticException: "Overflow or underflow in the arithmetic operation.",
	value.DivideByZeroException: "Attempted to divide by zero.", value.OverflowException: "Arithmetic operation resulted in an overflow.", value.NotFiniteNumberException: "Number encountered was not a finite quantity.",
	value.ArrayTypeMismatchException: "Attempted to access an element as a type incompatible with the array.", value.FormatException: "One of the identified items was in an invalid format.",
	value.IndexOutOfRangeException: "Index was outside the bounds of the array.", value.InvalidCastException: "Specified cast is not valid.",
	value.InvalidOperationException: "Operation is not valid due to the current state of the object.", value.NotImplementedException: "The method or operation is not implemented.",
	value.NotSupportedException: "Specified method is not supported.", value.NullReferenceException: "Object reference not set to an instance of an object.",
	value.OutOfMemoryException: "Insufficient memory to continue the execution of the program.", value.RankException: "Attempted to operate on an array with the incorrect number of dimensions.",
	value.TimeoutException: "The operation has timed out.", value.UnauthorizedAccessException: "Attempted to perform an unauthorized operation.", value.OperationCanceledException: "The operation was canceled.",
	value.KeyNotFoundException: "The given key was not present in the dictionary.", value.InsufficientExecutionException: "Insufficient stack to continue executing the program safely. This can happen from having too many functions on the call stack or function on the stack using too much stack space.",
}

func exception(c *value.Call) *value.Exception { return c.This.Object().(*value.Exception) }

// text is a string or, for an empty one that stands for none, null.
func text(s string) value.Value {
	if s == "" {
		return value.Null
	}
	return value.String(s)
}

func exceptions() []value.Members {
	base := types.ExceptionDef
	list := []value.Members{{Def: base, Doc: "An error that a catch clause can handle.", Rows: append([]value.Row{
		{Sig: "string Message { get; }", Doc: "What went wrong.", Func: func(c *value.Call) value.Value { return value.String(exception(c).Message) }},
		{Sig: "Exception InnerException { get; }", Doc: "The cause, or null.", Func: func(c *value.Call) value.Value {
			if e := exception(c).Inner; e != nil {
				return value.Of(e)
			}
			return value.Null
		}},
		{Sig: "Exception GetBaseException()", Doc: "The innermost cause.", Func: func(c *value.Call) value.Value {
			e := exception(c)
			for e.Inner != nil {
				e = e.Inner
			}
			return value.Of(e)
		}},
		{Sig: "int HResult { get; }", Doc: "The number that COM knows the exception's type by.", Func: func(c *value.Call) value.Value {
			return value.Int(int(int32(result(exception(c).Type()))))
		}},
		{Sig: "string HelpLink { get; set; }", Doc: "Where to read about it; null unless it was set.", Func: func(c *value.Call) value.Value {
			return exception(c).Help
		}, Set: func(c *value.Call) { exception(c).Help = c.Args[0] }},
		{Sig: "string Source { get; set; }", Doc: "Null unless it was set: an expression has no assembly to name.", Func: func(c *value.Call) value.Value {
			return exception(c).Source
		}, Set: func(c *value.Call) { exception(c).Source = c.Args[0] }},
		{Sig: "IDictionary Data { get; }", Doc: "What was noted with the exception, empty at first.", Func: func(c *value.Call) value.Value {
			e := exception(c)
			if e.Data == nil {
				e.Data = value.NewDictionary(types.Object, types.Object, nil)
			}
			return value.Of(e.Data)
		}},
		{Sig: "string StackTrace { get; }", Doc: "Always null: an expression has no stack to show.", Func: func(*value.Call) value.Value { return value.Null }},
	}, value.ExceptionRows(base, "Exception of type 'System.Exception' was thrown.")...)}}
	for _, d := range value.ExceptionDefs() {
		m := value.Members{Def: d, Doc: "An exception of .NET.", Beyond: true}
		switch d {
		case value.ArgumentException:
			m.Rows = append(value.ExceptionRows(d, "Value does not fall within the expected range."),
				value.Row{Sig: "ArgumentException(string message, string paramName)", Doc: "About a parameter.", Func: func(c *value.Call) value.Value { return argument(c, c.Args[0], c.Str(1)) }},
				value.Row{Sig: "ArgumentException(string message, string paramName, Exception innerException)", Doc: "About a parameter, with its cause.", Func: func(c *value.Call) value.Value {
					return caused(argument(c, c.Args[0], c.Str(1)), c.Args[2])
				}},
				value.Row{Sig: "string ParamName { get; }", Doc: "The parameter that was wrong.", Func: func(c *value.Call) value.Value { return text(exception(c).Param) }})
		case value.ArgumentNullException:
			m.Rows = []value.Row{
				{Sig: "ArgumentNullException()", Doc: "A null that may not be.", Func: func(c *value.Call) value.Value { return argument(c, value.Null, "") }},
				{Sig: "ArgumentNullException(string paramName)", Doc: "A null that may not be.", Func: func(c *value.Call) value.Value { return argument(c, value.Null, c.Str(0)) }},
				{Sig: "ArgumentNullException(string paramName, string message)", Doc: "A null that may not be.", Func: func(c *value.Call) value.Value { return argument(c, c.Args[1], c.Str(0)) }},
				{Sig: "ArgumentNullException(string message, Exception innerException)", Doc: "A null that may not be, with the cause.", Func: func(c *value.Call) value.Value {
					return caused(argument(c, c.Args[0], ""), c.Args[1])
				}},
			}
		case value.ArgumentOutOfRangeException:
			m.Rows = []value.Row{
				{Sig: "ArgumentOutOfRangeException()", Doc: "A value out of range.", Func: func(c *value.Call) value.Value { return argument(c, value.Null, "") }},
				{Sig: "ArgumentOutOfRangeException(string paramName)", Doc: "A value out of range.", Func: func(c *value.Call) value.Value { return argument(c, value.Null, c.Str(0)) }},
				{Sig: "ArgumentOutOfRangeException(string paramName, string message)", Doc: "A value out of range.", Func: func(c *value.Call) value.Value { return argument(c, c.Args[1], c.Str(0)) }},
				{Sig: "ArgumentOutOfRangeException(string paramName, object actualValue, string message)", Doc: "A value out of range.", Func: func(c *value.Call) value.Value {
					v := argument(c, c.Args[2], c.Str(0))
					if !c.Args[1].IsNull() {
						e := v.Object().(*value.Exception)
						e.State = c.Args[1]
						e.Message += "\nActual value was " + c.ToString(c.Args[1]) + "."
					}
					return v
				}},
				{Sig: "ArgumentOutOfRangeException(string message, Exception innerException)", Doc: "A value out of range, with the cause.", Func: func(c *value.Call) value.Value {
					return caused(argument(c, c.Args[0], ""), c.Args[1])
				}},
				{Sig: "object ActualValue { get; }", Doc: "The value that was out of range, where the constructor was told.", Func: func(c *value.Call) value.Value {
					v, _ := exception(c).State.(value.Value)
					return v
				}},
			}
		case value.ObjectDisposedException:
			disposed := func(c *value.Call, message value.Value, name string) value.Value {
				s := message.Str()
				if message.IsNull() {
					s = "Cannot access a disposed object."
				}
				if name != "" {
					s += "\nObject name: '" + name + "'."
				}
				e := value.NewExceptionOf(c.Owner, s)
				e.State = name
				return value.Of(e)
			}
			m.Rows = []value.Row{
				{Sig: "ObjectDisposedException(string objectName)", Doc: "Use after Dispose.", Func: func(c *value.Call) value.Value { return disposed(c, value.Null, c.Str(0)) }},
				{Sig: "ObjectDisposedException(string objectName, string message)", Doc: "Use after Dispose.", Func: func(c *value.Call) value.Value { return disposed(c, c.Args[1], c.Str(0)) }},
				{Sig: "ObjectDisposedException(string message, Exception innerException)", Doc: "Use after Dispose, with the cause.", Func: func(c *value.Call) value.Value {
					return caused(disposed(c, c.Args[0], ""), c.Args[1])
				}},
				{Sig: "string ObjectName { get; }", Doc: "What was used.", Func: func(c *value.Call) value.Value {
					name, _ := exception(c).State.(string)
					return value.String(name)
				}},
			}
		case value.TypeInitializationException:
			m.Rows = []value.Row{
				{Sig: "TypeInitializationException(string fullTypeName, Exception innerException)", Doc: "A type that could not be set up.", Func: func(c *value.Call) value.Value {
					e := value.NewExceptionOf(c.Owner, "The type initializer for '"+c.Str(0)+"' threw an exception.")
					e.State = c.Str(0)
					return caused(value.Of(e), c.Args[1])
				}},
				{Sig: "string TypeName { get; }", Doc: "The type's full name.", Func: func(c *value.Call) value.Value {
					name, _ := exception(c).State.(string)
					return value.String(name)
				}},
			}
		default:
			message := standard[d]
			if message == "" {
				message = "Exception of type '" + d.FullName() + "' was thrown."
			}
			m.Rows = value.ExceptionRows(d, message)
		}
		list = append(list, m)
	}
	return list
}

// caused gives an exception its cause.
func caused(v, inner value.Value) value.Value {
	v.Object().(*value.Exception).Inner, _ = inner.Object().(*value.Exception)
	return v
}

// results are the HRESULTs of the exceptions of System; others have that of the
// nearest type they derive from.
var results = map[*types.Def]uint32{
	types.ExceptionDef: 0x80131500, value.SystemException: 0x80131501, value.ApplicationException: 0x80131600,
	value.ArgumentException: 0x80070057, value.ArgumentNullException: 0x80004003, value.ArgumentOutOfRangeException: 0x80131502,
	value.ArithmeticException: 0x80070216, value.DivideByZeroException: 0x80020012, value.OverflowException: 0x80131516, value.NotFiniteNumberException: 0x80131528,
	value.ArrayTypeMismatchException: 0x80131503, value.FormatException: 0x80131537, value.IndexOutOfRangeException: 0x80131508, value.InvalidCastException: 0x80004002,
	value.InvalidOperationException: 0x80131509, value.ObjectDisposedException: 0x80131622, value.NotImplementedException: 0x80004001, value.NotSupportedException: 0x80131515,
	value.NullReferenceException: 0x80004003, value.OutOfMemoryException: 0x8007000E, value.RankException: 0x80131517, value.TimeoutException: 0x80131505,
	value.UnauthorizedAccessException: 0x80070005, value.TypeInitializationException: 0x80131534, value.OperationCanceledException: 0x8013153B,
	value.InsufficientExecutionException: 0x80131578, value.KeyNotFoundException: 0x80131577,
}

func result(t *types.Type) uint32 {
	for ; t != nil; t = t.Base() {
		if n := results[t.Def()]; n != 0 {
			return n
		}
	}
	return 0
}

func argument(c *value.Call, message value.Value, param string) value.Value {
	s := message.Str()
	if message.IsNull() {
		switch c.Owner.Def() {
		case value.ArgumentNullException:
			s = "Value cannot be null."
		case value.ArgumentOutOfRangeException:
			s = "Specified argument was out of the range of valid values."
		default:
			s = "Value does not fall within the expected range."
		}
	}
	e := value.NewExceptionOf(c.Owner, value.WithParam(s, param))
	e.Param = param
	return value.Of(e)
}
