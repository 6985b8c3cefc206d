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
		{Sig: "string StackTrace { get; }", Doc: "Always null: an expression has no stack to show.", Func: func(*value.Call) value.Value { return value.Null }},
	}, value.ExceptionRows(base, "Exception of type 'System.Exception' was thrown.")...)}}
	for _, d := range value.ExceptionDefs() {
		m := value.Members{Def: d, Doc: "An exception of .NET.", Beyond: true}
		switch d {
		case value.ArgumentException:
			m.Rows = append(value.ExceptionRows(d, "Value does not fall within the expected range."),
				value.Row{Sig: "ArgumentException(string message, string paramName)", Doc: "About a parameter.", Func: func(c *value.Call) value.Value { return argument(c, c.Args[0], c.Str(1)) }},
				value.Row{Sig: "string ParamName { get; }", Doc: "The parameter that was wrong.", Func: func(c *value.Call) value.Value { return text(exception(c).Param) }})
		case value.ArgumentNullException:
			m.Rows = []value.Row{
				{Sig: "ArgumentNullException()", Doc: "A null that may not be.", Func: func(c *value.Call) value.Value { return argument(c, value.Null, "") }},
				{Sig: "ArgumentNullException(string paramName)", Doc: "A null that may not be.", Func: func(c *value.Call) value.Value { return argument(c, value.Null, c.Str(0)) }},
				{Sig: "ArgumentNullException(string paramName, string message)", Doc: "A null that may not be.", Func: func(c *value.Call) value.Value { return argument(c, c.Args[1], c.Str(0)) }},
			}
		case value.ArgumentOutOfRangeException:
			m.Rows = []value.Row{
				{Sig: "ArgumentOutOfRangeException()", Doc: "A value out of range.", Func: func(c *value.Call) value.Value { return argument(c, value.Null, "") }},
				{Sig: "ArgumentOutOfRangeException(string paramName)", Doc: "A value out of range.", Func: func(c *value.Call) value.Value { return argument(c, value.Null, c.Str(0)) }},
				{Sig: "ArgumentOutOfRangeException(string paramName, string message)", Doc: "A value out of range.", Func: func(c *value.Call) value.Value { return argument(c, c.Args[1], c.Str(0)) }},
				{Sig: "ArgumentOutOfRangeException(string paramName, object actualValue, string message)", Doc: "A value out of range.", Func: func(c *value.Call) value.Value {
					v := argument(c, c.Args[2], c.Str(0))
					if !c.Args[1].IsNull() {
						v.Object().(*value.Exception).Message += "\nActual value was " + c.ToString(c.Args[1]) + "."
					}
					return v
				}},
			}
		case value.ObjectDisposedException:
			m.Rows = []value.Row{{Sig: "ObjectDisposedException(string objectName)", Doc: "Use after Dispose.", Func: func(c *value.Call) value.Value {
				return value.Of(value.NewException(d, "Cannot access a disposed object.\nObject name: '"+c.Str(0)+"'."))
			}}}
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
