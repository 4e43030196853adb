package cluster

import "testing"

func TestText(t *testing.T) {
	for want, value := range map[string]any{"a": "a", "a,b": []any{"a", "b"}, "true": true, "": []any{}} {
		if got := text(value); got != want {
			t.Errorf("%v is %q, not %q", value, got, want)
		}
	}
}
