package field_test

import (
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

func TestIsText(t *testing.T) {
	if !field.IsText(schema.Flows, "network.application") || field.IsText(schema.Flows, "source.ip") || field.IsText(schema.Flows, "source.port") || field.IsText(schema.Flows, "nothing") {
		t.Error("a field is of another type")
	}
}

func TestCheckOfHealth(t *testing.T) {
	if err := field.Check(schema.Health, "collector.lost", field.Sum); err != nil {
		t.Error(err)
	}
	if err := field.Check(schema.Health, "source.ip", field.Group); err == nil || !strings.Contains(err.Error(), "documents of health have no such field") {
		t.Errorf("%v", err)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		use   field.Use
		wrong string
	}{
		{"source.ip", field.Group, ""},
		{"source.ip", field.Search, ""},
		{"network.bytes", field.Sum, ""},
		{"@timestamp", field.Order, ""},
		{"source.geo.location", field.Place, ""},
		{"network.community_id", field.Show, ""},
		{"source.ipv6", field.Show, "no such field"},
		{"network.bytes", field.Search, "cannot be searched for"},
		{"source.ip", field.Sum, "cannot be summed up: it is ip"},
		{"network.community_id", field.Group, "cannot be grouped by: it is keyword, index true, doc_values false"},
		{"network.community_id", field.Count, "cannot be counted"},
		{"source.port", field.Place, "cannot be put on a map"},
		{"source.domain", field.Order, "cannot be ordered"},
		{"flow.extra", field.Group, "cannot be grouped by"},
	} {
		err := field.Check(schema.Flows, c.name, c.use)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s, use %d: %v, not %q", c.name, c.use, err, c.wrong)
		}
	}
}
