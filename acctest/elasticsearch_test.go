package acctest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestElasticsearch(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		h := startHost(t, "search")
		e, err := StartElasticsearch(t.Context(), ElasticsearchOptions{Host: h, Log: t.Logf})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		testSecurity(t, e)
		testPairSums(t, e)
		// The data is still there after a stop and a start, and in between nobody answers.
		if err := e.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, err := h.DialContext(t.Context(), "tcp", elasticsearchAddress); err == nil {
			_ = c.Close()
			t.Error("the stopped server still accepts connections")
		}
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		sums, err := e.PairSums(t.Context(), "flows")
		if err != nil || len(sums) != pairsWritten {
			t.Errorf("%d pairs after the start, want %d: %v", len(sums), pairsWritten, err)
		}
	})
	checkClean(t)
}

func testSecurity(t *testing.T, e *Elasticsearch) {
	t.Helper()
	var d net.Dialer
	if c, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(e.host.Address.String(), "9200")); err == nil {
		_ = c.Close()
		t.Error("the server is reached from outside the host")
	}
	for _, test := range []struct {
		user, password, method, path, body string
		want                               int
	}{
		{"", "", http.MethodGet, "/", "", http.StatusUnauthorized},
		{e.Username, "wrong", http.MethodGet, "/", "", http.StatusUnauthorized},
		{e.Username, e.Password, http.MethodGet, "/_security/_authenticate", "", http.StatusOK},
		{e.WriterUser, e.WriterPassword, http.MethodGet, "/", "", http.StatusOK},
		{e.WriterUser, e.WriterPassword, http.MethodPut, "/flows-written/_create/1", `{"a":1}`, http.StatusCreated},
		{e.WriterUser, e.WriterPassword, http.MethodGet, "/flows-written/_search", "", http.StatusForbidden},
		{e.WriterUser, e.WriterPassword, http.MethodPut, "/other/_create/1", `{"a":1}`, http.StatusForbidden},
		{e.WriterUser, e.WriterPassword, http.MethodDelete, "/flows-written", "", http.StatusForbidden},
		{e.Username, e.Password, http.MethodDelete, "/flows-written", "", http.StatusOK},
	} {
		if got, answer := ask(t, e, test.user, test.password, test.method, test.path, test.body); got != test.want {
			t.Errorf("%s %s as %q: status %d, want %d: %s", test.method, test.path, test.user, got, test.want, answer)
		}
	}
	if err := e.Do(t.Context(), http.MethodGet, "/absent/_doc/1", nil, nil); err == nil || !strings.Contains(err.Error(), "index_not_found") {
		t.Errorf("the error of a failed request is %v: it should hold the answer", err)
	}
}

func ask(t *testing.T, e *Elasticsearch, user, password, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, e.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := e.HTTPClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// More than one page of pairs, each written twice.
const pairsWritten = 2300

func testPairSums(t *testing.T, e *Elasticsearch) {
	t.Helper()
	if sums, err := e.PairSums(t.Context(), "flows"); err != nil || len(sums) != 0 {
		t.Errorf("sums of an absent index = %v, %v", sums, err)
	}
	ip := map[string]any{"properties": map[string]any{"ip": map[string]string{"type": "ip"}}}
	number := map[string]string{"type": "long"}
	mapping := map[string]any{"mappings": map[string]any{"properties": map[string]any{
		"source": ip, "destination": ip, "network": map[string]any{"properties": map[string]any{"bytes": number, "packets": number}},
	}}}
	if err := e.Do(t.Context(), http.MethodPut, "/flows", mapping, nil); err != nil {
		t.Fatal(err)
	}
	want := map[Pair]Sums{}
	var bulk bytes.Buffer
	for i := range pairsWritten {
		p := Pair{netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), netip.MustParseAddr("2001:db8::1")}
		for range 2 {
			fmt.Fprintf(&bulk, "{\"create\":{}}\n{\"source\":{\"ip\":%q},\"destination\":{\"ip\":%q},\"network\":{\"packets\":%d,\"bytes\":%d}}\n",
				p.Source, p.Destination, i, 1<<40+i)
		}
		want[p] = Sums{Packets: uint64(2 * i), Bytes: uint64(2 * (1<<40 + i))}
	}
	var answer struct{ Errors bool }
	if err := e.Do(t.Context(), http.MethodPost, "/flows/_bulk", bulk.Bytes(), &answer); err != nil || answer.Errors {
		t.Fatalf("bulk: %v, errors %t", err, answer.Errors)
	}
	got, err := e.PairSums(t.Context(), "flows")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d pairs, want %d", len(got), len(want))
	}
	for p, s := range want {
		if got[p] != s {
			t.Fatalf("%v: %v, want %v", p, got[p], s)
		}
	}
}
