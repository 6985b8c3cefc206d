package value

import (
	"fmt"

	"github.com/spillway-gateway/spillway/expr/types"
)

// Exception is a .NET exception object. As a Go error it is what an evaluation
// that ended with it returns.
type Exception struct {
	typ     *types.Type
	Message string
	Inner   *Exception
	// Param is ParamName of an ArgumentException and its kin.
	Param string
	// Help is HelpLink and Source is Source, each a string or null.
	Help, Source Value
	// Data is the dictionary of Data, nil until it is asked for.
	Data Object
	// State holds what a library's own exception type knows beyond that.
	State any
}

// Type is the exception's type.
func (e *Exception) Type() *types.Type { return e.typ }

// TypeName is the full .NET name of the exception's type.
func (e *Exception) TypeName() string { return e.typ.FullName() }

// Error is the type and the message, as .NET prints an unhandled exception.
func (e *Exception) Error() string { return e.TypeName() + ": " + e.Message }

// ToString is Exception.ToString() without a stack trace, which .NET's would
// have after the message.
func (e *Exception) ToString(*Thread) string {
	s := e.typ.ReflectionName()
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Inner != nil {
		s += "\n ---> " + e.Inner.ToString(nil) + "\n   --- End of inner exception stack trace ---"
	}
	return s
}

var exceptionDefs []*types.Def

func declare(text string) *types.Def {
	d := types.Declare("System", "public class "+text)
	exceptionDefs = append(exceptionDefs, d)
	return d
}

// The exceptions of System that more than one library throws.
var (
	SystemException                = declare("SystemException : Exception")
	ApplicationException           = declare("ApplicationException : Exception")
	ArgumentException              = declare("ArgumentException : SystemException")
	ArgumentNullException          = declare("ArgumentNullException : ArgumentException")
	ArgumentOutOfRangeException    = declare("ArgumentOutOfRangeException : ArgumentException")
	ArithmeticException            = declare("ArithmeticException : SystemException")
	DivideByZeroException          = declare("DivideByZeroException : ArithmeticException")
	OverflowException              = declare("OverflowException : ArithmeticException")
	NotFiniteNumberException       = declare("NotFiniteNumberException : ArithmeticException")
	ArrayTypeMismatchException     = declare("ArrayTypeMismatchException : SystemException")
	FormatException                = declare("FormatException : SystemException")
	IndexOutOfRangeException       = declare("IndexOutOfRangeException : SystemException")
	InvalidCastException           = declare("InvalidCastException : SystemException")
	InvalidOperationException      = declare("InvalidOperationException : SystemException")
	ObjectDisposedException        = declare("ObjectDisposedException : InvalidOperationException")
	NotImplementedException        = declare("NotImplementedException : SystemException")
	NotSupportedException          = declare("NotSupportedException : SystemException")
	NullReferenceException         = declare("NullReferenceException : SystemException")
	OutOfMemoryException           = declare("OutOfMemoryException : SystemException")
	RankException                  = declare("RankException : SystemException")
	TimeoutException               = declare("TimeoutException : SystemException")
	UnauthorizedAccessException    = declare("UnauthorizedAccessException : SystemException")
	TypeInitializationException    = declare("TypeInitializationException : SystemException")
	OperationCanceledException     = declare("OperationCanceledException : SystemException")
	InsufficientExecutionException = declare("InsufficientExecutionStackException : SystemException")
	KeyNotFoundException           = func() *types.Def {
		d := types.Declare("System.Collections.Generic", "public class KeyNotFoundException : SystemException")
		exceptionDefs = append(exceptionDefs, d)
		return d
	}()
)

// ExceptionDefs lists the exception types above.
func ExceptionDefs() []*types.Def { return append([]*types.Def(nil), exceptionDefs...) }

// NewException makes an exception object.
func NewException(d *types.Def, message string) *Exception {
	return &Exception{typ: d.Type(), Message: message}
}

// NewExceptionOf makes an exception object of a run-time type.
func NewExceptionOf(t *types.Type, message string) *Exception {
	return &Exception{typ: t, Message: message}
}

// Raise throws an exception object.
func (t *Thread) Raise(e *Exception) { panic(e) }

// Throw throws a new exception. With arguments the message is a format.
func (t *Thread) Throw(d *types.Def, message string, args ...any) {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	panic(NewException(d, message))
}

// ThrowArgument throws an ArgumentException, or one derived from it, about a
// parameter, whose name .NET adds to the message. The name may be empty.
func (t *Thread) ThrowArgument(d *types.Def, message, param string) {
	e := NewException(d, WithParam(message, param))
	e.Param = param
	panic(e)
}

// ThrowNull throws ArgumentNullException for a parameter.
func (t *Thread) ThrowNull(param string) {
	t.ThrowArgument(ArgumentNullException, "Value cannot be null.", param)
}

// ThrowRange throws ArgumentOutOfRangeException for a parameter.
func (t *Thread) ThrowRange(message, param string) {
	t.ThrowArgument(ArgumentOutOfRangeException, message, param)
}

// ThrowIndex throws what .NET's lists throw for an index that they do not have.
func (t *Thread) ThrowIndex() {
	t.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
}

// NullReference throws what using a null reference throws.
func (t *Thread) NullReference() {
	panic(NewException(NullReferenceException, "Object reference not set to an instance of an object."))
}

// WithParam is the message of an ArgumentException with a parameter's name.
func WithParam(message, param string) string {
	if param == "" {
		return message
	}
	return message + " (Parameter '" + param + "')"
}

// ExceptionRows are the constructors of an exception type whose message is
// standard when none is given.
func ExceptionRows(d *types.Def, standard string) []Row {
	name := d.Name
	return []Row{
		{Sig: name + "()", Doc: "An exception with the standard message.", Func: func(c *Call) Value {
			return Of(NewExceptionOf(c.Owner, standard))
		}},
		{Sig: name + "(string message)", Doc: "An exception with a message.", Func: func(c *Call) Value {
			return Of(NewExceptionOf(c.Owner, messageOr(c, 0, standard)))
		}},
		{Sig: name + "(string message, Exception innerException)", Doc: "An exception with a message and its cause.", Func: func(c *Call) Value {
			e := NewExceptionOf(c.Owner, messageOr(c, 0, standard))
			e.Inner, _ = c.Args[1].Object().(*Exception)
			return Of(e)
		}},
	}
}

func messageOr(c *Call, i int, standard string) string {
	if c.Args[i].IsNull() {
		return standard
	}
	return c.Str(i)
}
