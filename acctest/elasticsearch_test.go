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
		h := startHost(t, HostOptions{Name: "search"})
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
		testNativeUsers(t, e)
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
		{e.WriterUser, e.WriterPassword, http.MethodPut, "/flows-written/_create/1", `{"a":1}`, http.StatusForbidden}, // it makes no index
		{e.Username, e.Password, http.MethodPut, "/flows-written", "", http.StatusOK},
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

// testNativeUsers writes into the security index, which the server alone cannot.
func testNativeUsers(t *testing.T, e *Elasticsearch) {
	t.Helper()
	const reader, first, second = "reader", "first-password", "second-password"
	for _, test := range []struct {
		user, password, method, path, body string
		want                               int
	}{
		{e.Username, e.Password, http.MethodPut, "/_security/role/reader", `{"cluster":["monitor"],"indices":[{"names":["read*"],"privileges":["read"]}]}`, http.StatusOK},
		{e.Username, e.Password, http.MethodPut, "/_security/user/reader", `{"password":"` + first + `","roles":["reader"],"email":"Reader.One@flowstack.example"}`, http.StatusOK},
		{reader, first, http.MethodGet, "/_cluster/health", "", http.StatusOK},
		{reader, first, http.MethodPut, "/read/_doc/1", "{}", http.StatusForbidden},
		{reader, first, http.MethodPut, "/_security/user/elastic/_password", `{"password":"` + second + `"}`, http.StatusForbidden},
		{e.Username, e.Password, http.MethodPut, "/_security/user/reader/_password", `{"password":"` + second + `"}`, http.StatusOK},
		{reader, first, http.MethodGet, "/_cluster/health", "", http.StatusUnauthorized},
		{reader, second, http.MethodGet, "/_cluster/health", "", http.StatusOK},
		{e.Username, e.Password, http.MethodPut, "/_security/user/kibana_system/_password", `{"password":"` + first + `"}`, http.StatusOK},
		{"kibana_system", first, http.MethodGet, "/_security/_authenticate", "", http.StatusOK},
		{e.Username, e.Password, http.MethodDelete, "/_security/user/reader", "", http.StatusOK},
		{reader, second, http.MethodGet, "/_cluster/health", "", http.StatusUnauthorized},
	} {
		if got, answer := ask(t, e, test.user, test.password, test.method, test.path, test.body); got != test.want {
			t.Errorf("%s %s as %q: status %d, want %d: %s", test.method, test.path, test.user, got, test.want, answer)
		}
	}
	var key struct {
		Encoded string `json:"encoded"`
	}
	if err := e.Do(t.Context(), http.MethodPost, "/_security/api_key", map[string]string{"name": "test"}, &key); err != nil || key.Encoded == "" {
		t.Fatalf("API key %+v, %v", key, err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+"/_security/_authenticate", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "ApiKey "+key.Encoded)
	response, err := e.HTTPClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	if response.StatusCode != http.StatusOK {
		t.Errorf("with the API key: %s", response.Status)
	}
	var certificates []struct{ Path string }
	if err := e.Do(t.Context(), http.MethodGet, "/_ssl/certificates", nil, &certificates); err != nil || len(certificates) == 0 {
		t.Errorf("certificates: %v, %v", certificates, err)
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
