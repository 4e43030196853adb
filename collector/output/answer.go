package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Causes that senders act upon.
const (
	causeOverloaded = "overloaded" // fewer requests at a time
	causeNoIndex    = "no_index"   // look at the target again
)

// verdict is what one bulk request came to.
type verdict struct {
	// The request as a whole is to be tried again.
	cause, text string
	unsent      bool // it was not even made

	overload bool // fewer requests at a time are better

	tooLarge bool   // the body is more than the server takes (413)
	refused  string // the server will never take this body (400): why

	// The server answered for each document; nil when all were stored.
	items               []item
	itemCause, itemText string // why some are to be sent again
}

// item is the answer for one document.
type item struct {
	Status int        `json:"status"`
	Error  *itemError `json:"error"`
}

type itemError struct {
	Type     string `json:"type"`
	Reason   string `json:"reason"`
	CausedBy *struct {
		Reason string `json:"reason"`
	} `json:"caused_by"`
}

func (e *itemError) String() string {
	if e == nil {
		return "no reason given"
	}
	s := e.Type + ": " + e.Reason
	if e.CausedBy != nil && e.CausedBy.Reason != "" {
		s += ": " + e.CausedBy.Reason
	}
	return shorten(s)
}

// fate is what becomes of a document.
type fate int

const (
	stored fate = iota
	again
	rejected
)

// fate follows what Elastic's own shippers do: a conflict means that the document is there; overload and server errors
// pass; the rest is the document's own fault. Missing rights, a write block and an index that is missing or closed concern
// every document alike and can be mended, so those documents wait as well.
func (i item) fate() fate {
	switch {
	case i.Status >= 200 && i.Status < 300, i.Status == http.StatusConflict:
		return stored
	case i.Status == http.StatusTooManyRequests, i.Status >= 500,
		i.Status == http.StatusUnauthorized, i.Status == http.StatusForbidden, i.Status == http.StatusNotFound,
		i.Error.standing():
		return again
	}
	return rejected
}

// standing says that an error with status 400 is about the index, not about the document. In Elasticsearch 7.17 these are: a closed index
// (IndexClosedException), a name that no index may have (InvalidIndexNameException), an alias without a write index
// (IndexNameExpressionResolver), more shards than cluster.max_shards_per_node allows when the index is made (ShardLimitValidator), and an
// ingest pipeline that does not exist (IngestService).
func (e *itemError) standing() bool {
	if e == nil {
		return false
	}
	switch e.Type {
	case "index_closed_exception", "invalid_index_name_exception":
		return true
	case "validation_exception":
		return e.tooManyShards()
	case "illegal_argument_exception":
		return e.tooManyShards() || strings.HasPrefix(e.Reason, "no write index is defined for alias") ||
			strings.HasPrefix(e.Reason, "pipeline with id [") && strings.HasSuffix(e.Reason, "does not exist")
	}
	return false
}

// tooManyShards reads "maximum shards open", or "maximum normal shards open" and "maximum frozen shards open".
func (e *itemError) tooManyShards() bool {
	return strings.Contains(e.Reason, " maximum ") && strings.Contains(e.Reason, " shards open")
}

// judge reads the answer to a bulk request.
func (e *Elasticsearch) judge(status int, header http.Header, answer []byte, docs int) verdict {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return verdict{tooLarge: true}
	case status == http.StatusBadRequest && header.Get("X-Elastic-Product") == "Elasticsearch":
		if why := errorOf(answer); why.standing() {
			cause, text := e.itemProblem(item{Status: status, Error: why})
			return verdict{cause: cause, text: text}
		}
		return verdict{refused: reasonOf(answer)}
	case status >= 300 && status < 400:
		return verdict{cause: "unexpected", text: fmt.Sprintf("the server at output.elasticsearch.addresses redirects to %s (%d): set that address",
			shorten(header.Get("Location")), status)}
	case status < 200 || status > 299:
		cause, text := e.statusProblem(status, answer)
		return verdict{cause: cause, text: text, overload: cause == causeOverloaded || status == http.StatusServiceUnavailable}
	}
	if bytes.HasPrefix(answer, []byte(`{"errors":false`)) {
		return verdict{}
	}
	var r struct {
		Errors *bool             `json:"errors"`
		Items  []map[string]item `json:"items"`
	}
	if err := json.Unmarshal(answer, &r); err != nil || r.Errors == nil || *r.Errors && len(r.Items) != docs {
		return verdict{cause: "unexpected", text: "Elasticsearch gives an answer that is not one to a bulk request"}
	}
	if !*r.Errors {
		return verdict{}
	}
	v := verdict{items: make([]item, docs)}
	for i, by := range r.Items {
		for _, it := range by { // one member, named after the action
			v.items[i] = it
		}
		if v.itemCause == "" && v.items[i].fate() == again {
			v.itemCause, v.itemText = e.itemProblem(v.items[i])
		}
	}
	v.overload = v.itemCause == causeOverloaded
	return v
}

// tally counts the documents that are settled, and moves those to be sent again to the front of the part. It
// returns how many these are.
func (e *Elasticsearch) tally(w *worker, p *part, items []item) int {
	if items == nil {
		w.stored(p.docs)
		p.docs = 0
		return 0
	}
	from, to, kept, ok, twice := 0, 0, 0, 0, 0
	for _, it := range items {
		end := from + documentEnd(p.data[from:])
		switch it.fate() {
		case stored:
			ok++
			if it.Status == http.StatusConflict {
				twice++
			}
		case rejected:
			e.refuse(w, it, p.data[from:end])
		case again:
			to += copy(p.data[to:], p.data[from:end])
			kept++
		}
		from = end
	}
	w.count(ok, func() {
		w.sent.Add(uint64(ok))
		e.duplicates.Add(uint64(twice))
	})
	p.data, p.docs = p.data[:to], kept
	return kept
}

// refuse counts a document that Elasticsearch will never take, and keeps it where a person can look at it.
func (e *Elasticsearch) refuse(w *worker, it item, document []byte) {
	kind := "unknown"
	if it.Error != nil && it.Error.Type != "" {
		kind = it.Error.Type
	}
	if w.reject(kind, it.Error.String(), 1) {
		e.dead.add(it, document[bytes.IndexByte(document, '\n')+1:])
	}
}

// statusProblem says what a status means for the whole request.
func (e *Elasticsearch) statusProblem(status int, answer []byte) (cause, text string) {
	return e.problemOf(status, reasonOf(answer))
}

func (e *Elasticsearch) problemOf(status int, reason string) (cause, text string) {
	who := e.client.transport.whoever()
	switch {
	case status == http.StatusUnauthorized:
		return "unauthorized", unauthorized(who)
	case diskFull(reason):
		return "disk_full", "Elasticsearch takes nothing because its disk is full (flood-stage watermark)"
	case status == http.StatusForbidden:
		return "forbidden", fmt.Sprintf("Elasticsearch does not let %s write to %s (403): %s", who.who(), e.config.Index, reason)
	case status == http.StatusTooManyRequests:
		return causeOverloaded, "Elasticsearch is overloaded (429): " + reason
	case status >= 500:
		return "server_error", fmt.Sprintf("Elasticsearch away: %d %s: %s", status, http.StatusText(status), reason)
	}
	return "unexpected", fmt.Sprintf("Elasticsearch answers %d %s: %s", status, http.StatusText(status), reason)
}

func unauthorized(s Secrets) string {
	return fmt.Sprintf("Elasticsearch refuses %s (401): check %s", s.who(), s.settings())
}

// itemProblem says why a document is to be sent again.
func (e *Elasticsearch) itemProblem(i item) (cause, text string) {
	reason := i.Error.String()
	switch {
	case i.Status == http.StatusNotFound:
		return causeNoIndex, fmt.Sprintf("Elasticsearch has no index %s and may not make it: %s", e.config.Index, reason)
	case i.Status == http.StatusForbidden && strings.Contains(reason, "[indices:admin/auto_create]"): // since 7.10
		return causeNoIndex, fmt.Sprintf("there is no index %s, and %s may not make it (403): %s", e.config.Index, e.client.transport.whoever().who(), remedy)
	case i.Error.standing():
		return "index", fmt.Sprintf("Elasticsearch cannot write to %s: %s", e.config.Index, reason)
	}
	return e.problemOf(i.Status, reason)
}

// diskFull tells a full disk from pressure and from missing rights. Above the flood-stage watermark every index of a node is
// read-only-allow-delete and refuses documents with a cluster_block_exception: since 7.8 with status 429 and "[TOO_MANY_REQUESTS/12/disk usage
// exceeded flood-stage watermark, index has read-only-allow-delete block]", before with 403 and "[FORBIDDEN/12/index read-only / allow delete
// (api)]" (IndexMetadata.INDEX_READ_ONLY_ALLOW_DELETE_BLOCK).
func diskFull(reason string) bool {
	return strings.Contains(reason, "/12/disk usage exceeded") || strings.Contains(reason, "/12/index read-only / allow delete")
}

// errorOf takes the error out of an error answer; nil when it has another form.
func errorOf(answer []byte) *itemError {
	var r struct {
		Error *itemError `json:"error"`
	}
	if json.Unmarshal(answer, &r) != nil {
		return nil
	}
	return r.Error
}

// reasonOf takes the reason out of an error answer, or the beginning of the answer when it has another form.
func reasonOf(answer []byte) string {
	var r struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(answer, &r) == nil && len(r.Error) > 0 {
		var e itemError
		if json.Unmarshal(r.Error, &e) == nil && e.Reason != "" {
			return e.String()
		}
		var text string
		if json.Unmarshal(r.Error, &text) == nil {
			return shorten(text)
		}
	}
	if len(answer) == 0 {
		return "no reason given"
	}
	return shorten(string(answer))
}

// shorten makes text fit for a log line: one line of at most 300 bytes.
func shorten(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
