package page

import "time"

// WithClock has pages age by another clock, and who asks wait for as long as it takes.
func (o Options) WithClock(clock func() time.Time) Options {
	o.clock, o.patience = clock, time.Hour
	return o
}

// MaxRenderings is how many pages are made at once.
const MaxRenderings = maxRenderings
