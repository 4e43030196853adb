package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/output"
)

// TestTravellingPacketsHaveOneLength: the kernel cuts what the sender gives it into datagrams of one length.
func TestTravellingPacketsHaveOneLength(t *testing.T) {
	for _, l := range travelling() {
		for i, p := range l.packets {
			if len(p.data) != len(l.packets[0].data) {
				t.Fatalf("%s, packet %d has %d octets, not %d", l.name, i, len(p.data), len(l.packets[0].data))
			}
		}
	}
}

func TestSinkCountsDocuments(t *testing.T) {
	s := &sink{}
	server := httptest.NewServer(s)
	defer server.Close()
	body := []byte(strings.Repeat("{\"create\":{}}\n{\"a\":1}\n", 3))
	var c output.Compressor
	small, err := c.Append(nil, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{body, small} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/flows/_bulk", bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if len(data) == len(small) {
			r.Header.Set("Content-Encoding", "gzip")
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || string(answer) != `{"errors":false}` {
			t.Errorf("%s, %v", answer, err)
		}
	}
	if n, octets, err := s.documents(); n != 6 || octets != len(body)+len(small) || err != nil {
		t.Errorf("%d documents in %d octets, %v", n, octets, err)
	}
	if n, octets, err := s.documents(); n != 0 || octets != 0 || err != nil {
		t.Errorf("%d documents in %d octets again, %v", n, octets, err)
	}
}

func TestJudge(t *testing.T) {
	a := &arena{perPacket: 25}
	good := step{Rate: 1000, Flows: 100_000, Seconds: 100, Drops: 4, Lost: 4, Documents: 99_900}
	for why, change := range map[string]func(*step){
		"":                                     func(*step) {},
		"the socket dropped 0.1 %":             func(s *step) { s.Drops = 5 },
		"0.1 % missing by sequence number":     func(s *step) { s.Lost = 5 },
		"0.1 % not in the sink":                func(s *step) { s.Documents = 99_899 },
		"busy for 2.0 s after the last packet": func(s *step) { s.Drain = 2 * time.Second },
		"the sender got to 900 flows/s only":   func(s *step) { s.Seconds = 1000 / 9. },
	} {
		s := good
		change(&s)
		if s.judge(a); s.Why != why || s.Good != (why == "") {
			t.Errorf("%q, want %q", s.Why, why)
		}
	}
}

func TestFiguresAreSums(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "# HELP a b\na{x=\"1 2\"} 3\na{x=\"2\"} 4\nb 1e+06\n")
	}))
	defer server.Close()
	if m, err := figuresOf(context.Background(), server.URL); err != nil || m["a"] != 7 || m["b"] != 1e6 {
		t.Errorf("%v, %v", m, err)
	}
}

func TestPlotIsXML(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plot.svg")
	p := panel{title: "a & b", goal: 5, bars: []bar{{"<one>", 1, "1", true}, {"two", 1000, "1000", false}}}
	if err := plot(path, []panel{p, p}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
	}
}

func TestGoals(t *testing.T) {
	s := sustained{Best: step{Rate: 350_000, Peak: 170 << 20}, Goal: step{Rate: 250_000, Peak: 96 << 20}}
	if got := goals(&s); !strings.Contains(got, "≥ 250000 flows/s: yes; RSS ≤ 130 MiB: yes (96 MiB at 250000 flows/s)") {
		t.Error(got)
	}
	s = sustained{Best: step{Rate: 200_000, Peak: 144 << 20}}
	if got := goals(&s); !strings.Contains(got, "flows/s: no; RSS ≤ 130 MiB: no (144 MiB at 200000 flows/s)") {
		t.Error(got)
	}
}
