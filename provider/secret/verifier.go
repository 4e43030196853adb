// Package secret is how resources notice that a write-only attribute has another value, without having kept the value: private state has a salted,
// slow hash of it, and a computed attribute has a revision that says nothing about it.
package secret

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// Verifier recognises a secret without containing it: a salted, slow hash. Private state keeps it.
type Verifier struct {
	Revision   string `json:"revision"` // shown to people; random
	Salt       []byte `json:"salt"`
	Hash       []byte `json:"hash"`
	Iterations int    `json:"iterations"`
	Version    *int64 `json:"version,omitempty"` // that it was written with; nil: without
}

// StandardIterations of PBKDF2 with HMAC-SHA-256: OWASP's recommendation, a fraction of a second.
const StandardIterations = 600_000

// Iterations are those of new verifiers: less in tests, which the race detector makes slow.
var Iterations = StandardIterations

func newVerifier(secret string) (*Verifier, error) {
	random := make([]byte, 16+4)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	v := &Verifier{Revision: hex.EncodeToString(random[16:]), Salt: random[:16], Iterations: Iterations}
	var err error
	v.Hash, err = pbkdf2.Key(sha256.New, secret, v.Salt, v.Iterations, sha256.Size)
	return v, err
}

// Matches tells whether content is the secret. A nil verifier knows none.
func (v *Verifier) Matches(content []byte) bool {
	if v == nil || len(v.Hash) == 0 {
		return false
	}
	hash, err := pbkdf2.Key(sha256.New, string(content), v.Salt, v.Iterations, len(v.Hash))
	return err == nil && subtle.ConstantTimeCompare(hash, v.Hash) == 1
}

// is tells whether the verifier is of this revision of the secret.
func (v *Verifier) is(revision string) bool { return v != nil && v.Revision == revision }
