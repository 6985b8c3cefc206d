package json

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// mergeHow are JsonMergeSettings.
type mergeHow struct {
	arrays     int64 // Concat, Union, Replace, Merge
	nulls      bool  // a null takes the place of a value
	comparison int
}

var mergeSettingsRows = []value.Row{
	newOptions(MergeSettingsDef),
	option(MergeArrayDef.Type(), "MergeArrayHandling", value.Enum(MergeArrayDef.Type(), 0), "How arrays are merged."),
	option(MergeNullDef.Type(), "MergeNullValueHandling", value.Enum(MergeNullDef.Type(), 0), "How nulls are merged."),
	{Sig: "StringComparison PropertyNameComparison { get; set; }", Doc: "How names are compared.", Func: func(c *value.Call) value.Value {
		if v, ok := c.This.Object().(*options).values["PropertyNameComparison"]; ok {
			return v
		}
		return value.Enum(c.Table.Lookup("System", "StringComparison", 0).Type(), 4)
	}, Set: func(c *value.Call) {
		c.This.Object().(*options).values["PropertyNameComparison"] = c.Args[0]
	}},
}

func mergeSettings(c *value.Call, i int) mergeHow {
	how := mergeHow{comparison: 4}
	if o, ok := c.Args[i].Object().(*options); ok {
		how.arrays = o.get("MergeArrayHandling").Long()
		how.nulls = o.get("MergeNullValueHandling").Long() != 0
		if v := o.get("PropertyNameComparison"); !v.IsNull() {
			how.comparison = v.Int()
		}
	}
	return how
}

func mergeInto(c *value.Call, how mergeHow) {
	if c.Args[0].IsNull() {
		return
	}
	x := thisContainer(c)
	// Content that is no token is merged if it is a sequence.
	v := c.Args[0]
	if TokenOf(v) == nil && !many(v) {
		return
	}
	merge(c.Thread, x, v, how)
}

func merge(t *value.Thread, into Container, v value.Value, how mergeHow) {
	t.Step(1)
	x := TokenOf(v)
	switch k := into.(type) {
	case *Object:
		if o, ok := x.(*Object); ok {
			mergeObject(t, k, o, how)
		}
	case *Array:
		if _, ok := x.(*Array); ok || x == nil && many(v) {
			mergeItems(t, k, v, how)
		}
	case *Constructor:
		if o, ok := x.(*Constructor); ok {
			if !o.Name.IsNull() {
				k.Name = o.Name
			}
			mergeItems(t, k, v, how)
		}
	case *Property:
		if p, ok := x.(*Property); ok && p.value != nil && p.value.Kind() != NullKind {
			k.setValue(t, p.value)
		}
	}
}

func mergeObject(t *value.Thread, into, from *Object, how mergeHow) {
	it := children(from)
	for {
		v, ok := it.Next(t)
		if !ok {
			return
		}
		p := v.Object().(*Property)
		old := findProperty(t, into, value.String(p.Name), how.comparison)
		switch {
		case old == nil:
			insert(t, into, into.count(), NewProperty(t, p.Name, p.value))
		case p.value != nil:
			c, ok := old.value.(Container)
			if !ok || c.Kind() != p.value.Kind() {
				if p.value.Kind() != NullKind || how.nulls {
					old.setValue(t, p.value)
				}
				continue
			}
			merge(t, c, Of(p.value), how)
		}
	}
}

// mergeItems merges a sequence into an array or a constructor.
func mergeItems(t *value.Thread, into Container, v value.Value, how mergeHow) {
	items := t.Slice(v)
	switch how.arrays {
	case 0:
		for _, x := range items {
			insert(t, into, into.count(), content(t, x))
		}
	case 1:
		seen := value.NewDictionary(types.Object, types.Object, deepComparer{})
		for i := range into.count() {
			seen.Put(t, Of(into.child(i)), value.Null)
		}
		for _, v := range items {
			x := content(t, v)
			if seen.Add(t, Of(x), value.Null) {
				insert(t, into, into.count(), x)
			}
		}
	case 2:
		if TokenOf(v) == Token(into) {
			return
		}
		clearItems(t, into)
		for _, x := range items {
			insert(t, into, into.count(), content(t, x))
		}
	case 3:
		for i, v := range items {
			if i >= into.count() {
				insert(t, into, into.count(), content(t, v))
				continue
			}
			if c, ok := into.child(i).(Container); ok {
				merge(t, c, v, how)
			} else if !v.IsNull() {
				if x := content(t, v); x.Kind() != NullKind {
					setItem(t, into, i, x)
				}
			}
		}
	default:
		t.ThrowRange("Unexpected merge array handling when merging JSON.", "settings")
	}
}
