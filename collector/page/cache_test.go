package page

import (
	"context"
	"testing"
	"time"
)

func TestACacheForgets(t *testing.T) {
	now := time.Unix(1000, 0)
	c := newCache[string](func() time.Time { return now })
	made := 0
	get := func(key string) {
		t.Helper()
		if value, ok := c.get(t.Context(), key, func() (string, bool) { made++; return key, true }); value != key || !ok {
			t.Errorf("got %q, %v", value, ok)
		}
	}
	for range 3 {
		get("a")
	}
	now = now.Add(cacheFor)
	get("a")
	if made != 2 {
		t.Errorf("made %d values, want 2", made)
	}
	for i := range 2 * cacheEntries {
		get(string(rune('A' + i)))
	}
	if len(c.values) > cacheEntries {
		t.Errorf("%d values are kept", len(c.values))
	}
	func() {
		defer func() { _ = recover() }()
		c.get(t.Context(), "panic", func() (string, bool) { panic("x") })
	}()
	get("panic")
}

func TestACacheDoesNotKeepWhatCouldNotBeMade(t *testing.T) {
	c := newCache[string](time.Now)
	if _, ok := c.get(t.Context(), "a", func() (string, bool) { return "", false }); ok || len(c.values) != 0 {
		t.Errorf("%v, %d values are kept", ok, len(c.values))
	}
	began, end := make(chan struct{}), make(chan struct{})
	go c.get(t.Context(), "a", func() (string, bool) { close(began); <-end; return "a", true })
	<-began
	defer close(end)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := c.get(ctx, "a", nil); ok {
		t.Error("who waits no longer has a value")
	}
}
