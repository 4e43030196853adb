package geoip

import "time"

// At makes it another time, and returns a function that undoes it.
func At(when time.Time) (restore func()) {
	before := now
	now = func() time.Time { return when }
	return func() { now = before }
}
