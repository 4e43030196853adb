package service

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// bootTime is how long after the machine's start an address may be missing that it has later, from DHCP or once IPv6 found it unique. The unit does not wait
	// for all of the network: most listen on any address, and are to lose nothing meanwhile.
	bootTime = time.Minute
	bootPoll = 200 * time.Millisecond
)

// awaitAddress binds an address by bind, again and again while the machine boots and has no such address. The error is the last one of bind.
func awaitAddress[T any](ctx context.Context, logger *slog.Logger, address string, uptime func() time.Duration, bind func() (T, error)) (T, error) {
	for said := false; ; said = true {
		got, err := bind()
		if !errors.Is(err, syscall.EADDRNOTAVAIL) || uptime() > bootTime {
			return got, err
		}
		if !said {
			logger.Warn("the machine boots and has no such address yet, waiting for it", "address", address)
		}
		select {
		case <-ctx.Done():
			return got, err
		case <-time.After(bootPoll):
		}
	}
}

// uptime is how long ago the machine started, suspended times included (clock_gettime(2), CLOCK_BOOTTIME).
func uptime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return bootTime + 1 // nothing is waited for
	}
	return time.Duration(t.Nano())
}
