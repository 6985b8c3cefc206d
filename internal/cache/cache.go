// Package cache keeps values of policies for a time: what cache-store-value
// puts in and cache-lookup-value takes out. Memory is the cache of one process;
// package cachetest holds what every implementation must do.
//
// Nothing in a cache is shared with anybody: Store keeps a deep copy and Load
// gives another, so that a policy which changes a list that it has looked up
// changes its own.
package cache

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/expr/value"
	"github.com/spillway-gateway/spillway/internal/clock"
)

// DefaultBytes is how much a Memory holds when nothing else is said.
const DefaultBytes = 64 << 20

// overhead is what an entry costs beside its key and value, in bytes.
const overhead = 160

// Memory is a cache in this process, bounded in bytes: entries used longest
// ago make room for new ones. It is safe for concurrent use.
type Memory struct {
	clock    clock.Clock
	copier   Copier
	capacity int

	mu      sync.Mutex
	entries map[string]*list.Element
	order   list.List // of *entry, last used in front
	bytes   int
}

type entry struct {
	key     string
	value   value.Value
	size    int
	expires time.Time
}

// NewMemory is an empty cache of capacity bytes, DefaultBytes when that is not
// positive. objects copies what the language's core does not know, JSON trees
// above all; without it such values are not kept.
func NewMemory(c clock.Clock, capacity int, objects Objects) *Memory {
	if capacity <= 0 {
		capacity = DefaultBytes
	}
	m := &Memory{clock: c, copier: Copier{objects}, capacity: capacity, entries: map[string]*list.Element{}}
	m.order.Init()
	return m
}

// Load is a copy of the value of the key, if it is there and has not expired.
func (m *Memory) Load(_ context.Context, key string) (value.Value, bool) {
	now := m.clock.Now()
	m.mu.Lock()
	at := m.entries[key]
	if at == nil {
		m.mu.Unlock()
		return value.Null, false
	}
	e := at.Value.(*entry)
	if !now.Before(e.expires) {
		m.remove(at)
		m.mu.Unlock()
		return value.Null, false
	}
	m.order.MoveToFront(at)
	kept := e.value
	m.mu.Unlock()
	// What is kept never changes, so that copying needs no lock.
	k := copying{Copier: m.copier}
	v := k.copy(kept, 0)
	return v, !k.failed
}

// Store keeps a copy of v for ttl and reports whether it did. A value that cannot be kept, or is larger
// than the whole cache, takes away what the key had before: an old value would
// be wrong.
func (m *Memory) Store(_ context.Context, key string, v value.Value, ttl time.Duration) bool {
	kept, size, ok := m.copier.Copy(v)
	size += len(key) + overhead
	expires := m.clock.Now().Add(ttl)
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.entries[key]; at != nil {
		m.remove(at)
	}
	if !ok || ttl <= 0 || size > m.capacity {
		return false
	}
	m.entries[key] = m.order.PushFront(&entry{key, kept, size, expires})
	m.bytes += size
	for m.bytes > m.capacity {
		m.remove(m.order.Back())
	}
	return true
}

// Remove forgets the key.
func (m *Memory) Remove(_ context.Context, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.entries[key]; at != nil {
		m.remove(at)
	}
}

func (m *Memory) remove(at *list.Element) {
	e := m.order.Remove(at).(*entry)
	delete(m.entries, e.key)
	m.bytes -= e.size
}

// Size is the number of entries, expired ones included, and their bytes.
func (m *Memory) Size() (entries, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries), m.bytes
}
