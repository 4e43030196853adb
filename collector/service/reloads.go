package service

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// reloads is what became of the settings that were read last. It is safe for concurrent use.
type reloads struct{ last atomic.Pointer[reloaded] }

// reloaded is what became of settings.
type reloaded struct {
	at      time.Time // when settings were last put into force
	failed  []string  // why those of now could not be; empty when they are in force
	restart []string  // settings that need a restart
	partly  []string  // what of those in force could not be changed where it is
}

func (r *reloads) now() reloaded {
	if last := r.last.Load(); last != nil {
		return *last
	}
	return reloaded{}
}

// succeeded notes settings that are in force, but for what needs a restart, or could not be changed.
func (r *reloads) succeeded(restart []string, partly ...error) {
	r.last.Store(&reloaded{at: time.Now(), restart: restart, partly: texts(partly)})
}

// whole tells whether the settings that were read last are in force, but for what needs a restart.
func (r reloaded) whole() bool { return len(r.failed)+len(r.partly) == 0 }

func texts(list []error) []string {
	all := make([]string, 0, len(list))
	for _, err := range list {
		all = append(all, err.Error())
	}
	return all
}

func (r *reloads) failed(mistakes []error) {
	next := r.now()
	next.failed = texts(mistakes)
	r.last.Store(&next)
}

// problem is what somebody has to do about the settings, in words; empty for nothing.
func (r *reloads) problem() string {
	now := r.now()
	var parts []string
	switch n := len(now.failed); n {
	case 0:
	case 1:
		parts = append(parts, "settings not reloaded: "+now.failed[0])
	default:
		parts = append(parts, fmt.Sprintf("settings not reloaded: %s (and %s)", now.failed[0], plural(n-1, "more mistake")))
	}
	if len(now.partly) > 0 {
		parts = append(parts, "settings not wholly in force: "+strings.Join(now.partly, "; "))
	}
	if len(now.restart) > 0 {
		parts = append(parts, "restart needed for: "+strings.Join(now.restart, ", "))
	}
	return strings.Join(parts, "; ")
}

// mistakes lists the errors that an error has.
func mistakes(err error) []error {
	var file config.Errors
	if errors.As(err, &file) {
		list := make([]error, len(file))
		for i, one := range file {
			list[i] = one
		}
		return list
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // a wrapped one is one sentence
		var list []error
		for _, one := range joined.Unwrap() {
			list = append(list, mistakes(one)...)
		}
		return list
	}
	return []error{err}
}
