package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestFlowIndex is the life of a flow index in a real Elasticsearch, which has no x-pack: an alias is what flows are written to.
func TestFlowIndex(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "index1")
	e, err := acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: h, Log: t.Logf})
	must(t, err)
	cleanup(t, e.Close)
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/flowindex", chain.Variables(h, e))
	must(t, err)
	cleanup(t, remove)

	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	expectIndices(ctx, t, e, "flows-000001")

	// The collector's user need not be able to make an index: documents have one to go to.
	expectWritten(ctx, t, e, "flows", `{"@timestamp":"2026-01-01T00:00:00Z","source":{"ip":"192.0.2.1"}}`)

	// More shards take a new index, once.
	tofu.Set("shards", "2")
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	expectIndices(ctx, t, e, "flows-000001", "flows-000002")
	must(t, tofu.Apply(ctx))
	expectIndices(ctx, t, e, "flows-000001", "flows-000002")

	// So does an index of before, with a field less; and settings that can change in place take none.
	component := "/_component_template/flows-mappings"
	var kept struct {
		Templates []struct {
			Template struct {
				Template map[string]any `json:"template"`
				Meta     map[string]any `json:"_meta"`
			} `json:"component_template"`
		} `json:"component_templates"`
	}
	must(t, e.Do(ctx, http.MethodGet, component, nil, &kept))
	must(t, e.Do(ctx, http.MethodPut, component, map[string]any{"template": map[string]any{"mappings": map[string]any{
		"dynamic": "false", "properties": map[string]any{"@timestamp": map[string]any{"type": "date"}},
	}}}, nil))
	must(t, e.Do(ctx, http.MethodPost, "/flows/_rollover", nil, nil))
	must(t, e.Do(ctx, http.MethodPut, component, map[string]any{"template": kept.Templates[0].Template.Template, "_meta": kept.Templates[0].Template.Meta}, nil))
	must(t, e.Do(ctx, http.MethodPut, "/flows-000003/_settings", map[string]any{"index.refresh_interval": "1s"}, nil))
	plan, err := tofu.Plan(ctx)
	must(t, err)
	was, _ := plan.Changes["flowstack_flow_index.flows"].Before["effective"].(map[string]any)
	if !strings.HasPrefix(fmt.Sprint(was["write index: mappings"]), "old: client.bytes, ") || was["indices: settings"] != "old: index.refresh_interval" {
		t.Errorf("the plan shows %v and %v", was["write index: mappings"], was["indices: settings"])
	}
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	expectIndices(ctx, t, e, "flows-000001", "flows-000002", "flows-000003", "flows-000004")

	// What stands behind a name is never turned into something else.
	tofu.Set("mode", "index")
	expectPlanError(ctx, t, tofu, `There is an alias of this name, not an index: remove it, or set mode to "alias"`)
	tofu.Set("mode", "data_stream")
	expectPlanError(ctx, t, tofu, `There is an alias of this name, not a data stream: remove it, or set mode to "alias"`)
	tofu.Set("mode", "auto")

	// Templates of others.
	must(t, e.Do(ctx, http.MethodPut, "/_index_template/netflow", map[string]any{"index_patterns": []string{"flo*"}, "priority": 500}, nil))
	expectPlanError(ctx, t, tofu, "Index template netflow is for flo*, and its priority 500 is higher than 205")
	must(t, e.Do(ctx, http.MethodDelete, "/_index_template/netflow", nil, nil))

	// A destroy keeps the flow; the same configuration takes it up again.
	must(t, tofu.Destroy(ctx))
	if sums, err := e.PairSums(ctx, "flows"); err != nil {
		t.Error(sums, err)
	}
	expectIndices(ctx, t, e, "flows-000001", "flows-000002", "flows-000003", "flows-000004")
	tofu.Set("delete_data", "true")
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	must(t, tofu.Destroy(ctx))
	expectIndices(ctx, t, e)
	for _, path := range []string{"/_index_template/flows", "/_component_template/flows-settings", component} {
		if err := e.Do(ctx, http.MethodGet, path, nil, nil); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("after the destroy: %s: %v", path, err)
		}
	}
}

// expectIndices expects these indices of flows, and no others.
func expectIndices(ctx context.Context, t *testing.T, e *acctest.Elasticsearch, want ...string) {
	t.Helper()
	var found struct {
		Indices []struct {
			Name string `json:"name"`
		} `json:"indices"`
	}
	must(t, e.Do(ctx, http.MethodGet, "/_resolve/index/flows*", nil, &found))
	names := make([]string, 0, len(found.Indices))
	for _, index := range found.Indices {
		names = append(names, index.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("there are the indices %v, want %v", names, want)
	}
}

// expectWritten creates a document as the collector's user does.
func expectWritten(ctx context.Context, t *testing.T, e *acctest.Elasticsearch, name, document string) {
	t.Helper()
	body := "{\"create\":{}}\n" + document + "\n"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL+"/"+name+"/_bulk", bytes.NewReader([]byte(body)))
	must(t, err)
	request.SetBasicAuth(e.WriterUser, e.WriterPassword)
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := e.HTTPClient().Do(request)
	must(t, err)
	defer response.Body.Close() //nolint:errcheck // read only
	answer, err := io.ReadAll(response.Body)
	must(t, err)
	if response.StatusCode != http.StatusOK || !strings.Contains(string(answer), `"errors":false`) {
		t.Errorf("a document is not stored: %s: %s", response.Status, answer)
	}
}
