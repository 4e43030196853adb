package service

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
)

func TestStatusLine(t *testing.T) {
	at := time.Unix(1000, 0)
	before := totals{at: at.Add(-5 * time.Second), flows: 400, dropped: 7, kernelDrops: 3}
	es := func(change func(*output.Stats)) []output.Stats {
		s := output.Stats{Name: "elasticsearch", Held: output.Held{Limit: 64 << 20}}
		change(&s)
		return []output.Stats{s}
	}
	for _, tt := range []struct {
		now  totals
		want string
	}{
		{
			totals{exporters: 2, flows: 1000, dropped: 7, kernelDrops: 3, outputs: es(func(s *output.Stats) { s.Held.Bytes, s.Held.Oldest = 1, at.Add(-200*time.Millisecond) })},
			"2 exporters, 120 flows/s, Elasticsearch behind by 0.2 s",
		},
		{
			totals{exporters: 1, flows: 401, dropped: 7, kernelDrops: 3, outputs: es(func(*output.Stats) {})},
			"1 exporter, 0.2 flows/s, Elasticsearch up to date",
		},
		{
			totals{exporters: 0, flows: 400, dropped: 8, kernelDrops: 5, missing: []string{"city", "asn"}, outputs: es(func(s *output.Stats) {
				s.Problem = output.Problem{Cause: "connection", Text: "Elasticsearch away: connection refused"}
				s.Held.Bytes = 12 << 20
			})},
			"0 exporters, 0 flows/s; Elasticsearch away: connection refused; 12 MiB of 64 MiB buffered; 1 flow dropped; 2 packets dropped by the kernel; unable to use for enrichment: city, asn",
		},
		{
			totals{exporters: 3, flows: 400, dropped: 7, kernelDrops: 3, outputs: []output.Stats{
				{Name: "ndjson"}, {Name: "none", Problem: output.Problem{Cause: "no_output", Text: "no output is configured"}},
			}},
			"3 exporters, 0 flows/s, NDJSON up to date; no output is configured",
		},
	} {
		tt.now.at = at
		if got := tt.now.line(before); got != tt.want {
			t.Errorf("got  %q\nwant %q", got, tt.want)
		}
	}
}

func TestRatesAndDelaysAreReadable(t *testing.T) {
	for rate, want := range map[float64]string{0: "0", 0.24: "0.2", 9.94: "9.9", 9.96: "10", 412: "412", 999.4: "999", 999.6: "1.0 k", 8400: "8.4 k", 123_456: "123 k", 1_234_567: "1.2 M", 5e9: "5.0 G"} {
		if got := short(rate); got != want {
			t.Errorf("%v: %q, want %q", rate, got, want)
		}
	}
	for delay, want := range map[time.Duration]string{0: "0 s", 200 * time.Millisecond: "0.2 s", 3 * time.Second: "3 s", 90 * time.Second: "90 s", time.Hour: "60 min", 5 * time.Hour: "5 h"} {
		if got := seconds(delay); got != want {
			t.Errorf("%v: %q, want %q", delay, got, want)
		}
	}
}

func TestMebibytes(t *testing.T) {
	for n, want := range map[int]string{0: "0 MiB", 1 << 19: "0.5 MiB", 3 << 20: "3.0 MiB", 12 << 20: "12 MiB", 64 << 20: "64 MiB"} {
		if got := mebibytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestStatusIsOneLine(t *testing.T) {
	err := errors.Join(errors.New("unable to a"), errors.New("unable to b"))
	if got, want := status(sentence(err)), "STATUS=Unable to a; unable to b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := status(strings.Repeat("ä", 5000)); len(got) > 2048 || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid %v: systemd takes no more than a page", len(got), utf8.ValidString(got))
	}
}

func TestPassword(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte(" in a file \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if got, err := secret("output.elasticsearch.password_file", "", passwordCredential); got != "" || err != nil {
		t.Errorf("nothing set: %q, %v", got, err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	if got, err := secret("output.elasticsearch.password_file", "", passwordCredential); got != "" || err != nil {
		t.Errorf("no such credential: %q, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(dir, passwordCredential), []byte("a credential"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := secret("output.elasticsearch.password_file", "", passwordCredential); got != "a credential" || err != nil {
		t.Errorf("credential: %q, %v", got, err)
	}
	if got, err := secret("output.elasticsearch.password_file", file, passwordCredential); got != " in a file " || err != nil {
		t.Errorf("the file set goes first: %q, %v", got, err)
	}
	if _, err := secret("output.elasticsearch.password_file", file+"x", passwordCredential); err == nil || !strings.Contains(err.Error(), "output.elasticsearch.password_file") {
		t.Errorf("error %v", err)
	}
}

// TestSecrets: an API key goes before a user, in either of its forms.
func TestSecrets(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"password": "hunter2\n", "pair": "VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw\n", "encoded": "VnVhQ2ZHY0I=\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	for name, test := range map[string]struct {
		settings config.Elasticsearch
		want     output.Secrets
	}{
		"nothing":         {config.Elasticsearch{}, output.Secrets{}},
		"user":            {config.Elasticsearch{Username: "writer", PasswordFile: at("password")}, output.Secrets{Username: "writer", Password: "hunter2"}},
		"id and key":      {config.Elasticsearch{APIKeyFile: at("pair")}, output.Secrets{APIKey: "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw=="}},
		"the encoded key": {config.Elasticsearch{APIKeyFile: at("encoded"), Username: "writer"}, output.Secrets{APIKey: "VnVhQ2ZHY0I="}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := secrets(test.settings); got != test.want || err != nil {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	if _, err := secrets(config.Elasticsearch{APIKeyFile: at("none")}); err == nil || !strings.Contains(err.Error(), "unable to read output.elasticsearch.api_key_file") {
		t.Errorf("got %v", err)
	}
}
