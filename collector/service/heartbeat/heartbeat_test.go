package heartbeat

import (
	"strings"
	"testing"
	"time"
)

func TestHeartbeat(t *testing.T) {
	h := New("reader 192.0.2.1:2055", time.Hour)
	if err := h.Err(); err != nil {
		t.Fatalf("fresh: %v", err)
	}
	h.Beat(-time.Second)
	if err := h.Err(); err == nil || !strings.HasPrefix(err.Error(), "reader 192.0.2.1:2055 is stuck: 1") {
		t.Fatalf("overdue: %v", err)
	}
	h.Beat(time.Hour)
	if err := h.Err(); err != nil {
		t.Fatalf("beating again: %v", err)
	}
}
