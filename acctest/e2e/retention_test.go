package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// TestRetentionBySize keeps flows below a size on a real server, with no more than the documented privileges: what is written to is rolled over, the oldest index goes, and the
// newest flows stay. A key that may only write flows cannot remove any.
func TestRetentionBySize(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "retention1")
	es, err := acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: h, Log: t.Logf})
	must(t, err)
	cleanup(t, es.Close)
	address := "https://" + forward(ctx, t, h, "127.0.0.1:9200")
	ca := filepath.Join(t.TempDir(), "ca.crt")
	must(t, os.WriteFile(ca, es.CA, 0o600))
	connect := func(secrets output.Secrets) *output.Client {
		t.Helper()
		c, err := output.NewClient(output.Connection{
			Addresses: []string{address}, CAFile: ca, Secrets: func() (output.Secrets, error) { return secrets, nil }, Logger: slog.New(slog.DiscardHandler),
		})
		must(t, err)
		t.Cleanup(c.Close)
		return c
	}
	key := func(name string, privileges ...string) output.Secrets {
		t.Helper()
		var made struct {
			ID     string
			APIKey string `json:"api_key"`
		}
		must(t, es.Do(ctx, http.MethodPost, "/_security/api_key", map[string]any{"name": name, "role_descriptors": map[string]any{name: map[string]any{
			"cluster": []string{"monitor"}, "indices": []any{map[string]any{"names": []string{"flows", "flows-*"}, "privileges": privileges}},
		}}}, &made))
		return output.Secrets{APIKey: base64.StdEncoding.EncodeToString([]byte(made.ID + ":" + made.APIKey))}
	}
	target, err := connect(output.Secrets{Username: es.SetupUser, Password: es.SetupPassword}).Setup(ctx, output.SetupConfig{Index: "flows", Target: output.TargetAuto}, func(output.Step) {})
	if err != nil || target != schema.TargetAlias {
		t.Fatalf("the target is %q, %v", target, err)
	}

	// The server keeps sizes for ten seconds; this test does not wait for them.
	const first = "/flows-000001"
	must(t, es.Do(ctx, http.MethodDelete, first, nil, nil))
	must(t, es.Do(ctx, http.MethodPut, "/_index_template/flows-test", map[string]any{
		"index_patterns": []string{"flows-*"}, "priority": 1000, "composed_of": []string{"flows-settings", "flows-mappings"},
		"template": map[string]any{"settings": map[string]any{"index.store.stats_refresh_interval": "0s"}},
	}, nil))
	must(t, es.Do(ctx, http.MethodPut, first, map[string]any{"aliases": map[string]any{"flows": map[string]any{"is_write_index": true}}}, nil))

	const most, each = 2 << 20, 2000
	writer, keeper := connect(key("writer", "create_doc", "view_index_metadata")), connect(key("keeper", "view_index_metadata", "monitor", "manage", "delete_index"))
	written, removed := 0, []output.Removal(nil)
	for round := 0; len(removed) < 2; round++ {
		if round == 60 {
			t.Fatalf("after %d flows %d indices were removed", written, len(removed))
		}
		var body strings.Builder
		for range each {
			written++
			fmt.Fprintf(&body, `{"create":{}}`+"\n"+`{"@timestamp":"2026-11-27T12:00:00Z","source":{"ip":"198.18.%d.%d","port":%d},"network":{"bytes":%d,"packets":%d}}`+"\n",
				written>>8&255, written&255, written&65535, written*7919, written)
		}
		must(t, es.Do(ctx, http.MethodPost, "/flows/_bulk?refresh=true", body.String(), nil))
		must(t, es.Do(ctx, http.MethodPost, "/flows/_flush", nil, nil))
		gone, left, err := keeper.Prune(ctx, "flows", most)
		must(t, err)
		if left > most {
			t.Errorf("%d bytes are left, of %d", left, most)
		}
		removed = append(removed, gone...)
	}
	if removed[0].Index != "flows-000001" || removed[1].Index != "flows-000002" || removed[0].Flows == 0 || removed[0].Bytes == 0 {
		t.Errorf("removed were %+v", removed)
	}
	var count struct{ Count int }
	must(t, es.Do(ctx, http.MethodGet, "/flows/_count", nil, &count))
	if gone := int(removed[0].Flows + removed[1].Flows); count.Count != written-gone {
		t.Errorf("%d flows are there of %d, of which %d were removed", count.Count, written, gone)
	}
	var found struct {
		Aggregations struct{ Newest struct{ Value float64 } }
	}
	must(t, es.Do(ctx, http.MethodPost, "/flows/_search?size=0", map[string]any{"aggs": map[string]any{"newest": map[string]any{"max": map[string]any{"field": "network.packets"}}}}, &found))
	if int(found.Aggregations.Newest.Value) != written {
		t.Errorf("the newest flow is number %v of %d", found.Aggregations.Newest.Value, written)
	}
	if _, _, err := writer.Prune(ctx, "flows", 1<<20); err == nil || !strings.Contains(err.Error(), "403") && !strings.Contains(err.Error(), "unauthorized") {
		t.Errorf("a key that may only write: %v", err)
	}
	must(t, es.Do(ctx, http.MethodGet, "/flows/_count", nil, &count))
	if gone := int(removed[0].Flows + removed[1].Flows); count.Count != written-gone {
		t.Error("a key that may only write has removed flows")
	}
}

// forward has an address of this machine lead to one in the network of a host, until the test ends.
func forward(ctx context.Context, t *testing.T, h *acctest.Host, to string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, listener.Close()) })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := h.DialContext(ctx, "tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(way[0], way[1]) // who uses it sees what is wrong
					_ = way[0].Close()
				}()
			}
		}
	}()
	return listener.Addr().String()
}
