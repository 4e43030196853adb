package output

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// Ids of documents let Elasticsearch refuse what it stored already (409) when a batch is sent again, because the answer was lost, or the
// collector crashed. They are the same each time, because they are part of the batch.
//
// An id is 22 characters of an alphabet in the order of ASCII: when the process started, a random number, the number of the buffer and that of
// the document. So ids grow and share their beginning, which Lucene stores and looks up cheaply (Elastic reference, "Tune for indexing
// speed": a random id would make each look-up a search of every segment).
const (
	startDigits    = 8 // Unix milliseconds, 48 bits
	randomDigits   = 4
	bufferDigits   = 6
	documentDigits = 4
)

const idAlphabet = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

// appendDigits appends the lowest bits of n, six a character, the highest first.
func appendDigits(dst []byte, n uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, idAlphabet[n>>(6*i)&63])
	}
	return dst
}

// identifiers makes what the ids of a buffer's documents begin with. It belongs to a pool.
type identifiers struct {
	process []byte
	buffer  uint64
}

func newIdentifiers() *identifiers {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails, crypto/rand says
	process := appendDigits(nil, uint64(time.Now().UnixMilli()), startDigits)
	return &identifiers{process: appendDigits(process, binary.LittleEndian.Uint64(random[:]), randomDigits)}
}

func (i *identifiers) next(dst []byte) []byte {
	i.buffer++
	return appendDigits(append(dst, i.process...), i.buffer, bufferDigits)
}
