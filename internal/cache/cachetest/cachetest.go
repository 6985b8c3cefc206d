// Package cachetest is what every value cache must do, as one test that each
// implementation runs.
package cachetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Cache is a value cache.
type Cache interface {
	Load(ctx context.Context, key string) (value.Value, bool)
	Store(ctx context.Context, key string, v value.Value, ttl time.Duration) bool
	Remove(ctx context.Context, key string)
}

// Run tests an empty cache made by open, whose time advance moves on.
func Run(t *testing.T, open func(t *testing.T) (c Cache, advance func(time.Duration))) {
	ctx := context.Background()
	t.Run("miss", func(t *testing.T) {
		c, _ := open(t)
		if v, ok := c.Load(ctx, "absent"); ok || !v.IsNull() {
			t.Errorf("got %v, %v", v, ok)
		}
		c.Remove(ctx, "absent")
	})
	t.Run("types", func(t *testing.T) {
		c, _ := open(t)
		for i, v := range []value.Value{
			value.Int(5), value.Long(1 << 40), value.True, value.Double(1.5), value.Char('x'),
			value.String("text"), value.String("é\U0001F600"), value.Empty, value.Bytes([]byte{0, 255}),
		} {
			key := fmt.Sprint("key", i)
			if !c.Store(ctx, key, v, time.Minute) {
				t.Errorf("%s is not kept", show(v))
			}
			got, ok := c.Load(ctx, key)
			if !ok || got.Type() != v.Type() || show(got) != show(v) {
				t.Errorf("stored %s (%s), got %s, %v", show(v), v.Type(), show(got), ok)
			}
		}
	})
	t.Run("replace and remove", func(t *testing.T) {
		c, _ := open(t)
		c.Store(ctx, "k", value.Int(1), time.Minute)
		c.Store(ctx, "k", value.String("two"), time.Minute)
		if v, ok := c.Load(ctx, "k"); !ok || v.Str() != "two" {
			t.Errorf("after replacing: %s, %v", show(v), ok)
		}
		c.Remove(ctx, "k")
		if _, ok := c.Load(ctx, "k"); ok {
			t.Error("still there after removing")
		}
	})
	t.Run("expiry", func(t *testing.T) {
		c, advance := open(t)
		c.Store(ctx, "k", value.Int(1), 10*time.Second)
		advance(10*time.Second - time.Millisecond)
		if _, ok := c.Load(ctx, "k"); !ok {
			t.Error("gone before its time")
		}
		advance(time.Millisecond)
		if _, ok := c.Load(ctx, "k"); ok {
			t.Error("there after its time")
		}
		c.Store(ctx, "k", value.Int(1), 10*time.Second)
		advance(5 * time.Second)
		c.Store(ctx, "k", value.Int(2), 10*time.Second)
		advance(6 * time.Second)
		if v, ok := c.Load(ctx, "k"); !ok || v.Int() != 2 {
			t.Error("storing again does not start its time afresh")
		}
	})
	t.Run("keys", func(t *testing.T) {
		c, _ := open(t)
		keys := []string{"", "a", "A", "a:b", "é", strings.Repeat("k", 4096), "a\x00b"}
		for i, k := range keys {
			c.Store(ctx, k, value.Int(i), time.Minute)
		}
		for i, k := range keys {
			if v, ok := c.Load(ctx, k); !ok || v.Int() != i {
				t.Errorf("key %.20q: %s, %v", k, show(v), ok)
			}
		}
	})
	t.Run("copies", func(t *testing.T) {
		c, _ := open(t)
		l := value.NewList(types.Int32, []value.Value{value.Int(1)})
		c.Store(ctx, "list", value.Of(l), time.Minute)
		l.Set(0, value.Int(99))
		first, ok := c.Load(ctx, "list")
		if !ok {
			t.Fatal("a list is not kept")
		}
		got := first.Object().(*value.List)
		if got.At(0).Int() != 1 {
			t.Errorf("a change after storing is seen: %d", got.At(0).Int())
		}
		got.Set(0, value.Int(77))
		second, _ := c.Load(ctx, "list")
		if n := second.Object().(*value.List).At(0).Int(); n != 1 {
			t.Errorf("a change after loading is seen: %d", n)
		}
	})
	t.Run("concurrent use", func(t *testing.T) {
		c, _ := open(t)
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 200 {
					key := fmt.Sprint(i % 10)
					switch (i + w) % 3 {
					case 0:
						c.Store(ctx, key, value.Int(i%10), time.Minute)
					case 1:
						if v, ok := c.Load(ctx, key); ok && fmt.Sprint(v.Int()) != key {
							t.Errorf("key %s gave %d", key, v.Int())
						}
					default:
						c.Remove(ctx, key)
					}
				}
			})
		}
		wg.Wait()
	})
}

// show is enough of a value to compare it by.
func show(v value.Value) string {
	if a, ok := v.Object().(*value.Array); ok {
		return fmt.Sprint(a.Bytes())
	}
	return fmt.Sprint(v.Type(), v.Word(), v.Str())
}
