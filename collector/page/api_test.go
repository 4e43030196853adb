package page_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/page/pagetest"
)

// TestExportersForPrograms: what the pages show of exporters is there as JSON.
func TestExportersForPrograms(t *testing.T) {
	h := handler(pagetest.Busy(now), nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/exporters", nil))
	var all struct {
		Exporters []struct {
			Address, Name string
			Formats       []string
			LastSeen      string `json:"last_seen"`
			WaitingSets   int    `json:"waiting_sets"`
		}
		NotDecoded map[string]uint64 `json:"not_decoded"`
		Flows      uint64
	}
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v: %s", w.Code, err, w.Body)
	}
	if len(all.Exporters) != 8 || all.Exporters[0].Address != "192.0.2.1" || all.Exporters[0].Name == "" || len(all.Exporters[0].Formats) == 0 || all.Exporters[0].LastSeen == "" || all.Flows == 0 {
		t.Errorf("%+v", all)
	}
	waiting := 0
	for _, e := range all.Exporters {
		waiting += e.WaitingSets
	}
	if waiting == 0 || all.NotDecoded["unsupported_version"] != 12 {
		t.Errorf("%d sets wait; not decoded: %v", waiting, all.NotDecoded)
	}
	var one struct {
		Address        string
		Packets, Flows *uint64
	}
	body := get(t, h, "/api/v1/exporters/192.0.2.1", http.StatusOK)
	if err := json.Unmarshal([]byte(body), &one); err != nil || one.Address != "192.0.2.1" || one.Packets == nil || *one.Packets == 0 || one.Flows == nil || *one.Flows == 0 {
		t.Errorf("%v: %s", err, body)
	}
	has(t, get(t, h, "/api/v1/exporters/192.0.2.99", http.StatusNotFound), `"nothing has come from 192.0.2.99 since the start"`)
	has(t, get(t, h, "/api/v1/exporters/edge1", http.StatusBadRequest), `"error"`)
	empty := get(t, handler(pagetest.Empty(now), nil), "/api/v1/exporters", http.StatusOK)
	has(t, empty, `"exporters":[]`, `"not_decoded":{}`)
}
