package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

const (
	fileMagic   = "flowspl\n"
	fileVersion = 1
	fileHeader  = 16

	batchMagic  = "FSB\n"
	batchHeader = 36
	flagGzip    = 1

	doneEntry = 12
	// maxBody bounds the length that a header may claim: more than any batch has.
	maxBody = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// meta is what a header says of a batch.
type meta struct {
	gzip                    bool
	documents, size, length uint32
	since                   int64 // Unix nanoseconds
	sum                     uint32
}

func metaOf(b *Batch) meta {
	return meta{b.Gzip, uint32(b.Documents), uint32(b.Size), uint32(len(b.Body)), b.Since.UnixNano(), crc32.Checksum(b.Body, castagnoli)}
}

// octets is what the batch takes in its segment.
func (m meta) octets() int64 { return batchHeader + int64(m.length) }

func (m meta) received() time.Time { return time.Unix(0, m.since) }

func (m meta) append(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, batchMagic...)
	flags := uint32(0)
	if m.gzip {
		flags = flagGzip
	}
	for _, n := range []uint32{flags, m.documents, m.size} {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(m.since))
	dst = binary.LittleEndian.AppendUint32(dst, m.length)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[at:], castagnoli))
	return binary.LittleEndian.AppendUint32(dst, m.sum)
}

// parseMeta reads a header, which is batchHeader octets. ok is false when it is none, or damaged.
func parseMeta(b []byte) (m meta, ok bool) {
	if string(b[:4]) != batchMagic || binary.LittleEndian.Uint32(b[28:]) != crc32.Checksum(b[:28], castagnoli) {
		return meta{}, false
	}
	m = meta{
		gzip:      binary.LittleEndian.Uint32(b[4:])&flagGzip != 0,
		documents: binary.LittleEndian.Uint32(b[8:]), size: binary.LittleEndian.Uint32(b[12:]),
		since: int64(binary.LittleEndian.Uint64(b[16:])), length: binary.LittleEndian.Uint32(b[24:]),
		sum: binary.LittleEndian.Uint32(b[32:]),
	}
	return m, m.length <= maxBody
}

func startOfFile() []byte {
	dst := []byte(fileMagic)
	dst = binary.LittleEndian.AppendUint32(dst, fileVersion)
	return binary.LittleEndian.AppendUint32(dst, 0)
}

// errNewer is about a segment that a newer version of the program wrote.
var errNewer = errors.New("it was written by a newer version")

// found is what is in a segment.
type found struct {
	batches []placed
	// What is damaged: batches whose body is, with their documents, and octets that no header accounts for.
	damagedBatches, damagedDocuments int
	damagedOctets                    int64
}

// placed is a batch and where its header is.
type placed struct {
	meta
	at int64
}

// scanSegment reads the headers of a segment, and the last body. It is not ok when the headers do not follow one another, or that body is not
// whole: parseSegment knows what to make of it. The other bodies are checked when they are sent.
func scanSegment(r io.ReaderAt, size int64) (batches []placed, ok bool, err error) {
	if size < fileHeader {
		return nil, true, nil // not even begun
	}
	header := make([]byte, batchHeader)
	if _, err := r.ReadAt(header[:fileHeader], 0); err != nil {
		return nil, false, err
	}
	if !bytes.Equal(header[:fileHeader], startOfFile()) {
		return nil, false, nil
	}
	for at := int64(fileHeader); at < size; {
		if size-at < batchHeader {
			return nil, false, nil
		}
		if _, err := r.ReadAt(header, at); err != nil {
			return nil, false, err
		}
		m, sound := parseMeta(header)
		if !sound {
			return nil, false, nil
		}
		if at+m.octets() > size {
			break // torn
		}
		batches = append(batches, placed{m, at})
		at += m.octets()
	}
	if len(batches) == 0 {
		return nil, true, nil
	}
	last := batches[len(batches)-1]
	return batches, !wrong(r, last), nil
}

// wrong says that a body has another checksum than its header says. One that cannot be read is none: it is counted when it is to be sent.
func wrong(r io.ReaderAt, b placed) bool {
	body := make([]byte, b.length)
	_, err := r.ReadAt(body, b.at+batchHeader)
	return err == nil && crc32.Checksum(body, castagnoli) != b.sum
}

// parseSegment reads a segment. What is damaged is skipped, up to the next sound header. A tail that was not written in full, or that the file
// system filled with zeros when power failed, is no damage. The error is errNewer.
func parseSegment(data []byte) (f found, err error) {
	if len(data) < fileHeader {
		return f, nil // not even begun
	}
	if string(data[:8]) == fileMagic {
		if v := binary.LittleEndian.Uint32(data[8:]); v > fileVersion {
			return f, fmt.Errorf("%w (format %d, this one reads up to %d)", errNewer, v, fileVersion)
		}
	}
	at := fileHeader
	for at < len(data) {
		if len(data)-at >= batchHeader {
			if m, ok := parseMeta(data[at:]); ok {
				end := at + int(m.octets())
				if end > len(data) {
					return f, nil // torn
				}
				if crc32.Checksum(data[at+batchHeader:end], castagnoli) == m.sum {
					f.batches = append(f.batches, placed{m, int64(at)})
					at = end
					continue
				}
				if len(bytes.TrimLeft(data[end:], "\x00")) == 0 && bytes.HasSuffix(data[at+batchHeader:end], []byte{0}) {
					return f, nil // the last one, whose end never got to the disk
				}
				f.damagedBatches++
				f.damagedDocuments += int(m.documents)
				at = end
				continue
			}
		}
		rest := data[at:]
		next := nextHeader(rest)
		if next < 0 {
			if torn := bytes.TrimRight(rest, "\x00"); len(torn) >= batchHeader {
				f.damagedOctets += int64(len(torn))
			}
			return f, nil
		}
		f.damagedOctets += int64(next)
		at += next
	}
	return f, nil
}

// nextHeader finds the first sound header of a batch in data, or -1.
func nextHeader(data []byte) int {
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte(batchMagic))
		if i < 0 || len(data)-from-i < batchHeader {
			return -1
		}
		if _, ok := parseMeta(data[from+i:]); ok {
			return from + i
		}
		from += i + 1
	}
}

func appendDone(dst []byte, at int64) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(at))
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parseDone reads which batches of a segment are settled, by the place of their header. Damaged entries are left out.
func parseDone(data []byte) map[int64]bool {
	settled := map[int64]bool{}
	for ; len(data) >= doneEntry; data = data[doneEntry:] {
		if binary.LittleEndian.Uint32(data[8:]) == crc32.Checksum(data[:8], castagnoli) {
			settled[int64(binary.LittleEndian.Uint64(data))] = true
		}
	}
	return settled
}
