package output

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// looksAtMost is how many requests, of lookTime at most, one look at the target takes, setting it up included.
const looksAtMost = 16

// causeUnmapped is the problem of a target that nobody made, or made without the mappings of its documents.
const causeUnmapped = "unmapped"

// remedy is what to do about it.
const remedy = "run flowcollector setup, or set output.elasticsearch.setup: true"

// target is whether what documents are written to has their mappings. Without them Elasticsearch would make an index that guesses types:
// addresses as text, which nobody can search by network, and which stay so.
type target struct {
	known  atomic.Bool // no need to look
	warned atomic.Bool
}

// look finds out whether the target has the mappings of the documents, or will have when Elasticsearch makes it, after setting it up where that is
// wanted. It returns an empty cause when documents may be sent. A user who may only create documents cannot look; they are sent then. The
// worker has the turn.
func (e *Elasticsearch) look(w *worker) (cause, text string) {
	w.beat.Beat(looksAtMost*lookTime + grace)
	if e.config.Setup != "" {
		if cause, text = e.setUp(w.abort); cause != "" {
			return cause, text
		}
	}
	found, err := e.client.Look(w.abort, e.config.Index, e.config.Documents)
	if err != nil {
		return e.lookProblem(err)
	}
	switch found {
	case Missing:
		return causeUnmapped, "no index template for " + e.config.Index + ": " + remedy
	case Unmapped:
		return causeUnmapped, fmt.Sprintf("%s is there without the mappings of %s: remove it, then %s", e.config.Index, e.config.Documents.Name, remedy)
	case Unseen:
		if !e.target.warned.Swap(true) {
			e.logger.Warn("the user may not look whether there is an index template: documents are sent all the same", "index", e.config.Index,
				"privileges", "view_index_metadata on the index where it is there, manage_index_templates on the cluster where it is not")
		}
	case Mapped:
	}
	e.target.known.Store(true)
	return "", ""
}

// setUp sets up Elasticsearch. What is there may do where the user has not the rights, such as what another user set up.
func (e *Elasticsearch) setUp(ctx context.Context) (cause, text string) {
	_, err := e.client.Setup(ctx, SetupConfig{Documents: e.config.Documents, Index: e.config.Index, Target: e.config.Setup}, func(s Step) {
		if s.Done {
			e.logger.Info("set up Elasticsearch", "what", s.What, "result", s.Result)
		}
	})
	if err == nil {
		return "", ""
	}
	var refused *statusError
	var away *awayError
	switch {
	case errors.As(err, &away):
		return away.cause, away.text
	case errors.As(err, &refused) && refused.passes():
		return e.statusProblem(refused.status, refused.body)
	case errors.As(err, &refused) && refused.status == http.StatusForbidden:
		if found, lookErr := e.client.Look(ctx, e.config.Index, e.config.Documents); lookErr == nil && found == Mapped {
			e.logger.Warn("the user may not set up Elasticsearch, what is there is used", "error", err)
			return "", ""
		}
	}
	return "setup", "unable to set up Elasticsearch: " + shorten(err.Error())
}

// lookProblem says why it is not known how the target is.
func (e *Elasticsearch) lookProblem(err error) (cause, text string) {
	var away *awayError
	var bad *statusError
	switch {
	case errors.As(err, &away):
		return away.cause, away.text
	case errors.As(err, &bad):
		return e.statusProblem(bad.status, bad.body)
	}
	return "unexpected", "unable to look at " + e.config.Index + ": " + err.Error()
}

// Found is what Look finds.
type Found int

// What there may be.
const (
	Mapped   Found = iota // the target is there with the mappings of the documents, or will be made with them
	Missing               // neither target nor template
	Unmapped              // the target is there without them
	Unseen                // the user may not look
)

// mappings are those of an index, or a part of them.
type mappings struct {
	Type       string              `json:"type"`
	Properties map[string]mappings `json:"properties"`
}

// are says whether these are mappings for a kind of documents.
func (m mappings) are(d *schema.Documents) bool {
	for name := range strings.SplitSeq(d.Mark, ".") {
		m = m.Properties[name]
	}
	return m.Type == d.MarkType()
}

// statusError is an answer that says nothing about what was asked.
type statusError struct {
	status int
	body   []byte
}

func (s *statusError) Error() string {
	return fmt.Sprintf("%d %s: %s", s.status, http.StatusText(s.status), reasonOf(s.body))
}

// passes says that an answer is about the state of the server or the secrets, and not about what was asked.
func (s *statusError) passes() bool {
	return s.status == http.StatusUnauthorized || s.status == http.StatusTooManyRequests || s.status >= 500
}

// Look says whether documents of a kind that are written to name find their mappings. It asks for the mapping of what is there (privilege
// view_index_metadata), and where nothing is for that of an index of the name, were it made (manage_index_templates; Elasticsearch 7.17,
// "Simulate index API").
func (c *Client) Look(ctx context.Context, name string, documents *schema.Documents) (Found, error) {
	field := "properties." + strings.ReplaceAll(documents.Mark, ".", ".properties.") + ".type"
	r, err := c.do(ctx, http.MethodGet, "/"+escape(name)+"/_mapping?filter_path=*.mappings."+field, nil)
	if err != nil {
		return Unseen, err
	}
	there := true
	switch answer := (&statusError{r.status, r.body}); {
	case r.ok():
		var indices map[string]struct {
			Mappings mappings `json:"mappings"`
		}
		_ = json.Unmarshal(r.body, &indices) // another form has no such field
		for _, i := range indices {          // one index, or those behind an alias or a data stream
			if i.Mappings.are(documents) {
				return Mapped, nil
			}
		}
		return Unmapped, nil
	case r.status == http.StatusNotFound && r.kind() == indexNotFound:
		there = false
	case answer.passes():
		return Unseen, answer
	}
	r, err = c.do(ctx, http.MethodPost, "/_index_template/_simulate_index/"+escape(name)+"?filter_path=template.mappings."+field, nil)
	if err != nil {
		return Unseen, err
	}
	switch answer := (&statusError{r.status, r.body}); {
	case r.ok(), r.status == http.StatusNotFound && strings.Contains(r.kind(), "not_found"):
		var s struct {
			Template struct {
				Mappings mappings `json:"mappings"`
			} `json:"template"`
		}
		_ = json.Unmarshal(r.body, &s) // another form says nothing
		switch {
		case s.Template.Mappings.are(documents):
			return Mapped, nil
		case there:
			return Unseen, nil // what the template says does not matter where somebody made the index by hand
		}
		return Missing, nil
	case answer.passes():
		return Unseen, answer
	}
	return Unseen, nil
}
