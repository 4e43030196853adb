package page

import (
	"context"
	"net/http"
	"time"
)

const (
	// maxRenderings is how many pages are made at once, and maxQuestions how many exporters are looked at.
	maxRenderings, maxQuestions = 2, 4
	// patience is how long who asks for a page waits for a place.
	patience = 5 * time.Second
)

// places bound how much of something is under way at once.
type places chan struct{}

// take waits for a place, for so long at most. It returns false when there was none; otherwise leave has to be called.
func (p places) take(ctx context.Context, most time.Duration) bool {
	select {
	case p <- struct{}{}:
		return true
	default:
	}
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case p <- struct{}{}:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

func (p places) leave() { <-p }

// busy answers where there was no place in time.
func (h *handler) busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "too many pages are being made; try again", http.StatusServiceUnavailable)
}
