package syntax

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// dump writes a tree without its places, so that two can be compared.
func dump(n any) string {
	var b strings.Builder
	dumpValue(&b, reflect.ValueOf(n), 0)
	return b.String()
}

func dumpValue(b *strings.Builder, v reflect.Value, level int) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		dumpValue(b, v.Elem(), level)
	case reflect.Slice:
		for i := range v.Len() {
			fmt.Fprintf(b, "\n%s- ", strings.Repeat(" ", level))
			dumpValue(b, v.Index(i), level+1)
		}
	case reflect.Struct:
		t := v.Type()
		b.WriteString(t.Name())
		for i := range v.NumField() {
			f := t.Field(i)
			if f.Type == reflect.TypeFor[Place]() || f.Type.Kind() == reflect.Int32 || t.Name() == "Root" && f.Name == "Text" {
				continue
			}
			fmt.Fprintf(b, "\n%s%s: ", strings.Repeat(" ", level), f.Name)
			dumpValue(b, v.Field(i), level+1)
		}
		if t.Name() == "ArgumentList" {
			fmt.Fprintf(b, "\n%spresent: %v", strings.Repeat(" ", level), v.Field(0).Field(1).Int() > 0)
		}
	default:
		fmt.Fprint(b, v.Interface())
	}
}

// roundTrip prints a text without errors, parses the result and compares.
func roundTrip(t *testing.T, text string) {
	t.Helper()
	root, errs := Parse(text)
	if len(errs) > 0 {
		return
	}
	printed := Print(root)
	again, errs := Parse(printed)
	if len(errs) > 0 {
		t.Fatalf("%q\nprints as %q\nwhich has errors: %v", text, printed, errs)
	}
	if a, b := dump(root), dump(again); a != b {
		t.Fatalf("%q\nprints as %q\nwhich is another tree:\n%s\n--- not\n%s", text, printed, b, a)
	}
	if twice := Print(again); twice != printed {
		t.Fatalf("%q\nprints as %q\nand then as %q", text, printed, twice)
	}
}

func TestPrintedTextParsesToTheSameTree(t *testing.T) {
	n := 0
	for i, r := range readOracle(t) {
		if len(r.Compile) == 0 && i%4 == 0 {
			n++
			roundTrip(t, r.Expr)
		}
	}
	if n < 2500 {
		t.Errorf("only %d texts", n)
	}
}
