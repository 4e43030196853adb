package service

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAwaitAddress(t *testing.T) {
	missing := &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)}
	for name, c := range map[string]struct {
		uptime time.Duration
		errs   []error // of one bind after the other; then it succeeds
		want   error
		binds  int
	}{
		"there":                      {time.Second, nil, nil, 1},
		"comes while it boots":       {time.Second, []error{missing, missing}, nil, 3},
		"missing long after a boot":  {bootTime + 1, []error{missing}, missing, 1},
		"taken while it boots":       {time.Second, []error{syscall.EADDRINUSE}, syscall.EADDRINUSE, 1},
		"comes and is taken by then": {time.Second, []error{missing, syscall.EADDRINUSE}, syscall.EADDRINUSE, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			binds := 0
			got, err := awaitAddress(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), "192.0.2.1:2055", func() time.Duration { return c.uptime }, func() (string, error) {
				if binds++; binds <= len(c.errs) {
					return "", c.errs[binds-1]
				}
				return "bound", nil
			})
			if !errors.Is(err, c.want) || binds != c.binds || (err == nil) != (got == "bound") {
				t.Errorf("%q, %v after %d binds", got, err, binds)
			}
			waited := c.binds > 1
			if said := strings.Count(log.String(), "waiting for it\" address=192.0.2.1:2055"); said > 1 || (said == 1) != waited {
				t.Errorf("it said %d times: %s", said, log.String())
			}
		})
	}
}

func TestAwaitAddressEndsWithTheService(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := awaitAddress(ctx, slog.New(slog.DiscardHandler), "192.0.2.1:2055", func() time.Duration { return 0 }, func() (int, error) {
		cancel()
		return 0, syscall.EADDRNOTAVAIL
	})
	if !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Error(err)
	}
}

func TestUptime(t *testing.T) {
	first := uptime()
	if second := uptime(); first <= 0 || second < first {
		t.Errorf("%s, then %s", first, second)
	}
}
