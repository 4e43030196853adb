package elasticfake_test

import (
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
)

// TestFromEnvironment: what ELASTICSEARCH_URL names is a server, nothing, or packages for other tests.
func TestFromEnvironment(t *testing.T) {
	for address, want := range map[string]bool{
		"": false, "https://127.0.0.1:9200": true, "https://packages.example/elasticsearch-7.17.28-amd64.deb https://packages.example/elasticsearch-7.17.29-amd64.deb": false,
	} {
		t.Setenv("ELASTICSEARCH_URL", address)
		named, err := elasticfake.FromEnvironment("ELASTICSEARCH")
		if err != nil || (named != nil) != want {
			t.Errorf("%q is a server: %t, %v", address, named != nil, err)
		}
	}
}
