package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// Source is the content of a file, of any size.
type Source struct {
	SHA256 string // 64 hexadecimal digits
	Size   int64  // in bytes
	// Open opens the content; nil: it is known by its digest alone, which is enough to see whether it is there.
	Open func() (io.ReadCloser, error)
}

// LocalSource is the file of a name on this machine, as it is now.
func LocalSource(name string) (*Source, error) {
	open := func() (io.ReadCloser, error) { return os.Open(name) }
	file, err := open()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	return &Source{SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size, Open: open}, nil
}

// ContentSource is content in memory.
func ContentSource(content []byte) *Source {
	sum := sha256.Sum256(content)
	return &Source{
		SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}

func (f File) source() *Source {
	if f.Source != nil {
		return f.Source
	}
	return ContentSource(f.Content)
}

// digest is what a person can compare at a glance; 64 bits tell any two versions of one file apart.
func digest(s *Source) string {
	return fmt.Sprintf("sha256:%.16s (%d bytes)", s.SHA256, s.Size)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
