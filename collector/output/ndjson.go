package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
)

// NDJSON writes one document a line to a file or to standard output.
type NDJSON struct {
	*sender
	out       io.Writer
	shared    *lineOut // out, shared with a sink of before and an heir; nil: it is nobody else's
	maxBytes  int64
	keep      int
	trimmed   bool // renamed files beyond keep were removed
	patience  time.Duration
	rotateLog time.Time // when it was last logged that the file cannot be rotated
}

// NDJSONConfig says where documents are written.
type NDJSONConfig struct {
	Path     string // a file, which is appended to; "-" is standard output
	MaxBytes int64  // size at which the file is renamed to .1, .1 to .2 and so on; 0 lets it grow
	Keep     int    // renamed files that are kept
	Queue    Queue
	Pool     *Pool
	// RetryFirst and RetryMost bound the time between tries; 0 is 250 ms and 30 s.
	RetryFirst, RetryMost time.Duration
	// Patience is how long a write may take before the output counts as stuck; 0 is writeTime.
	Patience time.Duration
	Logger   *slog.Logger
}

const (
	// writeTime is how long a write may take: who reads a pipe may stop for a while, a disk may be busy.
	writeTime = time.Minute
	// writeSize is how much is written at once, so that what is slow can be told from what is stuck.
	writeSize = 256 << 10
)

// NewNDJSON opens the file and starts the writer.
func NewNDJSON(c NDJSONConfig) (*NDJSON, error) {
	n := newNDJSON(c, nil)
	l, err := openLineOut(c.Path, n.notRotated)
	if err != nil {
		return nil, fmt.Errorf("unable to open output.ndjson.path: %w", err)
	}
	n.out, n.shared = l, l
	if l.take(n.maxBytes, n.keep, n.notRotated, func(bool) bool { return false }) { // else with the first flows
		n.trim()
		n.end()
	}
	n.start(1, n.deliver, nil)
	return n, nil
}

func newNDJSON(c NDJSONConfig, out io.Writer) *NDJSON {
	if c.Patience <= 0 {
		c.Patience = writeTime
	}
	return &NDJSON{
		patience: c.Patience,
		sender:   newSender("ndjson", c.Queue, c.Pool, c.Logger, backoff{c.RetryFirst, c.RetryMost}),
		out:      out, maxBytes: c.MaxBytes, keep: c.Keep,
	}
}

// notRotated counts and logs that the file could not be rotated. It is called by the writer.
func (n *NDJSON) notRotated(err error) {
	n.failures.add("rotate", 1)
	if time.Since(n.rotateLog) >= logEvery {
		n.rotateLog = time.Now()
		n.logger.Error("output.ndjson.path cannot be rotated and grows beyond output.ndjson.max_bytes", "error", err)
	}
}

// begin waits for the turn to write. It returns false when the time to stop is over, or an heir is there.
func (n *NDJSON) begin(w *worker) bool {
	if n.shared == nil {
		return true
	}
	w.beat.Beat(n.patience)
	ok := n.shared.take(n.maxBytes, n.keep, n.notRotated, func(progress bool) bool {
		if progress {
			w.beat.Beat(n.patience)
		}
		return w.abort.Err() == nil && w.heir.Load() == nil
	})
	if ok {
		n.trim()
	}
	return ok
}

// trim removes, once, renamed files beyond those to keep. The sink has the turn.
func (n *NDJSON) trim() {
	if n.trimmed {
		return
	}
	n.trimmed = true
	if n.maxBytes > 0 && n.shared.file != nil {
		if err := n.shared.file.removeBeyond(); err != nil {
			n.logger.Warn("renamed files beyond output.ndjson.keep cannot be removed", "error", err)
		}
	}
}

// end ends the turn.
func (n *NDJSON) end() {
	if n.shared != nil {
		n.shared.give()
	}
}

// deliver writes the documents. After an error it goes on where the write stopped, so that no line is torn.
func (n *NDJSON) deliver(w *worker, b *Buffer) {
	all := stripActions(b.data)
	written, docs := 0, b.docs
	if !n.begin(w) {
		n.rest(w, all, written, docs, b.since)
		return
	}
	defer n.end()
	for try := 1; ; try++ {
		w.requests.Add(1)
		k, err := n.write(w, all[written:])
		docs -= countLines(all[written : written+k])
		written += k
		if err == nil {
			w.recovered()
			return
		}
		if !w.late {
			w.fail("write", fmt.Sprintf("unable to write NDJSON: %v", cause(err)))
		}
		if w.late || !w.pause(try) {
			n.rest(w, all, written, docs, b.since)
			return
		}
		w.retried.Add(uint64(docs))
	}
}

// write writes piece by piece, with a sign of life before each.
func (n *NDJSON) write(w *worker, lines []byte) (written int, err error) {
	for written < len(lines) && err == nil {
		if err = w.abort.Err(); err != nil && w.heir.Load() != nil { // it waits for its turn
			return written, err
		}
		var k int
		w.beat.Beat(n.patience)
		k, err = n.out.Write(lines[written:min(len(lines), written+writeSize)])
		w.sentBytes.Add(uint64(k))
		if !w.stored(countLines(lines[written : written+k])) {
			err = errOver
		}
		written += k
	}
	return written, err
}

// rest leaves what was not written. A line that was begun is taken back, so that it is there once.
func (n *NDJSON) rest(w *worker, all []byte, written, docs int, since time.Time) {
	at := bytes.LastIndexByte(all[:written], '\n') + 1
	if at < written {
		if n.shared == nil || !n.shared.undo(written-at) {
			w.abandon(1)
			docs--
			at += bytes.IndexByte(all[at:], '\n') + 1
		}
	}
	body := make([]byte, 0, len(all)-at+docs*len(action))
	for line := range bytes.Lines(all[at:]) {
		body = append(append(body, action...), line...)
	}
	w.leave(docs, since, body)
}

// Close implements Sink, and closes the file.
func (n *NDJSON) Close(ctx context.Context) error {
	return errors.Join(n.sender.Close(ctx), n.letGo(n.release))
}

// Retire implements heritable.
func (n *NDJSON) Retire(ctx context.Context, heir Sink) error {
	return errors.Join(n.sender.Retire(ctx, heir), n.letGo(n.release))
}

// release closes the file.
func (n *NDJSON) release() error {
	if n.shared == nil {
		return nil
	}
	if err := n.shared.Close(); err != nil {
		return fmt.Errorf("unable to close output.ndjson.path: %w", err)
	}
	return nil
}

// stripActions removes the action lines from a bulk body, in place.
func stripActions(body []byte) []byte {
	to := 0
	for from := 0; from < len(body); {
		end := from + documentEnd(body[from:])
		from += bytes.IndexByte(body[from:], '\n') + 1
		to += copy(body[to:], body[from:end])
		from = end
	}
	return body[:to]
}

func countLines(p []byte) int { return bytes.Count(p, []byte{'\n'}) }

// cause takes the path out of an error of package os: the log line names the output already.
func cause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
