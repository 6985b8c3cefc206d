package builtin

import (
	"math"
	"time"

	"github.com/spillway-gateway/spillway/policy"
)

func cacheLookupValue(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "cache-lookup-value",
			Doc:  "Sets a variable to a value of the cache, if it is there.",
			Attributes: []policy.Attribute{
				{Name: "key", Required: true, Expression: true, Doc: "The key, one for the whole service."},
				{Name: "variable-name", Required: true, Doc: "The variable that gets the value."},
				{Name: "default-value", Type: policy.Object, Expression: true, Doc: "What the variable gets when the key is not there."},
				cachingType,
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			return &lookupStep{
				cache: s.cache(e.Literal("caching-type")), key: e.Value("key"),
				variable: e.Literal("variable-name"), fallback: e.Value("default-value"),
			}
		},
	}
}

// cache is the cache that a caching-type means; nil, which holds nothing and
// keeps nothing, for an external one where none is configured.
func (s Services) cache(cachingType string) Cache {
	switch {
	case cachingType == "internal":
		return s.Cache
	case cachingType == "external" || s.ExternalCache != nil:
		return s.ExternalCache
	}
	return s.Cache
}

type lookupStep struct {
	cache    Cache
	key      *policy.Value
	variable string
	fallback *policy.Value
}

// Run leaves the variable alone on a miss without a default: real documents
// test ContainsKey right after the look-up, though the reference says both.
func (s *lookupStep) Run(r *policy.Run) error {
	key, err := s.key.String(r)
	if err != nil {
		return err
	}
	if s.cache != nil {
		if v, ok := s.cache.Load(r.Context(), key); ok {
			setVariableTo(r, s.variable, v)
			if r.Tracing() {
				r.Trace(cacheEntry{"Cache lookup resulted in a hit.", key, s.variable, r.Shown(v)})
			}
			return nil
		}
	}
	if r.Tracing() {
		r.Trace(cacheEntry{Message: "Cache lookup resulted in a miss.", Key: key})
	}
	if s.fallback == nil {
		return nil
	}
	v, err := s.fallback.Object(r)
	if err != nil {
		return err
	}
	setVariableTo(r, s.variable, v)
	if r.Tracing() {
		r.Trace(variableSet{"Context variable was set to the default value.", s.variable, r.Shown(v)})
	}
	return nil
}

// cacheEntry is the trace entry of the policies here.
type cacheEntry struct {
	Message  string  `json:"message"`
	Key      string  `json:"cacheKey"`
	Variable string  `json:"variable,omitempty"`
	Value    *string `json:"value,omitempty"`
}

func cacheStoreValue(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "cache-store-value",
			Doc:  "Puts a value into the cache for a time.",
			Attributes: []policy.Attribute{
				{Name: "key", Required: true, Expression: true, Doc: "The key, one for the whole service."},
				{Name: "value", Type: policy.Object, Required: true, Expression: true, Doc: "The value, kept with its type."},
				{
					Name: "duration", Type: policy.Int, Required: true, Expression: true, Bounded: true, Max: math.MaxInt32,
					Doc: "Seconds until it expires.",
				},
				cachingType,
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			return &storeStep{
				cache: s.cache(e.Literal("caching-type")), key: e.Value("key"),
				value: e.Value("value"), duration: e.Value("duration"),
			}
		},
	}
}

type storeStep struct {
	cache                Cache
	key, value, duration *policy.Value
}

func (s *storeStep) Run(r *policy.Run) error {
	key, err := s.key.String(r)
	if err != nil {
		return err
	}
	v, err := s.value.Object(r)
	if err != nil {
		return err
	}
	seconds, err := s.duration.Int(r)
	if err != nil {
		return err
	}
	if s.cache == nil {
		return nil
	}
	if v.IsNull() || seconds == 0 {
		// What the service does with null is not known; ours forgets the key.
		s.cache.Remove(r.Context(), key)
		if r.Tracing() {
			r.Trace(cacheEntry{Message: "Nothing was stored: the value is null or its duration is 0.", Key: key})
		}
		return nil
	}
	kept := s.cache.Store(r.Context(), key, v, time.Duration(seconds)*time.Second)
	if r.Tracing() {
		message := "Value was stored in the cache."
		if !kept {
			message = "The value cannot be kept in the cache."
		}
		r.Trace(cacheEntry{Message: message, Key: key, Value: r.Shown(v)})
	}
	return nil
}

func cacheRemoveValue(s Services) policy.Kind {
	return policy.Kind{
		Shape: policy.Shape{
			Name: "cache-remove-value",
			Doc:  "Takes a value out of the cache.",
			Attributes: []policy.Attribute{
				{Name: "key", Required: true, Expression: true, Doc: "The key."},
				cachingType,
			},
		},
		Sections: policy.Everywhere,
		Compile: func(e *policy.Element) policy.Step {
			return &removeStep{s.cache(e.Literal("caching-type")), e.Value("key")}
		},
	}
}

type removeStep struct {
	cache Cache
	key   *policy.Value
}

func (s *removeStep) Run(r *policy.Run) error {
	key, err := s.key.String(r)
	if err != nil {
		return err
	}
	if s.cache != nil {
		s.cache.Remove(r.Context(), key)
	}
	if r.Tracing() {
		r.Trace(cacheEntry{Message: "Value was removed from the cache.", Key: key})
	}
	return nil
}
