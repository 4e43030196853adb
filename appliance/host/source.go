package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// Source is the content of a file, of any size.
type Source struct {
	SHA256 string // 64 hexadecimal digits
	Size   int64  // in bytes
	// Open opens the content, which is done only when a host does not have it; nil: it is known by its digest alone, which is enough to
	// see whether it is there.
	Open func(context.Context) (io.ReadCloser, error)

	// Describe turns the last TailSize bytes of a file (all of a smaller one) into facts "file PATH: NAME", for formats that say there
	// what they are; then the fact of the content is the whole Digest. Facts are those of the content. Nil: there are none.
	Describe func(tail []byte) (map[string]string, error)
	Facts    map[string]string
	// Unknown is what shows for the content while SHA256 is empty, since nobody knows it yet.
	Unknown string
}

// TailSize is how much of a file Source.Describe gets.
const TailSize = 16 << 10

// LocalSource is the file of a name on this machine, as it is now. Errors are *fs.PathError, also for what is no regular file: a pipe would be
// waited for.
func LocalSource(ctx context.Context, name string) (*Source, error) {
	switch info, err := os.Stat(name); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a file")}
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = file.Close() }) // ends the reading
	defer stop()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	open := func(context.Context) (io.ReadCloser, error) { return os.Open(name) }
	return &Source{SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size, Open: open}, nil
}

// ContentSource is content in memory.
func ContentSource(content []byte) *Source {
	sum := sha256.Sum256(content)
	return &Source{
		SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}

func (f File) source() *Source {
	if f.Source != nil {
		return f.Source
	}
	return ContentSource(f.Content)
}

// digest is what a person can compare at a glance; 64 bits tell any two versions of one file apart.
func digest(s *Source) string { return Digest(s.SHA256[:min(16, len(s.SHA256))], s.Size) }

// Digest is the fact of a content of this SHA-256 in hexadecimal digits and this size in bytes.
func Digest(sha256 string, size int64) string {
	return fmt.Sprintf("sha256:%s (%d bytes)", sha256, size)
}

func (s *Source) validate(f File) error {
	if s != nil && (f.Secret || f.Format != nil || f.Content != nil) {
		return errors.New("what is streamed can neither be secret nor have a format or a content besides")
	}
	return nil
}

func (s *Source) want(facts Facts, f File) {
	switch {
	case s.SHA256 == "" && s.Unknown != "":
		facts[f.fact("content")] = s.Unknown
	case s.Describe != nil:
		facts[f.fact("content")] = Digest(s.SHA256, s.Size)
	default:
		facts[f.fact("content")] = digest(s)
	}
	for name, value := range s.Facts {
		facts[f.fact(name)] = value
	}
}

// observe tells facts of a file that is there. What cannot describe itself is what somebody else put there: its digest says so, too.
func (s *Source) observe(facts Facts, f File, a answer, sum string, size int64) {
	if s.Describe == nil {
		facts[f.fact("content")] = digest(&Source{SHA256: sum, Size: size})
		return
	}
	facts[f.fact("content")] = Digest(sum, size)
	tail, _ := a.bytes("tail")
	described, err := s.Describe(tail)
	if err != nil {
		for name := range s.Facts {
			facts[f.fact(name)] = Unreadable
		}
		return
	}
	for name, value := range described {
		facts[f.fact(name)] = value
	}
}

// remembering keeps what went wrong while something was read: perhaps still in another goroutine, when a run was cancelled.
type remembering struct {
	io.Reader
	err atomic.Pointer[error]
}

func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err.Store(&err)
	}
	return n, err
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
