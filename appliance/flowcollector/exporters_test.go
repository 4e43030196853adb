package flowcollector

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
)

// collector answers for one that has seen what is said.
func collector(t *testing.T, all string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/api/v1/exporters" {
			w.WriteHeader(http.StatusNotFound)
			all := `{"error":"nothing has come"}`
			_, _ = io.WriteString(w, all)
			return
		}
		_, _ = io.WriteString(w, all)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

var exporter = netip.MustParseAddr("192.0.2.1")

// TestWhatHasComeInstead: no reason hides another one.
func TestWhatHasComeInstead(t *testing.T) {
	var dialer net.Dialer
	many := strings.TrimSuffix(strings.Repeat(`{"address":"192.0.2.7"},`, shownExporters+3), ",")
	for name, test := range map[string]struct {
		all  string
		want []string
		not  string
	}{
		"everything": {
			`{"exporters":[{"address":"192.0.2.7"}],"not_decoded":{"not_allowed":17,"unsupported_version":3,"too_short":2,"rate_limited":5,"malformed":9},"packets":40}`,
			[]string{
				"17 packets were refused because of exporters.allow", "3 packets are of no format", "2 packets are too short", "5 packets were beyond",
				"others have been seen, 192.0.2.7: it may",
			},
			"no packet",
		},
		"many others":  {`{"exporters":[` + many + `],"packets":40}`, []string{"192.0.2.7 and 3 more: it may"}, "no packet"},
		"what is lost": {`{"exporters":[],"not_decoded":{},"packets":40}`, []string{"40 packets came, and none"}, "no packet"},
		"nothing":      {`{"exporters":[],"not_decoded":{},"packets":0}`, []string{"no packet has come at all"}, "; "},
	} {
		e, why, err := AskExporter(t.Context(), dialer.DialContext, collector(t, test.all), exporter)
		for _, want := range test.want {
			if err != nil || e != nil || !strings.Contains(why, want) || strings.Contains(why, test.not) {
				t.Errorf("%s: %v, %q, %v; want %q", name, e, why, err, want)
			}
		}
	}
}

// TestAnyExporter: the one is found of which flows were decoded, before others that have sent something.
func TestAnyExporter(t *testing.T) {
	var dialer net.Dialer
	for name, test := range map[string]struct{ flows, want string }{
		"the second has flows": {"192.0.2.8", "192.0.2.8"},
		"none has":             {"", "192.0.2.7"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			address, one := strings.CutPrefix(r.URL.Path, "/api/v1/exporters/")
			switch {
			case !one:
				_, _ = io.WriteString(w, `{"exporters":[{"address":"192.0.2.6"},{"address":"192.0.2.7"},{"address":"192.0.2.8"}],"packets":40}`)
			case address == "192.0.2.6": // is known no more
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, `{}`)
			case address == test.flows:
				_, _ = io.WriteString(w, `{"address":"`+address+`","packets":5,"flows":9}`)
			default:
				_, _ = io.WriteString(w, `{"address":"`+address+`","packets":5,"flows":0,"waiting_sets":3}`)
			}
		}))
		e, why, err := AskAnyExporter(t.Context(), dialer.DialContext, s.URL)
		s.Close()
		if err != nil || e == nil || e.Address != test.want {
			t.Errorf("%s: %+v, %q, %v; want %s", name, e, why, err, test.want)
		}
	}
	if e, why, err := AskAnyExporter(t.Context(), dialer.DialContext, collector(t, `{"exporters":[],"packets":0}`)); err != nil || e != nil || !strings.Contains(why, "no packet has come at all") {
		t.Errorf("nobody has sent anything: %+v, %q, %v", e, why, err)
	}
}

// TestAQuestionEnds: a collector that takes the question and says nothing is not waited for without end.
func TestAQuestionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, there) }()
			return here, nil
		}
		if _, _, err := AskExporter(t.Context(), silent, DefaultEndpoint, exporter); err == nil || !strings.Contains(err.Error(), "the collector does not answer: it was silent for 20s") {
			t.Errorf("%v", err)
		}
	})
}

// TestNobodyElseIsAsked: whoever answers at the endpoint cannot send the question on to others that the host reaches.
func TestNobodyElseIsAsked(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody else was asked") }))
	defer other.Close()
	s := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer s.Close()
	var dialer net.Dialer
	if _, _, err := AskExporter(t.Context(), dialer.DialContext, s.URL, exporter); err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("%v", err)
	}
}
