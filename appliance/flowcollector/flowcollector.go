// Package flowcollector says what a host that runs the flow collector looks like: a pure function from its settings to a
// host's desired state.
package flowcollector

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
)

// Where the collector's parts are on a host.
const (
	PackageName              = "flowcollector"
	Program                  = "/usr/bin/flowcollector"
	Unit                     = "flowcollector.service"
	Directory                = "/etc/flowcollector"
	SettingsPath             = "/etc/flowcollector/flowcollector.yml"
	CertificateAuthorityPath = "/etc/flowcollector/elasticsearch-ca.crt"
	CredentialDirectory      = "/etc/flowcollector/credentials" // a directory, not a secret
	DropInDirectory          = "/etc/systemd/system/flowcollector.service.d"
	CredentialDropIn         = DropInDirectory + "/credentials.conf"
)

// Names of the credentials that the collector proves itself to Elasticsearch with.
const (
	ElasticsearchPassword = "elasticsearch-password" // a name, not a password
	ElasticsearchAPIKey   = "elasticsearch-api-key"  // the same
)

// Spec is all that differs from one collector to another.
type Spec struct {
	Version  string            // of the package, as dpkg shows it
	Packages map[string][]byte // Debian architecture → .deb; may be nil where the host is only probed
	// AllowDowngrade lets an installed higher version be replaced.
	AllowDowngrade bool
	Settings       []byte      // flowcollector.yml
	SettingsFormat host.Format // its settings as facts; nil shows a digest
	// Credentials are secrets that systemd hands to the collector, by the name of the file in $CREDENTIALS_DIRECTORY.
	Credentials map[string]Credential
	// Foreign: credentials that are there are somebody else's, and kept on the host until ours are removed.
	Foreign bool
	// CredentialFiles are further ones, by name, whose files on the host somebody else makes.
	CredentialFiles map[string]string
	// CertificateAuthority is what signs Elasticsearch's certificate, PEM; nil writes no file. Settings name it by
	// CertificateAuthorityPath.
	CertificateAuthority []byte
}

// Credential is one secret.
type Credential struct {
	Content  []byte                    // nil where the host is only probed and the secret is not known
	Revision string                    // shown instead of the content
	Verify   func(content []byte) bool // whether content found on the host is the secret; nil compares with Content
}

// credentialName is what systemd takes for one: a file name, here without the characters that mean something in a unit file.
var credentialName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$`)

// Validate reports names of credentials that systemd would not take. What else can be wrong is reported by host.Apply.
func (s Spec) Validate() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.Credentials)) {
		if !credentialName.MatchString(name) {
			errs = append(errs, fmt.Errorf("%q is not the name of a credential", name))
		}
	}
	return errors.Join(errs...)
}

// CredentialPath is where the credential of this name is on the host.
func CredentialPath(name string) string { return path.Join(CredentialDirectory, name) }

// Desired is the host's state: package, directories, credentials, settings that the collector itself accepted, the drop-in that
// hands over the credentials, and the unit, enabled and running with all of it.
func Desired(spec Spec) host.Desired {
	desired := host.Desired{
		host.Package{Name: PackageName, Version: spec.Version, Debs: spec.Packages, AllowDowngrade: spec.AllowDowngrade},
		host.Directory{Path: Directory, Mode: 0o755},
	}
	inputs := []string{SettingsPath}
	if spec.CertificateAuthority != nil {
		inputs = append(inputs, CertificateAuthorityPath)
		desired = append(desired, host.File{Path: CertificateAuthorityPath, Content: spec.CertificateAuthority, Mode: 0o644, Format: pki.BundleFormat{}})
	}
	files := maps.Clone(spec.CredentialFiles)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		inputs = append(inputs, files[name])
	}
	if names := slices.Sorted(maps.Keys(spec.Credentials)); len(names) > 0 {
		if files == nil {
			files = map[string]string{}
		}
		desired = append(desired, host.Directory{Path: CredentialDirectory, Mode: 0o700})
		for _, name := range names {
			credential := spec.Credentials[name]
			inputs = append(inputs, CredentialPath(name))
			files[name] = CredentialPath(name)
			desired = append(desired, host.File{
				Path: CredentialPath(name), Content: credential.Content, Mode: 0o600,
				Secret: true, SecretRevision: credential.Revision, Verify: credential.Verify,
				Foreign: spec.Foreign, Backup: spec.Foreign,
			})
		}
	}
	if len(files) > 0 {
		desired = append(desired,
			host.Directory{Path: DropInDirectory, Mode: 0o755},
			host.File{Path: CredentialDropIn, Content: dropIn(files), Mode: 0o644, Format: host.UnitFileFormat{}},
		)
	}
	return append(desired,
		host.File{
			Path: SettingsPath, Content: spec.Settings, Mode: 0o644,
			Format: spec.SettingsFormat, Validate: []string{Program, "check", "{}"},
		},
		host.Unit{Name: Unit, Enabled: true, Active: true, Inputs: inputs, Clean: true},
	)
}

func dropIn(files map[string]string) []byte {
	var content bytes.Buffer
	content.WriteString(host.Managed + "[Service]\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&content, "LoadCredential=%s:%s\n", name, files[name])
	}
	return content.Bytes()
}
