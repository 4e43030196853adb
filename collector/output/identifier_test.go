package output

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"
)

// TestIDsGrow: Elasticsearch stores ids that are base64url as the octets they stand for; those of later documents are greater, also after a
// restart.
func TestIDsGrow(t *testing.T) {
	var last []byte
	ids := func(pool *Pool) {
		for range 70 { // buffers, more than fit a digit
			b := pool.Get()
			for range 70 {
				var line struct {
					Create struct {
						ID string `json:"_id"`
					} `json:"create"`
				}
				if err := json.Unmarshal(b.appendAction(nil), &line); err != nil {
					t.Fatal(err)
				}
				id, err := base64.RawURLEncoding.Strict().DecodeString(line.Create.ID)
				if err != nil || len(id) != 15 || bytes.Compare(id, last) <= 0 {
					t.Fatalf("%s after %x: %v", line.Create.ID, last, err)
				}
				last = id
				b.docs++
			}
			pool.Put(b)
		}
	}
	first, second := NewPool(1000, 2), NewPool(1000, 2)
	first.GiveIDs(true)
	second.GiveIDs(true)
	second.ids.process = appendDigits(nil, uint64(time.Now().Add(2*time.Second).Unix()), startDigits)
	second.ids.process = appendDigits(second.ids.process, 0, randomDigits)
	ids(first)
	ids(second)
}
