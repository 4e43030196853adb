// Package kibana says what a host that runs Kibana 7.17 looks like, a pure function from settings to a host's desired state, and speaks its HTTP API:
// status, spaces, saved objects.
package kibana

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
)

// Where Elastic's package puts Kibana's parts.
const (
	PackageName     = "kibana"
	Unit            = "kibana.service"
	Directory       = "/etc/kibana"
	SettingsPath    = Directory + "/kibana.yml"
	KeystorePath    = Directory + "/kibana.keystore"
	KeystoreProgram = "/usr/share/kibana/bin/kibana-keystore"
	LogPath         = "/var/log/kibana/kibana.log"

	DefaultVersion = "7.17.29"
	DefaultPort    = 5601

	group       = "kibana"
	environment = "KBN_PATH_CONF"
)

// Names of entries of the keystore.
const (
	Password             = "elasticsearch.password" // a name
	SecurityKey          = "xpack.security.encryptionKey"
	SavedObjectsKey      = "xpack.encryptedSavedObjects.encryptionKey"
	ReportingKey         = "xpack.reporting.encryptionKey"
	minimumEncryptionKey = 32 // characters; Kibana's schema of the first two, and a rule of ours for the third
)

// EncryptionKeys are entries of the keystore that the host makes unless they are given: without the first, sessions end with each restart; without
// the second, alerts do not work; without the third, reports are lost with each restart.
var EncryptionKeys = []string{SecurityKey, SavedObjectsKey, ReportingKey}

// Spec is all that differs from one Kibana to another.
type Spec struct {
	Version        string // of the package, as dpkg shows it; may end in *
	AllowDowngrade bool
	Repository     *host.AptRepository // where the package comes from; nil: one that the host has
	Settings       map[string]string   // by dotted name; Standard ones are added
	Secrets        map[string]Secret   // entries of the keystore, by dotted name
	Forget         []string            // entries that were asked for before
}

// Secret is one entry of the keystore.
type Secret struct {
	Content  []byte                    // nil where the host is only probed and the secret is not known
	Revision string                    // shown instead of the content
	Verify   func(content []byte) bool // whether content found on the host is the secret; nil compares with Content
}

// AllSettings are the settings of the file: those given and, where nothing else is said, the standard ones.
func AllSettings(given map[string]string) map[string]string {
	all := maps.Clone(Standard)
	maps.Copy(all, given)
	return all
}

// CheckSecret tells what is wrong with an entry of the keystore.
func CheckSecret(name string, value []byte) error {
	if !Known.Known(name) {
		message := "there is no such setting"
		if near := Known.Nearest(name); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		return &stack.SettingError{Name: name, Message: message}
	}
	if slices.Contains(EncryptionKeys, name) {
		if err := checkKey(value); err != nil {
			return &stack.SettingError{Name: name, Message: err.Error()}
		}
	}
	return nil
}

func checkKey(value []byte) error {
	if n := len([]rune(string(value))); n < minimumEncryptionKey {
		return fmt.Errorf("it has %d characters, and needs %d", n, minimumEncryptionKey)
	}
	return nil
}

// Desired is the host's state: the repository, the package at its version and held there, the keystore, the settings, and the unit, enabled and
// running with all of it. The error is a *stack.SettingError.
func Desired(spec Spec) (host.Desired, error) {
	settings := AllSettings(spec.Settings)
	file, err := stack.Write(settings, Known)
	if err != nil {
		return nil, err
	}
	var desired host.Desired
	if spec.Repository != nil {
		desired = spec.Repository.Desired()
	}
	held := true
	return append(desired,
		host.Package{Name: PackageName, Version: spec.Version, FromApt: true, AllowDowngrade: spec.AllowDowngrade, Hold: &held},
		spec.keystore(),
		// As the package's script makes it each time it is configured.
		host.File{Path: SettingsPath, Content: file, Mode: 0o660, Group: group, Format: stack.Format{}},
		host.Unit{Name: Unit, Enabled: true, Active: true, Inputs: inputs(settings)},
	), nil
}

func (s Spec) keystore() host.OpenKeystore {
	keystore := host.OpenKeystore{
		Path: KeystorePath, Program: KeystoreProgram, Environment: environment,
		Mode: 0o660, Group: group, Decode: ReadKeystore,
	}
	for _, name := range EncryptionKeys {
		if _, given := s.Secrets[name]; !given {
			keystore.Entries = append(keystore.Entries, host.OpenKeystoreEntry{Name: name, Generated: true, Check: checkKey})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		secret := s.Secrets[name]
		keystore.Entries = append(keystore.Entries, host.OpenKeystoreEntry{
			Name: name, Value: secret.Content, Revision: secret.Revision, Verify: secret.Verify,
		})
	}
	for _, name := range s.Forget {
		if _, given := s.Secrets[name]; !given && !slices.Contains(EncryptionKeys, name) {
			keystore.Entries = append(keystore.Entries, host.OpenKeystoreEntry{Name: name, Forget: true})
		}
	}
	return keystore
}

// files are settings that name files which Kibana reads at its start.
var files = []string{
	tlsCertificate, tlsKey, tlsAuthorities, "server.ssl.keystore.path", "server.ssl.truststore.path",
	elasticCert, elasticKey, elasticCA, "elasticsearch.ssl.keystore.path", "elasticsearch.ssl.truststore.path",
}

// credentials is where systemd puts the files of LoadCredential=, anew at each start: Kibana cannot be older than what is there.
const credentials = "/run/credentials/"

// inputs are the files that a running Kibana is older than when it has to be restarted.
func inputs(settings map[string]string) []string {
	all := []string{SettingsPath, KeystorePath}
	for _, name := range files {
		for file := range strings.SplitSeq(settings[name], ",") {
			if file = strings.TrimSpace(file); path.IsAbs(file) && path.Clean(file) == file && !strings.HasPrefix(file, credentials) && !slices.Contains(all, file) {
				all = append(all, file)
			}
		}
	}
	return all
}
