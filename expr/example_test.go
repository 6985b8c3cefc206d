package expr_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/spillway-gateway/spillway/expr"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/source"
)

// Compile once, evaluate as often as needed.
func Example() {
	env, err := expr.NewEnv(expr.Options{Variables: []expr.Variable{{Name: "name", Type: types.String}}})
	if err != nil {
		panic(err)
	}
	p, problems := env.Compile(`@{
    foreach (var part in name.Split('-'))
    {
        if (int.TryParse(part, out var n) && n > 0) { return n * 2; }
    }
    return 0;
}`, nil)
	if problems.HasErrors() {
		panic(problems)
	}
	v, err := p.Eval(context.Background(), expr.Args{Variables: []value.Value{value.String("gpt-35-turbo")}}, expr.Limits{Steps: 1e6, Memory: 1 << 20})
	fmt.Println(v.Int(), v.Type().FullName(), err)
	// Output: 70 System.Int32 <nil>
}

// Problems have the numbers and places of the C# compiler; drawn, they show the
// line.
func ExampleEnv_Compile() {
	env, _ := expr.NewEnv(expr.Options{})
	text := `@("abc".Lengths)`
	_, problems := env.Compile(text, nil)
	for _, p := range problems {
		p.File = source.NewFile("policy.xml", text)
		fmt.Println(p.Code, p.Hint)
		fmt.Println(p.Error())
	}
	// Output:
	// CS1061 did you mean Length?
	// policy.xml:1:9: 'string' does not contain a definition for 'Lengths' and no accessible extension method 'Lengths' accepting a first argument of type 'string' could be found (are you missing a using directive or an assembly reference?)
}

// What leaves an expression is .NET's exception.
func ExampleProgram_Eval() {
	env, _ := expr.NewEnv(expr.Options{})
	p, _ := env.Compile(`@(int.Parse("abc"))`, nil)
	_, err := p.Eval(context.Background(), expr.Args{}, expr.Limits{})
	var e *value.Exception
	if errors.As(err, &e) {
		fmt.Println(e.TypeName())
		fmt.Println(e.Message)
	}
	// Output:
	// System.FormatException
	// The input string 'abc' was not in a correct format.
}

// A host adds its own types by the same rows as the library.
func ExampleOptions() {
	def := types.Declare("Example", "public sealed class Door")
	env, err := expr.NewEnv(expr.Options{
		Imports:   []string{"Example"},
		Variables: []expr.Variable{{Name: "door", Type: def.Type()}},
		Members: []value.Members{{Def: def, Doc: "A door.", Rows: []value.Row{
			{Sig: "int Number { get; }", Doc: "The number on it.", Func: func(c *value.Call) value.Value { return c.This.Object().(*value.Tuple).Items[0] }},
		}}},
	})
	if err != nil {
		panic(err)
	}
	p, _ := env.Compile(`@("door " + door.Number)`, nil)
	v, _ := p.Eval(context.Background(), expr.Args{Variables: []value.Value{value.Of(value.NewTuple(def.Type(), []value.Value{value.Int(7)}))}}, expr.Limits{})
	fmt.Println(v.Str())
	// Output: door 7
}
