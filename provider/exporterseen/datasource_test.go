package exporterseen_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/collector/page"
	"github.com/flowstack/terraform-provider-flowstack/collector/page/pagetest"
	"github.com/flowstack/terraform-provider-flowstack/provider/exporterseen"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const address = "data." + exporterseen.DataSourceType + ".test"

// serve runs the collector's own pages over an invented service.
func serve(t *testing.T, source page.Source) string {
	t.Helper()
	s := httptest.NewServer(page.New(page.Options{Source: source, Logger: slog.New(slog.DiscardHandler)}))
	t.Cleanup(s.Close)
	return s.URL
}

func config(h *providertest.Host, endpoint, exporter, more string) string {
	if exporter != "" {
		more = fmt.Sprintf("address = %q\n%s", exporter, more)
	}
	return h.Provider() + fmt.Sprintf("data %q \"test\" {\n  endpoint = %q\n  wait = \"0s\"\n%s\n}\n", exporterseen.DataSourceType, endpoint, more)
}

func TestSeen(t *testing.T) {
	h := providertest.StartHost(t, nil)
	busy := serve(t, pagetest.Busy(time.Now()))
	is := func(attribute string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), check)
	}
	positive := knownvalue.Int64Func(func(v int64) error {
		if v <= 0 {
			return fmt.Errorf("%d is not more than nothing", v)
		}
		return nil
	})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{{
			Config: config(h, busy, "192.0.2.1", ""),
			ConfigStateChecks: []statecheck.StateCheck{
				is("host", knownvalue.StringExact("flow1")), is("flows", positive), is("packets", positive), is("templates", positive),
				is("name", knownvalue.StringExact("edge1.fra.example.net")), is("formats", knownvalue.ListSizeExact(1)),
				is("last_seen", knownvalue.StringRegexp(regexp.MustCompile(`^20\d\d-`))),
			},
		}, {
			Config:            config(h, busy, "", ""),
			ConfigStateChecks: []statecheck.StateCheck{is("address", knownvalue.StringExact("192.0.2.1")), is("flows", positive)},
		}},
	})
}

func TestNotSeen(t *testing.T) {
	h := providertest.StartHost(t, nil)
	busy, empty := pagetest.Busy(time.Now()), pagetest.Empty(time.Now())
	refused := pagetest.Empty(time.Now())
	refused.State.Refused = []page.NamedSum{{Cause: "not_allowed", Name: "not from one of exporters.allow", N: 17}}
	waiting := pagetest.Busy(time.Now())
	waiting.State.Exporters = []page.Sender{{Address: netip.MustParseAddr("192.0.2.1"), Formats: []string{"netflow9"}, Waiting: 5}}
	waiting.Detail.Sources = []page.Process{{Format: "netflow9", Packets: 9}}
	malformed := pagetest.Busy(time.Now())
	malformed.State.Exporters = []page.Sender{{Address: netip.MustParseAddr("192.0.2.1"), Formats: []string{"netflow9"}, Malformed: 4}}
	malformed.Detail.Sources = []page.Process{{Format: "netflow9", Packets: 9}}
	options := pagetest.Busy(time.Now())
	options.State.Exporters = []page.Sender{{Address: netip.MustParseAddr("192.0.2.1"), Formats: []string{"netflow9"}}}
	options.Detail.Sources = []page.Process{{Format: "netflow9", Packets: 9}}
	silent := httptest.NewServer(nil)
	silent.Close()
	for name, c := range map[string]struct{ endpoint, exporter, more, want string }{
		"others are seen":     {serve(t, busy), "192.0.2.99", "", `others\s+have\s+been\s+seen,\s+192\.0\.2\.1,`},
		"nobody is":           {serve(t, empty), "192.0.2.1", "", `no\s+packet\s+has\s+come\s+at\s+all`},
		"nobody at all is":    {serve(t, empty), "", "", `no\s+flow\s+of\s+any\s+exporter\s+within\s+0s\.\s+No\s+packet\s+has\s+come\s+at\s+all`},
		"it is refused":       {serve(t, refused), "192.0.2.1", "", `17\s+packets\s+were\s+refused\s+because\s+of\s+exporters\.allow`},
		"it has no templates": {serve(t, waiting), "192.0.2.1", "", `9\s+packets\s+came,\s+and\s+5\s+data\s+sets\s+wait\s+for\s+their\s+template`},
		"it is malformed":     {serve(t, malformed), "192.0.2.1", "", `9\s+packets\s+came,\s+of\s+which\s+4\s+could\s+not\s+be\s+decoded\s+to\s+their\s+end`},
		"it has no flows":     {serve(t, options), "192.0.2.1", "", `9\s+packets\s+came,\s+without\s+a\s+flow`},
		"no collector":        {silent.URL, "192.0.2.1", "", `the\s+collector\s+does\s+not\s+answer`},
		"not an address":      {serve(t, empty), "edge1", "", `edge1\s+is\s+not\s+an\s+address`},
		"not an endpoint":     {"ftp://127.0.0.1", "192.0.2.1", "", `must\s+be\s+an\s+address\s+like`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps:                    []resource.TestStep{{Config: config(h, c.endpoint, c.exporter, c.more), PlanOnly: true, ExpectError: regexp.MustCompile("(?i)" + c.want)}},
			})
		})
	}
}

// TestInACheck: what depends on something that is still to be made is looked at in the apply, after that; in a check block a silent exporter is a warning there, and an error
// elsewhere.
func TestInACheck(t *testing.T) {
	h := providertest.StartHost(t, nil)
	quiet := pagetest.Empty(time.Now())
	endpoint := serve(t, quiet)
	data := fmt.Sprintf("data %q \"test\" {\n  address = \"192.0.2.1\"\n  endpoint = %q\n  wait = \"0s\"\n  depends_on = [flowstack_file.first]\n}\n", exporterseen.DataSourceType, endpoint)
	file := func(content string) string {
		return h.Provider() + fmt.Sprintf("resource \"flowstack_file\" \"first\" {\n  path = \"/etc/first\"\n  content = %q\n}\n", content)
	}
	const says = "No flows of the exporter 192.0.2.1"
	c := providertest.NewCLI(t)
	c.Write(file("one") + "check \"flows\" {\n" + data + "  assert {\n    condition = data." + exporterseen.DataSourceType + ".test.flows > 0\n    error_message = \"none\"\n  }\n}\n")
	if said := c.Apply(); len(said.Errors) > 0 || !strings.Contains(strings.Join(said.Warnings, "\n"), says) {
		t.Errorf("the check says %+v", said)
	}
	if content, _ := h.Read("/etc/first"); content != "one" {
		t.Error("the check was in the way of the apply")
	}
	c.Write(file("two") + data)
	if said := c.Plan(); len(said.Errors) > 0 {
		t.Errorf("it is looked at in the plan already: %+v", said)
	}
	if said := c.Apply(); !strings.Contains(strings.Join(said.Errors, "\n"), says) {
		t.Errorf("the apply says %+v", said)
	}
	if content, _ := h.Read("/etc/first"); content != "two" {
		t.Error("it was looked at before what it depends on")
	}
}
