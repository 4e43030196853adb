package flowcollector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// DefaultEndpoint is where the collector answers, as seen from its host, unless its settings say otherwise.
const DefaultEndpoint = "http://127.0.0.1:8080"

// Exporter is what a collector knows of a device that sends flows (docs/page.md, "For programs").
type Exporter struct {
	Address     string    `json:"address"`
	Name        string    `json:"name"`
	Formats     []string  `json:"formats"`
	Templates   int64     `json:"templates"`
	WaitingSets int64     `json:"waiting_sets"` // data sets that wait for their template
	Lost        int64     `json:"lost"`         // by sequence numbers, in the unit of the format
	Malformed   int64     `json:"malformed"`    // packets
	RateLimited int64     `json:"rate_limited"` // packets
	LastSeen    time.Time `json:"last_seen"`
	Packets     int64     `json:"packets"`
	Flows       int64     `json:"flows"` // decoded
}

// Dial makes a connection as the collector's host would.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// answerLimit bounds what is read of an answer: a few hundred octets for each exporter.
const answerLimit = 16 << 20

// AskExporter asks a collector for an exporter; nil: nothing has come from it since the collector's start. Then why says what has come instead, for people: all of it, since
// nobody knows which of it is about this exporter.
func AskExporter(ctx context.Context, dial Dial, endpoint string, address netip.Addr) (e *Exporter, why string, err error) {
	if e, err = askOne(ctx, dial, endpoint, address.String()); err != nil || e != nil {
		return e, "", err
	}
	all, err := askAll(ctx, dial, endpoint)
	if err != nil {
		return nil, "", err
	}
	return nil, all.instead(), nil
}

// AskAnyExporter asks a collector for an exporter of which flows were decoded, the one with the most a second first. Where there is none it is one that has sent something else,
// and nil where nobody has sent anything; then why says what has come instead.
func AskAnyExporter(ctx context.Context, dial Dial, endpoint string) (e *Exporter, why string, err error) {
	all, err := askAll(ctx, dial, endpoint)
	if err != nil {
		return nil, "", err
	}
	for _, listed := range all.Exporters[:min(len(all.Exporters), shownExporters)] {
		one, err := askOne(ctx, dial, endpoint, listed.Address)
		switch {
		case err != nil:
			return nil, "", err
		case one != nil && one.Flows > 0:
			return one, "", nil
		case e == nil:
			e = one
		}
	}
	if e != nil {
		return e, "", nil
	}
	return nil, all.instead(), nil
}

// askOne asks for an exporter; nil: the collector knows none of this address.
func askOne(ctx context.Context, dial Dial, endpoint, address string) (*Exporter, error) {
	e := &Exporter{}
	if found, err := ask(ctx, dial, endpoint, "/api/v1/exporters/"+address, e); err != nil || !found {
		return nil, err
	}
	return e, nil
}

func askAll(ctx context.Context, dial Dial, endpoint string) (all exporters, err error) {
	found, err := ask(ctx, dial, endpoint, "/api/v1/exporters", &all)
	if err == nil && !found {
		err = errors.New("the collector has no such page: it is older than this provider")
	}
	return all, err
}

// exporters is what a collector has got, of whichever address.
type exporters struct {
	Exporters  []Exporter       `json:"exporters"`
	NotDecoded map[string]int64 `json:"not_decoded"` // packets, by cause
	Packets    int64            `json:"packets"`
}

// refusals say why packets were not decoded; %d is how many. Malformed packets are of exporters that were seen.
var refusals = []struct{ cause, text string }{
	{"not_allowed", "%d packets were refused because of exporters.allow in the collector's settings"},
	{"unsupported_version", "%d packets are of no format that is decoded: does something else send to this port?"},
	{"too_short", "%d packets are too short for any format"},
	{"rate_limited", "%d packets were beyond exporters.max_packets_per_second"},
}

// shownExporters is how many of the other exporters are named.
const shownExporters = 20

// instead says what has come.
func (all exporters) instead() string {
	var parts []string
	for _, r := range refusals {
		if n := all.NotDecoded[r.cause]; n > 0 {
			parts = append(parts, fmt.Sprintf(r.text, n))
		}
	}
	if n := len(all.Exporters); n > 0 {
		others := make([]string, 0, shownExporters)
		for _, o := range all.Exporters[:min(n, shownExporters)] {
			others = append(others, o.Address)
		}
		more := ""
		if n > shownExporters {
			more = fmt.Sprintf(" and %d more", n-shownExporters)
		}
		parts = append(parts, fmt.Sprintf("others have been seen, %s%s: it may send from another address than you think", strings.Join(others, ", "), more))
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, "; ")
	case all.Packets > 0:
		return fmt.Sprintf("%d packets came, and none is of an exporter that is known", all.Packets)
	}
	return "no packet has come at all: is the collector's address right on the exporter, is its port one of listen.udp, and is it open in the host's firewall?"
}

// questionTime is how long one question may take: the collector answers from memory.
const questionTime = 20 * time.Second

// ask reads a page for programs; false: there is none.
func ask(ctx context.Context, dial Dial, endpoint, path string, into any) (found bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, questionTime, fmt.Errorf("it was silent for %s", questionTime))
	defer cancel()
	client := &http.Client{
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
		// Nobody else is asked than who was named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(endpoint, "/")+path, nil)
	if err != nil {
		return false, err
	}
	response, err := client.Do(request)
	if err != nil {
		return false, unanswered(ctx, err)
	}
	defer response.Body.Close() //nolint:errcheck // read
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return false, unanswered(ctx, err)
	}
	isJSON := strings.HasPrefix(response.Header.Get("Content-Type"), "application/json")
	switch {
	case response.StatusCode == http.StatusNotFound && isJSON:
		return false, nil
	case response.StatusCode == http.StatusNotFound:
		return false, errors.New("the collector has no such page: it is older than this provider, or something else answers there")
	case response.StatusCode != http.StatusOK:
		return false, fmt.Errorf("the collector answers %s: %.200s", response.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return false, fmt.Errorf("the collector's answer cannot be read: %w", err)
	}
	return true, nil
}

// unanswered says why there is no answer: that the time for it is over says more than what ended because of that.
func unanswered(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("the collector does not answer: %w", err)
}
