package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
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
	config DeadLetterConfig

	mu    sync.Mutex
	file  *os.File
	size  int64
	count DeadLetterStats
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
	d := &deadLetters{config: c}
	err := d.open()
	if err != nil && c.Optional {
		logger.Error("documents that Elasticsearch refuses for good are not kept", "error", err)
		return nil, nil // documented: keeps none.
	}
	if err != nil {
		return nil, fmt.Errorf("unable to open output.elasticsearch.dead_letter.path: %w", err)
	}
	return d, nil
}

func (d *deadLetters) open() error {
	f, err := os.OpenFile(d.config.Path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640) //nolint:gosec // G302, G304: the operator names the file and reads it by group.
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	d.file, d.size = f, info.Size()
	return nil
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
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		err = d.write(append(line, '\n'))
	}
	if err != nil {
		d.count.Errors++
		return
	}
	d.count.Written++
}

func (d *deadLetters) write(line []byte) error {
	if d.config.MaxBytes > 0 && d.size > 0 && d.size+int64(len(line)) > d.config.MaxBytes {
		if err := errors.Join(d.file.Close(), os.Rename(d.config.Path, d.config.Path+".1"), d.open()); err != nil {
			return err
		}
	}
	n, err := d.file.Write(line)
	d.size += int64(n)
	if err != nil && n > 0 { // no torn line
		if terr := d.file.Truncate(d.size - int64(n)); terr == nil {
			d.size -= int64(n)
		}
	}
	return err
}

func (d *deadLetters) stats() DeadLetterStats {
	if d == nil {
		return DeadLetterStats{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

func (d *deadLetters) close() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.file.Close()
}
