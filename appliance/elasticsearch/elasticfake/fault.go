package elasticfake

import (
	"io"
	"net/http"
	"path"
)

// Fault is something that goes wrong with requests. The first one that fits is taken.
type Fault struct {
	Method  string // empty: any
	Path    string // as path.Match has it, such as /_ilm/policy/*; empty: any
	Changes bool   // only requests that change something
	Skip    int    // how many requests that fit go well before
	Times   int    // how often; 0 is until Heal

	Status int    // of the answer, whose body is Body; 0: the request is answered as usual
	Body   string // JSON, or what a proxy says
	Header http.Header
	Cut    bool            // the connection is closed without an answer
	After  bool            // what was asked is done before that
	Wait   <-chan struct{} // the answer comes when it is closed, or never when the client goes away
}

// Inject lets something go wrong from now on.
func (c *Cluster) Inject(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, &f)
}

// Heal ends all faults.
func (c *Cluster) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// Faults that Elasticsearch is known for.
var (
	// Overloaded is what a full queue answers. "Thread pools"; recorded by Elastic's own clients.
	Overloaded = Fault{
		Status: http.StatusTooManyRequests,
		Body: `{"error":{"root_cause":[{"type":"es_rejected_execution_exception","reason":"rejected execution of coordinating operation"}],` +
			`"type":"es_rejected_execution_exception","reason":"rejected execution of coordinating operation"},"status":429}`,
	}
	// NoMaster is a cluster that is not formed yet, or any more. "Discovery and cluster formation".
	NoMaster = Fault{
		Status: http.StatusServiceUnavailable,
		Body: `{"error":{"root_cause":[{"type":"master_not_discovered_exception","reason":null}],` +
			`"type":"master_not_discovered_exception","reason":null},"status":503}`,
	}
	// NotRecovered is a server that has just started.
	NotRecovered = Fault{
		Status: http.StatusServiceUnavailable,
		Body: `{"error":{"root_cause":[{"type":"cluster_block_exception","reason":"blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];"}],` +
			`"type":"cluster_block_exception","reason":"blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];"},"status":503}`,
	}
	// TooLarge is a body beyond http.max_content_length: no JSON at all. "HTTP".
	TooLarge = Fault{Status: http.StatusRequestEntityTooLarge}
	// FloodStage is a write on a full disk: recorded.
	FloodStage = Fault{
		Status: http.StatusTooManyRequests,
		Body: `{"error":{"root_cause":[{"type":"cluster_block_exception","reason":"index [flows] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded ` +
			`flood-stage watermark, index has read-only-allow-delete block];"}],"type":"cluster_block_exception","reason":"index [flows] blocked by: ` +
			`[TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"},"status":429}`,
	}
	// Forbidden is a user without a privilege. "Security privileges".
	Forbidden = Fault{
		Status: http.StatusForbidden,
		Body: `{"error":{"root_cause":[{"type":"security_exception","reason":"action [cluster:admin] is unauthorized for user [writer]"}],` +
			`"type":"security_exception","reason":"action [cluster:admin] is unauthorized for user [writer]"},"status":403}`,
	}
)

// On is the fault, of requests of a method to a path only.
func (f Fault) On(method, path string) Fault {
	f.Method, f.Path = method, path
	return f
}

// Once is the fault, which passes after one request.
func (f Fault) Once() Fault {
	f.Times = 1
	return f
}

// fault is what goes wrong with a request; nil: nothing. The caller holds the lock.
func (c *Cluster) fault(r *http.Request) *Fault {
	for i, f := range c.faults {
		if f.Method != "" && f.Method != r.Method {
			continue
		}
		if fits, err := path.Match(f.Path, r.URL.Path); f.Path != "" && (err != nil || !fits) {
			continue
		}
		if f.Changes && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				c.faults = append(c.faults[:i:i], c.faults[i+1:]...)
			}
		}
		return f
	}
	return nil
}

// serve goes wrong. It reports false where the server is to answer as usual.
func (f *Fault) serve(w http.ResponseWriter, r *http.Request) bool {
	if f.Wait != nil {
		select {
		case <-f.Wait:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Cut {
		panic(http.ErrAbortHandler)
	}
	if f.Status == 0 {
		return false
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body) // the client sees what is missing
	return true
}

// Pending tells whether a fault is still to come.
func (c *Cluster) Pending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.faults) > 0
}
