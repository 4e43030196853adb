package output

import (
	"runtime"

	"github.com/klauspost/compress/gzip"
)

// Compressor compresses bodies with gzip. The zero value is ready. It takes most of a megabyte and belongs to one goroutine at a time.
type Compressor struct {
	gz  *gzip.Writer
	out []byte
}

// Append appends the compressed form of data to dst.
func (c *Compressor) Append(dst, data []byte) (_ []byte, err error) {
	c.out = dst
	defer func() { c.out = nil }()
	if c.gz == nil {
		if c.gz, err = gzip.NewWriterLevel(c, gzip.BestSpeed); err != nil {
			return dst, err
		}
	} else {
		c.gz.Reset(c)
	}
	if _, err := c.gz.Write(data); err != nil {
		return dst, err
	}
	err = c.gz.Close()
	return c.out, err
}

// Write takes what is compressed. It is not for others.
func (c *Compressor) Write(p []byte) (int, error) {
	c.out = append(c.out, p...)
	return len(p), nil
}

// compressors are shared by all workers of a sink. There are no more than processors: more at once would only be slower each, keep the readers
// from their packets, and keep more batches from being used again.
type compressors chan *Compressor

func newCompressors(workers int) compressors {
	c := make(compressors, min(workers, runtime.GOMAXPROCS(0)))
	for range cap(c) {
		c <- &Compressor{}
	}
	return c
}

// append waits for a compressor and appends the compressed form of data to dst.
func (c compressors) append(dst, data []byte) ([]byte, error) {
	one := <-c
	defer func() { c <- one }()
	return one.Append(dst, data)
}
