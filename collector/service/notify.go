package service

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notify tells systemd the state of the service (sd_notify(3)). Without systemd it does nothing.
func notify(logger *slog.Logger, lines ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		logger.Warn("unable to notify systemd", "error", err)
	}
}

// status makes the line that `systemctl status` shows.
func status(text string) string {
	return "STATUS=" + strings.Join(strings.Fields(strings.ReplaceAll(text, "\n", "; ")), " ")
}

// notifyFailure leaves the reason for a failed start in the unit's status.
func notifyFailure(logger *slog.Logger, err error) {
	lines := []string{status(sentence(err))}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		lines = append(lines, fmt.Sprintf("ERRNO=%d", int(errno))) //nolint:gosec // G115: error numbers are small.
	}
	notify(logger, lines...)
}

// sentence makes a message for people out of an error: it begins with a capital letter.
func sentence(err error) string {
	s := err.Error()
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
