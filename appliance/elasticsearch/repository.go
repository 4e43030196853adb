package elasticsearch

import (
	_ "embed"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Key is the public key that signs Elastic's packages, armored.
//
//go:embed elastic.asc
var Key []byte

// KeyFingerprint is the fingerprint of Key as Elastic's documentation has it.
const KeyFingerprint = "46095ACC8548582C1A2699A9D27D666CD88E42B4"

// RepositoryName is the name of the files of Elastic's repository.
const RepositoryName = "elastic"

// Repository is Elastic's repository of the packages of a major version ("7.17.29" is of 7.x), signed by these keys: Elasticsearch and Kibana are in it. URIs
// are mirrors; without any it is Elastic's own.
func Repository(version string, uris []string, keys host.Keyring) host.AptRepository {
	major, _, _ := strings.Cut(version, ".")
	if len(uris) == 0 {
		uris = []string{"https://artifacts.elastic.co/packages/" + major + ".x/apt"}
	}
	return host.AptRepository{
		Name: RepositoryName, URIs: uris, Suites: []string{"stable"}, Components: []string{"main"}, Keyring: keys.Content,
	}
}
