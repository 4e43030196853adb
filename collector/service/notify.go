package service

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"time"
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

// enter goes on to a later phase and tells systemd of it; never back. What tell and enter say comes to systemd in the order of phases.
func (s *service) enter(phase int32, lines ...string) {
	s.telling.Lock()
	defer s.telling.Unlock()
	if s.phase.Load() < phase {
		s.phase.Store(phase)
		notify(s.logger, lines...)
	}
}

// tell tells systemd something that is so in one phase only.
func (s *service) tell(phase int32, lines ...string) {
	s.telling.Lock()
	defer s.telling.Unlock()
	if s.phase.Load() == phase {
		notify(s.logger, lines...)
	}
}

// extend asks systemd for so much time, from now on, for what is under way (EXTEND_TIMEOUT_USEC in sd_notify(3)).
func extend(by time.Duration) string {
	return fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", by.Microseconds())
}

// maxStatus bounds a status line: systemd ignores a notification of more than a page.
const maxStatus = 2000

// status makes the line that `systemctl status` shows. Several lines, one an error, become one.
func status(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")), " ")
	if len(text) > maxStatus {
		text = strings.ToValidUTF8(text[:maxStatus], "") + "…"
	}
	return "STATUS=" + text
}

// notifyFailure leaves the reason for a failed start in the unit's status.
func notifyFailure(logger *slog.Logger, err error) {
	lines := []string{status(sentence(err))}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		lines = append(lines, fmt.Sprintf("ERRNO=%d", int(errno)))
	}
	notify(logger, lines...)
}

// sentence makes a message for people out of an error: it begins with a capital letter.
func sentence(err error) string {
	s := err.Error()
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// StartFailed puts the reason why the service cannot even be built, such as bad settings, into the unit's status, and returns it.
func StartFailed(logger *slog.Logger, err error) error {
	notifyFailure(logger, err)
	return err
}
