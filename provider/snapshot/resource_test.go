package snapshot_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/snapshot"
)

const (
	name = "flowstack-test"
	root = "/srv/snapshots"
)

type object = map[string]any

var repoOptions = elasticfake.Options{PathRepo: []string{root}}

func TestRepositoryLife(t *testing.T) {
	c := providertest.StartCluster(t, repoOptions)
	at := "/_snapshot/" + name
	is := func(location, rate string) func() error {
		return func() error {
			settings, _ := c.Do(t, http.MethodGet, at, nil)[name].(object)["settings"].(object)
			if settings["location"] != location || rate != "" && settings["max_snapshot_bytes_per_sec"] != rate {
				return fmt.Errorf("the settings are %v", settings)
			}
			return nil
		}
	}
	providertest.Life{
		Host: providertest.StartHost(t, nil), Elasticsearch: c, Type: snapshot.RepositoryType,
		Body:    fmt.Sprintf("name = %q\ntype = \"fs\"\nsettings = { location = \"%s/a\", compress = true }", name, root),
		Changed: fmt.Sprintf("name = %q\ntype = \"fs\"\nsettings = { location = \"%s/b\", max_snapshot_bytes_per_sec = \"20mb\" }", name, root),
		Check:   is(root+"/a", ""), CheckChanged: is(root+"/b", "20mb"),
		Drifts: []providertest.Drift{{
			Name: "the location", Fact: "setting location", From: root + "/c", To: root + "/a",
			By: func() {
				c.Do(t, http.MethodPut, at, object{"type": "fs", "settings": object{"location": root + "/c", "compress": true}})
			},
		}},
		Vanish:   func() { c.Do(t, http.MethodDelete, at, nil) },
		ImportID: name, Identity: map[string]string{"name": name},
		Left: func() error { return absent(t, c, at) },
	}.Run(t)
}

func absent(t *testing.T, c *providertest.Cluster, path string) error {
	t.Helper()
	if found := c.Do(t, http.MethodGet, path, nil); found != nil {
		return fmt.Errorf("%s: %v", path, found)
	}
	return nil
}

func TestPolicyLife(t *testing.T) {
	c := providertest.StartCluster(t, repoOptions)
	at := "/_slm/policy/" + name
	c.Do(t, http.MethodPut, "/_snapshot/backup", object{"type": "fs", "settings": object{"location": root}})
	policy := func() object {
		item, _ := c.Do(t, http.MethodGet, at, nil)[name].(object)
		policy, _ := item["policy"].(object)
		return policy
	}
	is := func(schedule string, count float64) func() error {
		return func() error {
			retention, _ := policy()["retention"].(object)
			if policy()["schedule"] != schedule || retention["max_count"] != count {
				return fmt.Errorf("the policy is %v", policy())
			}
			return nil
		}
	}
	body := fmt.Sprintf("name = %q\nrepository = \"backup\"\nindices = [\"flows\"]\n", name)
	providertest.Life{
		Host: providertest.StartHost(t, nil), Elasticsearch: c, Type: snapshot.PolicyType,
		Body:    body + "schedule = \"0 30 1 * * ?\"\nretention = { expire_after = \"30d\", min_count = 5, max_count = 50 }",
		Changed: body + "schedule = \"0 0 2 * * ?\"\nretention = { max_count = 7 }\npartial = true",
		Check:   is("0 30 1 * * ?", 50), CheckChanged: is("0 0 2 * * ?", 7),
		Drifts: []providertest.Drift{{
			Name: "the schedule", Fact: "schedule", From: "0 0 5 * * ?", To: "0 30 1 * * ?",
			By: func() {
				changed := policy()
				changed["schedule"] = "0 0 5 * * ?"
				c.Do(t, http.MethodPut, at, changed)
			},
		}},
		Vanish:   func() { c.Do(t, http.MethodDelete, at, nil) },
		ImportID: name, Identity: map[string]string{"name": name},
		Left: func() error { return absent(t, c, at) },
	}.Run(t)
}

func said(texts []string) string { return strings.Join(strings.Fields(strings.Join(texts, " ")), " ") }

func expectError(t *testing.T, outcome providertest.Outcome, want string) {
	t.Helper()
	if got := said(outcome.Errors); !strings.Contains(got, want) {
		t.Errorf("it says %q, not %q", got, want)
	}
}

func TestMistakes(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, repoOptions), providertest.NewCLI(t)
	config := func(c *providertest.Cluster, kind, body string) string {
		return c.Provider(h) + fmt.Sprintf("resource %q \"test\" {\nname = \"backup\"\n%s\n}\n", kind, body)
	}
	for body, want := range map[string]string{
		`type = "s3"
settings = { bucket = "b", secret_key = "x" }`: "put secret_key into the keystore of every node, such as s3.client.default.secret_key.",
		`type = "fs"
settings = { location = "/elsewhere" }`: "path.repo is a setting of every node that holds data or may be master",
		`type = "s3"
settings = { bucket = "b" }`: "types other than fs, url and source come with a plugin",
		`type = "fs"
settings = { location = "` + root + "/" + elasticfake.Unwritable + `" }`: "the user elasticsearch has to be able to write there, on every node",
	} {
		cli.Write(config(c, snapshot.RepositoryType, body))
		expectError(t, cli.Apply(), want)
		if err := absent(t, c, "/_snapshot/backup"); err != nil {
			t.Errorf("of the creation that failed something is left: %v", err)
		}
	}
	// A change that cannot be verified is put back, and tried again by the next apply.
	cli.Write(config(c, snapshot.RepositoryType, "type = \"fs\"\nsettings = { location = \"good\" }"))
	if outcome := cli.Apply(); len(outcome.Errors) > 0 {
		t.Fatal(outcome.Errors)
	}
	cli.Write(config(c, snapshot.RepositoryType, "type = \"fs\"\nsettings = { location = \""+elasticfake.Unwritable+"\" }"))
	for range 2 {
		expectError(t, cli.Apply(), "is not accessible")
		settings, _ := c.Do(t, http.MethodGet, "/_snapshot/backup", nil)["backup"].(object)["settings"].(object)
		if settings["location"] != "good" {
			t.Errorf("the location is %v", settings)
		}
	}
	cli.Write(config(c, snapshot.PolicyType, "schedule = \"30 1 * * *\"\nrepository = \"backup\""))
	expectError(t, cli.Plan(), "A schedule has six or seven fields, from second to day of the week and perhaps year, such as `0 30 1 * * ?`; this one has 5.")
	cli.Write(config(c, snapshot.PolicyType, "schedule = \"0 30 1 * * ?\"\nrepository = \"backup\"\nretention = { min_count = 5, max_count = 2, expire_after = \"1w\" }"))
	expectError(t, cli.Plan(), "At least 5 and at most 2 cannot be.")
	expectError(t, cli.Plan(), `"1w" is not a time`)
	cli.Write(config(c, snapshot.PolicyType, "schedule = \"0 30 1 * * ?\"\nrepository = \"nope\""))
	expectError(t, cli.Apply(), "no such repository [nope]")
	plain := providertest.StartCluster(t, elasticfake.Options{Plain: true})
	cli.Write(config(plain, snapshot.PolicyType, "schedule = \"0 30 1 * * ?\"\nrepository = \"backup\""))
	expectError(t, cli.Apply(), "This Elasticsearch has no snapshot lifecycle management, which is in Elastic's default distribution")
}
