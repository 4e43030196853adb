package host

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Health is what a unit has to prove after each start, before a start counts as one.
type Health struct {
	// StableFor is how long it has to run without being started again; 0 trusts systemd's word that it is started.
	StableFor time.Duration
	// Port is a TCP port that something on the host has to listen on; 0: none. It is a fact of the unit, too.
	Port int
	// Within is how long it may take to listen; 0 is a minute.
	Within time.Duration
}

const defaultWithin = time.Minute

func (h Health) validate() error {
	var errs []error
	if h.Port < 0 || h.Port > 65535 {
		errs = append(errs, fmt.Errorf("%d is not a TCP port", h.Port))
	}
	if h.StableFor < 0 || h.Within < 0 {
		errs = append(errs, errors.New("a time cannot be negative"))
	}
	return errors.Join(errs...)
}

// seconds are whole ones for sleep(1), never less than asked for.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

func (h Health) stable() string { return seconds(h.StableFor) }

func (h Health) port() string { return strconv.Itoa(h.Port) }

func (h Health) within() string {
	if h.Within == 0 {
		return seconds(defaultWithin)
	}
	return seconds(h.Within)
}

func (u Unit) portFact() string { return u.fact("TCP port " + u.Health.port()) }
