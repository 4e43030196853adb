package providertest

import (
	"io"
	"net/http"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
)

// esCut lets a server fail from one request on, until it is told to stop that.
type esCut struct {
	in     int // so many requests from now; 0: no failure is wanted
	moment sshtest.Moment
	failed bool
}

// CutAt lets the nth request from now fail, and all after it until CutAt(0). The nth is not looked at (Before), or done though the answer is a
// failure (After). The answer is one that nobody tries again after.
func (e *Elasticsearch) CutAt(n int, moment sshtest.Moment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cut = esCut{in: n, moment: moment}
}

// CutPending tells whether the failure that CutAt asked for has not come yet.
func (e *Elasticsearch) CutPending() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cut.in > 0
}

const cutBody = `{"error":{"type":"illegal_argument_exception","reason":"a test wants this to fail"},"status":400}`

// passes counts a request and returns where its answer goes; nil when it has been answered.
func (c *esCut) passes(w http.ResponseWriter) http.ResponseWriter {
	if c.in > 0 {
		c.in--
		if c.failed = c.in == 0; c.failed && c.moment == sshtest.After {
			answer(w, http.StatusBadRequest, cutBody)
			return deaf{w}
		}
	}
	if c.failed {
		answer(w, http.StatusBadRequest, cutBody)
		return nil
	}
	return w
}

// deaf lets a request be done whose answer was given already.
type deaf struct{ http.ResponseWriter }

// Write implements http.ResponseWriter.
func (deaf) Write(b []byte) (int, error) { return io.Discard.Write(b) }

// WriteHeader implements http.ResponseWriter.
func (deaf) WriteHeader(int) {}
