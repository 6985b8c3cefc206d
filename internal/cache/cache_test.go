package cache_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/cache"
	"github.com/spillway-gateway/spillway/internal/cache/cachetest"
	"github.com/spillway-gateway/spillway/internal/clock"
)

func open(capacity int, objects cache.Objects) (*cache.Memory, *clock.Manual) {
	c := clock.NewManual(time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC))
	return cache.NewMemory(c, capacity, objects), c
}

func TestMemory(t *testing.T) {
	cachetest.Run(t, func(*testing.T) (cachetest.Cache, func(time.Duration)) {
		m, c := open(0, nil)
		return m, c.Advance
	})
}

func TestBound(t *testing.T) {
	ctx := context.Background()
	m, _ := open(10_000, nil)
	text := value.String(strings.Repeat("x", 1000))
	for i := range 100 {
		m.Store(ctx, fmt.Sprint(i), text, time.Hour)
		m.Load(ctx, "0") // in use all the time
		if _, bytes := m.Size(); bytes > 10_000 {
			t.Fatalf("%d bytes after %d entries", bytes, i+1)
		}
	}
	if _, ok := m.Load(ctx, "0"); !ok {
		t.Error("an entry in use was dropped")
	}
	if _, ok := m.Load(ctx, "50"); ok {
		t.Error("an old entry is still there")
	}
	if _, ok := m.Load(ctx, "99"); !ok {
		t.Error("the newest entry is not there")
	}
	m.Store(ctx, "99", value.String(strings.Repeat("x", 20_000)), time.Hour)
	if _, ok := m.Load(ctx, "99"); ok {
		t.Error("an entry larger than the cache was kept, or the old one stayed")
	}
	for i := range 100 {
		m.Remove(ctx, fmt.Sprint(i))
	}
	if n, bytes := m.Size(); n != 0 || bytes != 0 {
		t.Errorf("%d entries, %d bytes left over", n, bytes)
	}
}

// opaque stands for an object of a library.
type opaque struct{ n int }

var opaqueType = types.Declare("Test", "public class Opaque")

func (*opaque) Type() *types.Type { return opaqueType.Type() }

// opaques knows them.
type opaques struct{}

func (opaques) Copy(o value.Object) (value.Object, bool) {
	x, ok := o.(*opaque)
	if !ok {
		return nil, false
	}
	return &opaque{x.n}, true
}

func (opaques) Size(value.Object) int { return 8 }

func TestObjects(t *testing.T) {
	ctx := context.Background()
	m, _ := open(0, nil)
	m.Store(ctx, "o", value.Int(1), time.Hour)
	if m.Store(ctx, "o", value.Of(&opaque{1}), time.Hour) {
		t.Error("an object that cannot be copied was stored")
	}
	if v, ok := m.Load(ctx, "o"); ok {
		t.Errorf("an object that cannot be copied is kept: %v", v)
	}
	m, _ = open(0, opaques{})
	in := &opaque{1}
	m.Store(ctx, "o", value.Of(value.NewList(types.Object, []value.Value{value.Of(in)})), time.Hour)
	in.n = 2
	v, ok := m.Load(ctx, "o")
	if !ok {
		t.Fatal("not kept")
	}
	if n := v.Object().(*value.List).At(0).Object().(*opaque).n; n != 1 {
		t.Errorf("got %d", n)
	}
}

func TestCopyCycle(t *testing.T) {
	l := value.NewList(types.Object, []value.Value{value.Null})
	l.Set(0, value.Of(l))
	if _, _, ok := (cache.Copier{}).Copy(value.Of(l)); ok {
		t.Error("a list that holds itself was copied")
	}
}

func BenchmarkLoad(b *testing.B) {
	ctx := context.Background()
	m, _ := open(0, nil)
	m.Store(ctx, "k", value.String("https://eastus.example/openai"), time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := m.Load(ctx, "k"); !ok {
			b.Fatal("a miss")
		}
	}
}
