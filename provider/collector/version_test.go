package collector_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/provider/collector"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func TestVersionOfThePassword(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	by := []func(){
		func() { h.Write(credential, "by hand") },
		func() {
			if err := os.Remove(h.Path(credential)); err != nil {
				t.Error(err)
			}
		},
	}
	providertest.Pinned{
		Provider: h.Provider(), Type: collector.ResourceType, Attribute: "elasticsearch_password_wo_version", Revision: "credentials_revision",
		Body: func(value, version string, other bool) string {
			return fmt.Sprintf("settings = { \"output.elasticsearch.username\" = \"flowcollector\", \"output.elasticsearch.index\" = \"flows-%t\" }\nelasticsearch_password_wo = %q\n%s",
				other, value, version)
		},
		InForce: func() string { content, _ := h.Read(credential); return content },
		Drift: func() {
			by[0]()
			by = append(by[1:], by[0])
		},
	}.Run(t)
}
