package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip/geoiptest"
)

// TestGeoIPDatabase brings a database to a real host, and then the next release: the running collector takes it in.
func TestGeoIPDatabase(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	before := list(ctx, t, h)
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/geoip", chain.Variables(h, nil))
	must(t, err)
	cleanup(t, remove)

	source := filepath.Join(t.TempDir(), "GeoLite2-City.tar.gz")
	publish := func(city string, built time.Time) {
		t.Helper()
		database := geoiptest.Database(t, geoiptest.City, built, geoiptest.Place(city))
		must(t, os.WriteFile(source, geoiptest.Archive(t, geoiptest.City, database), 0o600))
	}
	made := time.Date(2026, 1, 6, 12, 0, 0, 0, time.UTC)
	publish("Bregenz", made)
	tofu.Set("source_file", source)
	tofu.Set("flows_file", flowsFile)
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	process := running(ctx, t, h)
	s := newSender(ctx, t, h)
	waitForPlace := func(city string) {
		t.Helper()
		waitFor(ctx, t, "flows with "+city, func() (bool, string) {
			s.send(t)
			out := run(ctx, t, h, "sh", "-c", "tail -n 1 "+flowsFile+" 2>/dev/null || true")
			return strings.Contains(string(out), `"city_name":"`+city+`"`), string(out)
		})
	}
	waitForPlace("Bregenz")

	publish("Dornbirn", made.AddDate(0, 0, 3))
	plan, err := tofu.Plan(ctx)
	must(t, err)
	change, planned := plan.Changes["flowstack_geoip_database.city"]
	if !planned || len(plan.Changes) != 1 || !slices.Equal(change.Actions, []string{"update"}) {
		t.Fatalf("the plan changes %v", plan.Changes)
	}
	if date := change.After["build_date"]; date != "2026-01-09T12:00:00Z" {
		t.Errorf("the plan says that it was made %v", date)
	}
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	waitForPlace("Dornbirn")
	const name = "flowcollector_enrich_source_build_timestamp_seconds"
	if got := metric(get(ctx, t, h, metricsPage), name); got != float64(made.AddDate(0, 0, 3).Unix()) {
		t.Errorf("%s is %v", name, got)
	}
	if now := running(ctx, t, h); now != process {
		t.Errorf("the collector is %+v, it was %+v: a database is no reason to restart", now, process)
	}

	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
}
