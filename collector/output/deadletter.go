package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// DeadLetterConfig says where documents go that Elasticsearch refuses for good.
type DeadLetterConfig struct {
	Path     string // a file, which is appended to; empty: nowhere
	Optional bool   // a file that cannot be opened is logged, and letters are only counted
	MaxBytes int64  // size at which it is renamed to .1, in place of the one before; 0: none
}

// DeadLetterStats are figures of the file.
type DeadLetterStats struct {
	Written uint64 // documents
	Errors  uint64 // documents that could not be written
}

// deadLetters keeps documents that Elasticsearch refuses for good, one JSON object a line. A nil one keeps none.
type deadLetters struct {
	logger *slog.Logger

	mu        sync.Mutex
	file      *lineOut
	maxBytes  int64
	rotateLog time.Time // when it was last logged that the file cannot be renamed

	written, errors atomic.Uint64 // without mu: a write may hang
}

// deadLetter is a line of the file.
type deadLetter struct {
	Time     time.Time       `json:"time"`
	Status   int             `json:"status"`
	Type     string          `json:"type"`
	Reason   string          `json:"reason"`
	Document json.RawMessage `json:"document"`
}

func openDeadLetters(c DeadLetterConfig, logger *slog.Logger) (*deadLetters, error) {
	if c.Path == "" {
		return nil, nil // documented: keeps none.
	}
	d := &deadLetters{logger: logger, maxBytes: c.MaxBytes}
	var err error
	d.file, err = openLineOut(c.Path, d.notRotated)
	if err != nil && c.Optional {
		logger.Error("documents that Elasticsearch refuses for good are not kept", "error", err)
		return nil, nil // documented: keeps none.
	}
	if err != nil {
		return nil, fmt.Errorf("unable to open output.elasticsearch.dead_letter.path: %w", err)
	}
	return d, nil
}

// notRotated logs that the file could not be renamed. It is written on.
func (d *deadLetters) notRotated(err error) {
	if time.Since(d.rotateLog) >= logEvery {
		d.rotateLog = time.Now()
		d.logger.Error("output.elasticsearch.dead_letter.path cannot be renamed and grows beyond output.elasticsearch.dead_letter.max_bytes", "error", err)
	}
}

// add writes a document with the reason. It is refused either way: a line that cannot be written is counted, and holds nothing up.
func (d *deadLetters) add(it item, document []byte) {
	if d == nil {
		return
	}
	letter := deadLetter{Time: time.Now().UTC(), Status: it.Status, Reason: it.Error.String(), Document: document}
	if it.Error != nil {
		letter.Type = it.Error.Type
	}
	line, err := json.Marshal(letter)
	if err != nil { // the document is no JSON: a string is
		letter.Document, _ = json.Marshal(string(bytes.TrimSuffix(document, []byte{'\n'})))
		line, err = json.Marshal(letter)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		err = d.write(append(line, '\n'))
	}
	if err != nil {
		d.errors.Add(1)
		return
	}
	d.written.Add(1)
}

func (d *deadLetters) write(line []byte) error {
	d.file.take(d.maxBytes, 1, d.notRotated, nil)
	defer d.file.give()
	n, err := d.file.Write(line)
	if err != nil && n > 0 {
		d.file.undo(n) // no torn line
	}
	return err
}

func (d *deadLetters) stats() DeadLetterStats {
	if d == nil {
		return DeadLetterStats{}
	}
	return DeadLetterStats{Written: d.written.Load(), Errors: d.errors.Load()}
}

func (d *deadLetters) close() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.file.Close()
}
