package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

const (
	// maxSearches is how many searches are under way at once: each reads from disk.
	maxSearches = 2
	// pageRows is how many flows a page of results has.
	pageRows = 50
	// inputTime is how browsers write the time of an input. It is UTC.
	inputTime = "2006-01-02T15:04"
)

// lasts are the times that may be chosen, the first one by default.
var lasts = []struct {
	Value, Text string
	span        time.Duration // 0: all there is
}{
	{"15m", "15 minutes", 15 * time.Minute},
	{"5m", "5 minutes", 5 * time.Minute},
	{"1h", "hour", time.Hour},
	{"6h", "6 hours", 6 * time.Hour},
	{"24h", "24 hours", 24 * time.Hour},
	{"all", "all there is", 0},
}

// input is a field of the form.
type input struct {
	Name, Label, Value, Hint, Problem string
	Type                              string // of the HTML input
}

// searchForm is what was asked for, as it was written.
type searchForm struct {
	Fields   []input
	Last     string
	Order    string
	Offset   int
	Problems int
	query    recent.Query
}

// fields are the inputs of the form, with how each narrows the query.
var fields = []struct {
	name, label, hint, kind string
	set                     func(q *recent.Query, text string) error
}{
	{"address", "Address, either side", "192.0.2.0/24", "text", prefix(func(q *recent.Query) *netip.Prefix { return &q.Either })},
	{"source", "Source", "2001:db8::/32", "text", prefix(func(q *recent.Query) *netip.Prefix { return &q.Source })},
	{"destination", "Destination", "192.0.2.1", "text", prefix(func(q *recent.Query) *netip.Prefix { return &q.Destination })},
	{"port", "Port", "443", "text", func(q *recent.Query, text string) error {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return errors.New("a port is a number from 1 to 65535")
		}
		q.Port = uint16(n)
		return nil
	}},
	{"protocol", "Protocol", "tcp", "text", func(q *recent.Query, text string) (err error) {
		q.Protocol, err = schema.ParseProtocol(text)
		return err
	}},
	{"application", "Application", "https", "text", func(q *recent.Query, text string) error { q.Application = text; return nil }},
	{"exporter", "Exporter", "192.0.2.254", "text", func(q *recent.Query, text string) (err error) {
		if q.Exporter, err = netip.ParseAddr(text); err != nil {
			return errors.New("an exporter is given by its address")
		}
		return nil
	}},
	{"as", "AS", "64500", "text", func(q *recent.Query, text string) error {
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToUpper(text), "AS"), 10, 32)
		if err != nil || n == 0 {
			return errors.New("an autonomous system is a number, such as 64500")
		}
		q.AS = uint32(n)
		return nil
	}},
	{"country", "Country", "DE", "text", func(q *recent.Query, text string) error {
		if len(text) != 2 {
			return errors.New("a country has two letters, such as DE")
		}
		q.Country = strings.ToUpper(text)
		return nil
	}},
	{"from", "From (UTC)", "", "datetime-local", moment(func(q *recent.Query) *time.Time { return &q.From })},
	{"to", "To (UTC)", "", "datetime-local", moment(func(q *recent.Query) *time.Time { return &q.To })},
}

func prefix(of func(*recent.Query) *netip.Prefix) func(*recent.Query, string) error {
	return func(q *recent.Query, text string) (err error) {
		*of(q), err = config.ParseNetwork(text)
		return err
	}
}

func moment(of func(*recent.Query) *time.Time) func(*recent.Query, string) error {
	return func(q *recent.Query, text string) error {
		for _, layout := range []string{inputTime, inputTime + ":05", time.RFC3339} {
			if t, err := time.Parse(layout, text); err == nil {
				*of(q) = t
				return nil
			}
		}
		return fmt.Errorf("%q is not a time; write it like 2030-12-31T23:59", text)
	}
}

// parseForm reads the address of a page. What cannot be used is said at its field.
func parseForm(values url.Values, now time.Time) searchForm {
	f := searchForm{Last: lasts[0].Value, Order: recent.Newest.String()}
	for _, one := range fields {
		in := input{Name: one.name, Label: one.label, Hint: one.hint, Type: one.kind, Value: clip(strings.TrimSpace(values.Get(one.name)), maxFilter)}
		if in.Value != "" {
			if err := one.set(&f.query, in.Value); err != nil {
				in.Problem = err.Error()
				f.Problems++
			}
		}
		f.Fields = append(f.Fields, in)
	}
	for _, l := range lasts {
		if values.Get("last") == l.Value {
			f.Last = l.Value
		}
	}
	if f.query.From.IsZero() && f.query.To.IsZero() {
		for _, l := range lasts {
			if l.Value == f.Last && l.span > 0 {
				f.query.From = now.Add(-l.span)
			}
		}
	} else {
		f.Last = "all" // a time that is given wins
	}
	if !f.query.From.IsZero() && !f.query.To.IsZero() && !f.query.From.Before(f.query.To) {
		f.Fields[len(f.Fields)-1].Problem = "must be later than From"
		f.Problems++
	}
	if o, err := recent.ParseOrder(values.Get("order")); err == nil {
		f.Order, f.query.Order = o.String(), o
	}
	if n, err := strconv.Atoi(values.Get("offset")); err == nil && n > 0 {
		f.Offset = min(n, recent.MaxRows-pageRows)
	}
	f.query.Offset, f.query.Limit = f.Offset, pageRows
	return f
}

// with is the form as the query of an address, with one field changed.
func (f *searchForm) with(name, value string) string {
	v := url.Values{}
	for _, in := range f.Fields {
		if in.Value != "" {
			v.Set(in.Name, in.Value)
		}
	}
	if f.Last != lasts[0].Value {
		v.Set("last", f.Last)
	}
	if f.Order != recent.Newest.String() {
		v.Set("order", f.Order)
	}
	if value == "" {
		v.Del(name)
	} else {
		v.Set(name, value)
	}
	return "/flows?" + v.Encode()
}

// flowsData is the content of the page of flows.
type flowsData struct {
	searchForm
	Enabled        bool
	Lasts          any
	Orders         []string
	Result         recent.Result
	TooLong        bool // part of the store was not looked at
	Rows           []row
	Problem        string
	Previous, Next string // addresses of other pages of results
	First, End     int    // numbers of the rows that are shown
}

// LinkOf is an address that narrows the search, for templates.
func (d flowsData) LinkOf(name, value string) string { return d.with(name, value) }

// row is a flow with links that narrow the search.
type row struct {
	recent.Flow
	SourceLink, DestinationLink, ExporterLink string
	Text                                      string // the document, over several lines
}

func (h *handler) flows(w http.ResponseWriter, r *http.Request) {
	d := flowsData{searchForm: parseForm(r.URL.Query(), time.Now()), Enabled: h.searcher() != nil, Lasts: lasts, Orders: []string{"newest", "bytes", "packets"}}
	code := http.StatusOK
	switch {
	case !d.Enabled:
	case d.Problems > 0:
		code = http.StatusBadRequest
	default:
		code = h.find(r.Context(), &d)
	}
	if !h.rendering.take(r.Context(), h.options.patience) {
		h.busy(w)
		return
	}
	body, err := func() ([]byte, error) {
		defer h.rendering.leave() // who is slow to take the page keeps no place
		return render("flows", h.frame("Flows", "flows", false, d))
	}()
	if err != nil {
		h.options.Logger.Error("unable to make a page", "page", "flows", "error", err)
		h.fail(w, http.StatusInternalServerError, "The page could not be made", "The log says why.")
		return
	}
	h.write(w, code, body)
}

// find searches, when it is its turn, and returns the status of the answer.
func (h *handler) find(ctx context.Context, d *flowsData) int {
	if !h.search.take(ctx, recent.DefaultBudget) {
		d.Problem = "Other searches are under way; try again."
		return http.StatusServiceUnavailable
	}
	defer h.search.leave()
	searcher := h.searcher()
	if searcher == nil {
		d.Problem = "Flows are no longer kept here."
		return http.StatusServiceUnavailable
	}
	result, err := searcher.Search(ctx, d.query)
	if err != nil {
		if ctx.Err() == nil {
			h.options.Logger.Error("unable to search flows", "error", err)
		}
		d.Problem = "The search did not work: " + err.Error()
		return http.StatusInternalServerError
	}
	d.Result, d.TooLong = result, result.Searched+result.Unreadable < result.Segments
	for _, f := range result.Flows {
		one := row{Flow: f, Text: indented(f.Document)}
		one.SourceLink, one.DestinationLink = d.with("address", text(f.Source.Address)), d.with("address", text(f.Destination.Address))
		one.ExporterLink = d.with("exporter", text(f.Exporter))
		d.Rows = append(d.Rows, one)
	}
	d.First, d.End = d.Offset+1, d.Offset+len(d.Rows)
	if d.Offset > 0 {
		d.Previous = d.page(max(0, d.Offset-pageRows))
	}
	if result.More && d.Offset+2*pageRows <= recent.MaxRows {
		d.Next = d.page(d.Offset + pageRows)
	}
	return http.StatusOK
}

func (f *searchForm) page(offset int) string {
	if offset == 0 {
		return f.with("offset", "")
	}
	return f.with("offset", strconv.Itoa(offset))
}

// text is an address as text, empty when there is none.
func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func indented(document json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, document, "", "  ") != nil {
		return string(document)
	}
	return b.String()
}
