package output

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// Ids of documents let Elasticsearch refuse what it stored already (409) when a batch is sent again, because the answer was lost, or the
// collector crashed. They are the same each time, because they are part of the batch.
//
// An id is 20 characters: when the process started, a random number, the number of the buffer and that of the document. Elasticsearch stores
// what is base64url without padding as the octets it stands for (Uid.encodeId), here 15. So ids grow and share their beginning, and most
// segments of an index are ruled out by their greatest id.
const (
	startDigits    = 6 // Unix seconds, 36 bits
	randomDigits   = 4
	bufferDigits   = 6
	documentDigits = 4
)

// idAlphabet is base64url (RFC 4648 section 5).
const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

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
	process := appendDigits(nil, uint64(time.Now().Unix()), startDigits)
	return &identifiers{process: appendDigits(process, binary.LittleEndian.Uint64(random[:]), randomDigits)}
}

func (i *identifiers) next(dst []byte) []byte {
	i.buffer++
	return appendDigits(append(dst, i.process...), i.buffer, bufferDigits)
}
