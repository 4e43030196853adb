package monitoring

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

type source struct{ Type, UID string }

type panel struct {
	ID         int
	Type       string
	Title      string
	Datasource source
	GridPos    struct{ H, W, X, Y int }
	Fields     struct{ Defaults struct{ Unit string } } `json:"fieldConfig"`
	Targets    []struct {
		RefID      string `json:"refId"`
		Expr       string
		Datasource source
	}
}

type board struct {
	Title, UID    string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type, Query string
			Datasource        source
		}
	}
	Annotations struct{ List []struct{ Expr string } }
	Panels      []panel
}

func dashboard(t *testing.T) (b board) {
	t.Helper()
	if err := json.Unmarshal(Dashboard, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// queries are those of all panels and annotations.
func (b board) queries() (list []string) {
	for _, a := range b.Annotations.List {
		list = append(list, a.Expr)
	}
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			list = append(list, target.Expr)
		}
	}
	return list
}

// TestDashboard holds what Grafana asks of a dashboard, and what makes one portable.
func TestDashboard(t *testing.T) {
	b := dashboard(t)
	if b.Title == "" || b.UID != "flowcollector" || b.SchemaVersion != 39 {
		t.Errorf("title %q, uid %q, schema version %d", b.Title, b.UID, b.SchemaVersion)
	}
	if bytes.Contains(Dashboard, []byte(`"id": null`)) {
		t.Error("there is a thing without id")
	}
	variables := b.Templating.List
	if len(variables) != 2 || variables[0].Name != "datasource" || variables[0].Type != "datasource" || variables[0].Query != "prometheus" || variables[1].Name != "instance" {
		t.Errorf("variables %+v", variables)
	}
	chosen := source{"prometheus", "${datasource}"}
	ids, taken := map[int]string{}, map[[2]int]string{}
	for _, p := range b.Panels {
		if before := ids[p.ID]; p.ID <= 0 || before != "" {
			t.Errorf("%s has the id %d, as %q has", p.Title, p.ID, before)
		}
		ids[p.ID] = p.Title
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if before := taken[[2]int{x, y}]; before != "" || x > 23 {
					t.Fatalf("%s is beyond the edge, or on %q", p.Title, before)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Type != "stat" && p.Type != "timeseries" || p.Datasource != chosen || p.Fields.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("%s: type %q, data source %v, unit %q, %d queries", p.Title, p.Type, p.Datasource, p.Fields.Defaults.Unit, len(p.Targets))
		}
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if refs[target.RefID] || target.Datasource != chosen || !strings.Contains(target.Expr, `instance=~"$instance"`) {
				t.Errorf("%s: query %+v", p.Title, target)
			}
			refs[target.RefID] = true
		}
	}
	if len(ids) < 20 {
		t.Errorf("%d panels", len(ids))
	}
}
