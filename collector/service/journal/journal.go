// Package journal writes log lines for people, and with what systemd's journal wants to know where that reads them.
package journal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
)

// Handler returns a handler of lines as text. Where w is the journal ($JOURNAL_STREAM, systemd.exec(5)) they have no time, which the journal
// knows, and begin with their priority (sd-daemon(3)), so that `journalctl -p warning` finds them.
func Handler(w io.Writer, least slog.Leveler) slog.Handler {
	options := &slog.HandlerOptions{Level: least}
	if !isJournal(w) {
		return slog.NewTextHandler(w, options)
	}
	return newHandler(w, options)
}

// isJournal tells whether w is the file that systemd connected to the journal: standard error may have been sent elsewhere since.
func isJournal(w io.Writer) bool {
	var device, inode uint64
	if n, err := fmt.Sscanf(os.Getenv("JOURNAL_STREAM"), "%d:%d", &device, &inode); n != 2 || err != nil {
		return false
	}
	f, ok := w.(interface{ Stat() (os.FileInfo, error) })
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	at, ok := info.Sys().(*syscall.Stat_t)
	return ok && at.Dev == device && at.Ino == inode
}

// handler puts the priority before each line.
type handler struct {
	slog.Handler
	out *lines
}

// lines joins the priority and the line into one write.
type lines struct {
	mu sync.Mutex
	w  io.Writer
	b  bytes.Buffer
}

// Write implements io.Writer, for the text handler.
func (l *lines) Write(p []byte) (int, error) { return l.b.Write(p) }

func newHandler(w io.Writer, options *slog.HandlerOptions) slog.Handler {
	out := &lines{w: w}
	options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return &handler{slog.NewTextHandler(out, options), out}
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.b.Reset()
	fmt.Fprintf(&h.out.b, "<%d>", priority(r.Level))
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := h.out.w.Write(h.out.b.Bytes())
	return err
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attrs), h.out}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name), h.out}
}

// priority is that of syslog(3).
func priority(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 3
	case level >= slog.LevelWarn:
		return 4
	case level >= slog.LevelInfo:
		return 6
	}
	return 7
}
