package elasticsearch_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// serve is a node that answers "METHOD PATH" with a status and a body. It returns what it is asked, bodies of changes included.
func serve(t *testing.T, answers map[string][]string) (elasticsearch.Node, func() []string) {
	t.Helper()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question := r.Method + " " + r.URL.Path
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = append(asked, strings.TrimSpace(question+" "+string(body)))
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		of := answers[question]
		if len(of) == 0 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if len(of) > 1 {
			answers[question] = of[1:]
		}
		var status int
		text := of[0]
		if _, err := fmt.Sscanf(text, "%d", &status); err == nil {
			_, text, _ = strings.Cut(text, " ")
			w.WriteHeader(status)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{Endpoint: server.URL, Dial: new(net.Dialer).DialContext})
	if err != nil {
		t.Fatal(err)
	}
	return elasticsearch.Node{Client: c}, func() []string {
		was := asked
		asked = nil
		return was
	}
}

const getSettings, putSettings, flush, health = "GET /_cluster/settings", "PUT /_cluster/settings", "POST /_flush", "GET /_cluster/health"

func TestHoldAndRelease(t *testing.T) {
	const note, former = "cluster.metadata.flowstack.restart.node", "cluster.metadata.flowstack.restart.allocation"
	settings := func(pairs string) string { return `{"persistent":{` + pairs + `},"transient":{}}` }
	for name, c := range map[string]struct {
		persistent, hold, release string // the latter two are what is put; empty: nothing is
	}{
		"nothing is set": {
			``,
			`{"persistent":{"` + former + `":null,"` + note + `":"a","cluster.routing.allocation.enable":"primaries"}}`, "",
		},
		"a user has another value": {
			`"cluster.routing.allocation.enable":"new_primaries"`,
			`{"persistent":{"` + former + `":"new_primaries","` + note + `":"a","cluster.routing.allocation.enable":"primaries"}}`, "",
		},
		"a user is as strict": {`"cluster.routing.allocation.enable":"none"`, "", ""},
		"a user has the same": {`"cluster.routing.allocation.enable":"primaries"`, "", ""},
		"left by another": {
			`"cluster.routing.allocation.enable":"primaries","` + note + `":"b","` + former + `":"all"`,
			`{"persistent":{"` + former + `":"all","` + note + `":"a","cluster.routing.allocation.enable":"primaries"}}`,
			"", // what is still, or again, held for another stays
		},
		"held": {
			`"cluster.routing.allocation.enable":"primaries","` + note + `":"a"`,
			`{"persistent":{"` + former + `":null,"` + note + `":"a","cluster.routing.allocation.enable":"primaries"}}`,
			`{"persistent":{"` + former + `":null,"` + note + `":null,"cluster.routing.allocation.enable":null}}`,
		},
		"held, and a user set it meanwhile": {
			`"cluster.routing.allocation.enable":"none","` + note + `":"a"`,
			`{"persistent":{"` + former + `":null,"` + note + `":"a","cluster.routing.allocation.enable":"primaries"}}`,
			`{"persistent":{"` + former + `":null,"` + note + `":null}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			node, asked := serve(t, map[string][]string{getSettings: {settings(c.persistent)}, putSettings: {`{}`}, flush: {`403 {}`}})
			if err := node.Hold(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			want := []string{getSettings, flush}
			if c.hold != "" {
				want = []string{getSettings, putSettings + " " + c.hold, flush}
			}
			if diff := cmp.Diff(want[:len(want)-1], withoutRepeats(asked())[:len(want)-1]); diff != "" {
				t.Errorf("to hold: %s", diff)
			}
			if err := node.Release(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			want = []string{getSettings}
			if c.release != "" {
				want = append(want, putSettings+" "+c.release)
			}
			if diff := cmp.Diff(want, asked()); diff != "" {
				t.Errorf("to release: %s", diff)
			}
		})
	}
}

// withoutRepeats leaves out what the client asks again by itself.
func withoutRepeats(asked []string) []string {
	var once []string
	for i, question := range asked {
		if i == 0 || question != asked[i-1] {
			once = append(once, question)
		}
	}
	return once
}

func TestAwait(t *testing.T) {
	joined := `{"name":"a","cluster_name":"flows","cluster_uuid":"u","version":{"number":"7.17.29"}}`
	node, _ := serve(t, map[string][]string{"GET /": {`429 {}`, `{"name":"a","cluster_uuid":"_na_"}`, joined}})
	who, err := node.AwaitJoined(t.Context())
	if err != nil || !who.Formed() || who.Name != "a" || who.Version.Number != "7.17.29" {
		t.Errorf("%+v, %v", who, err)
	}
	node, _ = serve(t, map[string][]string{health: {
		`408 {"cluster_name":"flows","status":"red"}`, `{"cluster_name":"flows","status":"red"}`, `{"cluster_name":"flows","status":"green"}`,
	}})
	if got, err := node.AwaitStatus(t.Context(), "yellow"); err != nil || got.Status != "green" {
		t.Errorf("%+v, %v", got, err)
	}
	// When there is no more time, the error says how it stands.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var rounds atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		if _, err := io.WriteString(w, `{"cluster_name":"flows","status":"yellow","number_of_nodes":2,"unassigned_shards":3}`); err != nil {
			t.Error(err)
		}
		if rounds.Add(1) == 2 {
			cancel()
		}
	}))
	defer server.Close()
	c, err := client.New(client.Config{Endpoint: server.URL, Dial: new(net.Dialer).DialContext})
	if err != nil {
		t.Fatal(err)
	}
	_, err = elasticsearch.Node{Client: c}.AwaitStatus(ctx, "green")
	if err == nil || !strings.Contains(err.Error(), "cluster flows is yellow, with 2 nodes, 3 unassigned") && !strings.Contains(err.Error(), "cancel") {
		t.Errorf("the error is %v", err)
	}
}
