// Package heartbeat lets each stage of the service prove that it makes progress.
package heartbeat

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Forever is for a stage that waits for work, or is finished, and for steps that may rightly take any time.
const Forever = time.Duration(1 << 62)

// base makes times monotonic: setting the clock must not look like a stuck stage.
var base = time.Now()

// Heartbeat is the sign of life of one goroutine. It is safe for concurrent use.
type Heartbeat struct {
	name string
	good atomic.Int64 // until when the last beat is good, nanoseconds after base
}

// New returns a heartbeat that is good for the given time. The name is how errors call the stage.
func New(name string, valid time.Duration) *Heartbeat {
	h := &Heartbeat{name: name}
	h.Beat(valid)
	return h
}

// Beat says that the stage is alive and will beat again within the given time: how long the next step may take.
func (h *Heartbeat) Beat(valid time.Duration) { h.good.Store(int64(time.Since(base) + valid)) }

// Rest says that the stage has nothing to do: it is not late until it beats again.
func (h *Heartbeat) Rest() { h.Beat(Forever) }

// Err returns nil while the stage keeps its word, or an error that names the stage and how late it is.
func (h *Heartbeat) Err() error {
	if late := time.Since(base) - time.Duration(h.good.Load()); late > 0 {
		return fmt.Errorf("%s is stuck: %v overdue", h.name, late.Round(time.Millisecond))
	}
	return nil
}

// Group is the signs of life of several goroutines. The list does not change.
type Group []*Heartbeat

// Err returns the error of the first that does not keep its word, or nil.
func (g Group) Err() error {
	for _, h := range g {
		if err := h.Err(); err != nil {
			return err
		}
	}
	return nil
}
