package geoip_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip/geoiptest"
	"github.com/flowstack/terraform-provider-flowstack/provider/geoip"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const address = geoip.ResourceType + ".test"

func config(h *providertest.Host, body string) string {
	return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", geoip.ResourceType, body)
}

func edition(server *geoiptest.Server, more string) string {
	return fmt.Sprintf("kind = \"city\"\nedition_id = %q\nmaxmind_url = %q\naccount_id = %q\nlicense_key_wo = %q\n%s",
		geoiptest.City, server.URL, server.Account, secret, more)
}

func TestComputed(t *testing.T) {
	h := providertest.StartHost(t, nil)
	cache(t)
	content := geoiptest.Database(t, geoiptest.City, older, nil)
	packed := geoiptest.Gzip(t, content)
	values := map[string]knownvalue.Check{
		"path": knownvalue.StringExact(path), "database_type": knownvalue.StringExact(geoiptest.City), "build_date": knownvalue.StringExact("2026-01-06T12:00:00Z"),
		"database_size": knownvalue.Int64Exact(int64(len(content))), "database_sha256": knownvalue.StringExact(geoiptest.Digest(content)),
		"published_sha256": knownvalue.StringExact(geoiptest.Digest(packed)), "id": knownvalue.StringExact("flow1/city"),
	}
	checks := make([]statecheck.StateCheck, 0, len(values))
	for name, value := range values {
		checks = append(checks, statecheck.ExpectKnownValue(address, tfjsonpath.New(name), value))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{{
			Config: config(h, fmt.Sprintf("kind = \"city\"\nsource = %q", write(t, "dbip-city-lite-2026-01.mmdb.gz", packed))),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{ // what a file is the plan says already
				plancheck.ExpectKnownValue(address, tfjsonpath.New("build_date"), knownvalue.StringExact("2026-01-06T12:00:00Z")),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("effective").AtMapKey(file+": type"), knownvalue.StringExact(geoiptest.City)),
			}},
			ConfigStateChecks: checks,
		}},
	})
}

func TestMistakesAreFoundInThePlan(t *testing.T) {
	h := providertest.StartHost(t, nil)
	cache(t)
	asn := write(t, "GeoLite2-ASN.mmdb", geoiptest.Database(t, geoiptest.ASN, older, nil))
	text := write(t, "login.mmdb", []byte("<html>Please log in</html>"))
	digest := strings.Repeat("0", 64)
	for name, c := range map[string]struct{ body, message string }{
		"no source":        {``, `Give\s+one\s+of\s+source,\s+url\s+and\s+edition_id`},
		"two sources":      {"source = \"/x\"\nurl = \"https://example.com/x\"", `There\s+are\s+source\s+and\s+url`},
		"nothing to check": {`url = "https://example.com/x"`, `Give\s+one\s+of\s+sha256\s+and\s+checksum_url`},
		"no key":           {"edition_id = \"GeoLite2-City\"\naccount_id = \"1\"", `It\s+takes\s+account_id\s+and\s+license_key_wo`},
		"key for a file":   {"source = \"/x\"\nlicense_key_wo = \"x\"", `It\s+goes\s+with\s+edition_id\s+or\s+url,\s+not\s+with\s+source`},
		"secret in a URL":  {"url = \"https://example.com/x?token=x\"\nsha256 = \"" + digest + "\"", `parameter\s+token\s+would\s+be\s+in\s+the\s+state`},
		"key without TLS":  {"url = \"http://example.com/x\"\nsha256 = \"" + digest + "\"\nlicense_key_wo = \"x\"", `use\s+https`},
		"age":              {"source = \"/x\"\nmax_age = \"a month\"", `write\s+it\s+in\s+days\s+or\s+hours|Write\s+it\s+in\s+days\s+or\s+hours`},
		"no file":          {`source = "/none/GeoLite2-City.mmdb"`, `/none/GeoLite2-City.mmdb:\s+no\s+such\s+file`},
		"another kind":     {fmt.Sprintf("source = %q", asn), `(?s)GeoLite2-ASN.mmdb:.*of\s+kind\s+asn,\s+not\s+city`},
		"no database":      {fmt.Sprintf("source = %q", text), `(?s)login.mmdb:.*not\s+a\s+database\s+in\s+MaxMind's\s+format`},
		"another digest":   {fmt.Sprintf("source = %q\nsha256 = %q", asn, digest), `(?s)its\s+SHA-256\s+is\s+[0-9a-f]{64},\s+not\s+0{64}`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps:                    []resource.TestStep{{Config: config(h, "kind = \"city\"\n"+c.body), PlanOnly: true, ExpectError: regexp.MustCompile(c.message)}},
			})
		})
	}
	if _, exists := h.Read(path); exists {
		t.Error("a plan put a database on the host")
	}
}

// TestBadReleaseIsRefused: the host keeps what it has.
func TestBadReleaseIsRefused(t *testing.T) {
	h := providertest.StartHost(t, nil)
	cache(t)
	server := geoiptest.Start(t, "12345", secret)
	good, bad := geoiptest.Database(t, geoiptest.City, older, nil), geoiptest.Database(t, geoiptest.City, newer, nil)
	copy(bad[len(bad)/3:], make([]byte, 40))
	server.Publish(geoiptest.City, geoiptest.Archive(t, geoiptest.City, good))
	cli := providertest.NewCLI(t)
	cli.Write(config(h, edition(server, "")))
	if said := cli.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("%+v", said)
	}
	server.Publish(geoiptest.City, geoiptest.Archive(t, geoiptest.City, bad))
	cli.Write(config(h, edition(server, `max_age = "1d"`)))
	said := cli.Apply()
	if len(said.Errors) != 1 || !strings.Contains(said.Errors[0], "GeoLite2-City of "+server.URL+": it is damaged") {
		t.Errorf("%+v", said)
	}
	if err := is(h, good)(); err != nil {
		t.Error(err)
	}
}

func TestMaxAge(t *testing.T) {
	h := providertest.StartHost(t, nil)
	cache(t)
	server := geoiptest.Start(t, "12345", secret)
	first, second := geoiptest.Database(t, geoiptest.City, older, nil), geoiptest.Database(t, geoiptest.City, newer, nil)
	server.Publish(geoiptest.City, geoiptest.Archive(t, geoiptest.City, first))
	cli := providertest.NewCLI(t)
	at := func(when time.Time) { t.Cleanup(geoip.At(when)) }
	// An apply counts a change twice: as planned and as made.
	expect := func(what string, said providertest.Outcome, changes int, warnings ...string) {
		t.Helper()
		if len(said.Errors) > 0 || said.Changes != changes || len(said.Warnings) != len(warnings) {
			t.Fatalf("%s: %+v; want %d changes and the warnings %q", what, said, changes, warnings)
		}
		for i, warning := range warnings {
			if !strings.Contains(strings.Join(strings.Fields(said.Warnings[i]), " "), warning) {
				t.Errorf("%s: %q; want %q", what, said.Warnings[i], warning)
			}
		}
	}
	checksum := geoiptest.City + " tar.gz.sha256"

	at(older.Add(2 * 24 * time.Hour))
	cli.Write(config(h, edition(server, "")))
	expect("the first apply", cli.Apply(), 2)
	server.Requests()
	server.Publish(geoiptest.City, geoiptest.Archive(t, geoiptest.City, second))
	expect("without max_age", cli.Plan(), 0)
	cli.Write(config(h, edition(server, `max_age = "3d"`)))
	expect("max_age that did not come", cli.Apply(), 2) // the attribute itself
	if requests := server.Requests(); len(requests) > 0 {
		t.Errorf("the server was asked %q before it was time", requests)
	}

	at(older.Add(4 * 24 * time.Hour))
	expect("a newer one", cli.Plan(), 1)
	if requests := server.Requests(); !slices.Equal(requests, []string{checksum}) {
		t.Errorf("the plan asked %q", requests)
	}
	server.Break(true)
	expect("a server that does not answer", cli.Plan(), 0, "The GeoIP database is old", "The one on the host stays.")
	server.Break(false)
	expect("the update", cli.Apply(), 2)
	if err := is(h, second)(); err != nil {
		t.Error(err)
	}
	expect("after the update", cli.Plan(), 0)

	at(newer.Add(40 * 24 * time.Hour))
	expect("no newer one", cli.Plan(), 0,
		"GeoLite2-City was made on 2026-01-09, 40 days ago; max_age is 3d. Its source has no newer one.")
}

// TestPinnedURL: only another digest is another database, and what was downloaded once repairs the host.
func TestPinnedURL(t *testing.T) {
	h := providertest.StartHost(t, nil)
	cache(t)
	first, second := geoiptest.Database(t, geoiptest.City, older, nil), geoiptest.Database(t, geoiptest.City, newer, nil)
	var content atomic.Pointer[[]byte]
	var downloads atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		downloads.Add(1)
		_, _ = w.Write(*content.Load())
	}))
	t.Cleanup(server.Close)
	with := func(database []byte) string {
		return config(h, fmt.Sprintf("kind = \"city\"\nurl = \"%s/dbip-city-lite.mmdb.gz\"\nsha256 = %q\nmax_age = \"30d\"", server.URL, geoiptest.Digest(geoiptest.Gzip(t, database))))
	}
	publish := func(database []byte) {
		packed := geoiptest.Gzip(t, database)
		content.Store(&packed)
	}
	t.Cleanup(geoip.At(newer))
	cli := providertest.NewCLI(t)
	apply := func(what string, database []byte) {
		t.Helper()
		if said := cli.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
			t.Fatalf("%s: %+v", what, said)
		}
		if err := is(h, database)(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	publish(first)
	cli.Write(with(first))
	apply("the first", first)
	h.Write(path, string(second))
	apply("the repair", first)
	if n := downloads.Load(); n != 1 {
		t.Errorf("%d downloads of one file", n)
	}
	cli.Write(with(second))
	if said := cli.Apply(); len(said.Errors) != 1 || !strings.Contains(said.Errors[0], "/dbip-city-lite.mmdb.gz: its SHA-256 is "+geoiptest.Digest(geoiptest.Gzip(t, first))) {
		t.Errorf("a file that is not what is asked for: %+v", said)
	}
	if err := is(h, first)(); err != nil {
		t.Error(err)
	}
	publish(second)
	apply("the second", second)

	t.Cleanup(geoip.At(newer.Add(31 * 24 * time.Hour)))
	said := cli.Plan()
	if len(said.Errors) > 0 || said.Changes != 0 || len(said.Warnings) != 1 || !strings.Contains(said.Warnings[0], "31 days ago") {
		t.Errorf("when it is old: %+v", said)
	}
}

// TestTwoAtOnce: databases of two kinds share a directory, which both make and remove at once.
func TestTwoAtOnce(t *testing.T) {
	h := providertest.StartHost(t, nil)
	cache(t)
	var text strings.Builder
	text.WriteString(h.Provider())
	for kind, name := range map[string]string{"city": geoiptest.City, "asn": geoiptest.ASN} {
		source := write(t, name+".mmdb", geoiptest.Database(t, name, older, nil))
		fmt.Fprintf(&text, "resource %q %q {\n  kind = %q\n  source = %q\n}\n", geoip.ResourceType, kind, kind, source)
	}
	cli := providertest.NewCLI(t)
	cli.Write(text.String())
	for range 3 {
		if said := cli.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
			t.Fatalf("%+v", said)
		}
		if said := cli.Plan(); said.Changes > 0 || len(said.Errors)+len(said.Warnings) > 0 {
			t.Errorf("the next plan: %+v", said)
		}
		if said := cli.Destroy(); len(said.Errors) > 0 {
			t.Fatalf("%+v", said)
		}
		left, err := filepath.Glob(h.Path("/var/lib/GeoIP/*"))
		if err != nil || len(left) > 0 {
			t.Errorf("there is %q, %v", left, err)
		}
	}
}

// TestSourceKnownAfterApply: a file that another resource makes is known only then.
func TestSourceKnownAfterApply(t *testing.T) {
	h := providertest.StartHost(t, nil)
	cache(t)
	content := geoiptest.Database(t, geoiptest.City, older, nil)
	source := write(t, "city.mmdb", content)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{{
			Config: config(h, "kind = \"city\"\nsource = terraform_data.later.output") + fmt.Sprintf("resource \"terraform_data\" \"later\" { input = %q }\n", source),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue(address, tfjsonpath.New("build_date")),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("path"), knownvalue.StringExact(path)),
			}},
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(address, tfjsonpath.New("database_sha256"), knownvalue.StringExact(geoiptest.Digest(content)))},
		}},
	})
}

// TestLargeDatabase streams one that is larger than what the engine keeps, and looks at the state.
func TestLargeDatabase(t *testing.T) {
	h := providertest.StartHost(t, nil)
	cache(t)
	content := geoiptest.Large(t, geoiptest.City, older, 4<<20)
	cli := providertest.NewCLI(t)
	cli.Write(config(h, fmt.Sprintf("kind = \"city\"\nsource = %q", write(t, "city.tar.gz", geoiptest.Archive(t, geoiptest.City, content)))))
	if said := cli.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("%+v", said)
	}
	if err := is(h, content)(); err != nil {
		t.Error(err)
	}
	if said := cli.Plan(); said.Changes > 0 || len(said.Errors) > 0 {
		t.Errorf("the next plan: %+v", said)
	}
	info, err := os.Stat(cli.Dir + "/terraform.tfstate")
	if err != nil || info.Size() > 16<<10 {
		t.Errorf("the state has %d bytes, %v", info.Size(), err)
	}
}
