package aptrepository

import (
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// TestGone: what an interrupted removal left is not gone, or nobody would remove it any more.
func TestGone(t *testing.T) {
	desired := host.AptRepository{Name: "lab", Debs: map[string]*host.Source{"x.deb": nil}}.Desired()
	signed := host.AptRepository{Name: "lab", URIs: []string{"http://x"}, Suites: []string{"stable"}, Components: []string{"main"}}.Desired()
	for name, c := range map[string]struct {
		desired host.Desired
		there   string
		gone    bool
	}{
		"nothing":            {desired, "", true},
		"a package":          {desired, "file /var/lib/apt/flowstack-lab/x.deb", false},
		"the empty folder":   {desired, "directory /var/lib/apt/flowstack-lab", false},
		"the sources":        {desired, "file /etc/apt/sources.list.d/lab.sources", false},
		"the key":            {signed, "file /etc/apt/keyrings/lab.gpg", false},
		"everybody's folder": {signed, "directory /etc/apt/keyrings", true},
		"lists":              {signed, "repository lab: package lists", true},
	} {
		facts := c.desired.Facts()
		if _, ok := facts[c.there]; !ok && c.there != "" {
			t.Errorf("%s: there is no such fact among %v", name, facts)
		}
		for fact := range facts {
			if fact != c.there {
				facts[fact] = host.Absent
			}
		}
		if got := gone(c.desired, facts); got != c.gone {
			t.Errorf("with %s it is gone: %t", name, got)
		}
	}
}
