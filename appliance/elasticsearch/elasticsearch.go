// Package elasticsearch says what a host that runs a node of Elasticsearch 7.17 (or 8) looks like: a pure function from its settings to a host's desired
// state. It also knows the settings that there are, the reasons a node gives for not starting, and how a node of a cluster is restarted.
package elasticsearch

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
)

// Where the parts of Elastic's package are on a host.
const (
	PackageName       = "elasticsearch"
	Account           = "elasticsearch"
	Unit              = "elasticsearch.service"
	Directory         = "/etc/elasticsearch"
	SettingsPath      = Directory + "/elasticsearch.yml"
	KeystorePath      = Directory + "/elasticsearch.keystore"
	HeapPath          = Directory + "/jvm.options.d/heap.options"
	JVMOptionsPath    = Directory + "/jvm.options.d/flowstack.options"
	CertificateFolder = Directory + "/certs"
	DropInName        = "elasticsearch.conf"
	DropInPath        = "/etc/systemd/system/" + Unit + ".d/" + DropInName
	KeystoreTool      = "/usr/share/elasticsearch/bin/elasticsearch-keystore"
	DefaultDataPath   = "/var/lib/elasticsearch"
	DefaultLogPath    = "/var/log/elasticsearch"

	// DefaultVersion is the last release of 7.17.
	DefaultVersion = "7.17.29"
	// DefaultHTTPPort is where the API is; it is not left to Elasticsearch, which would take the next free one of 9200-9300.
	DefaultHTTPPort = 9200
)

// BootstrapPassword is the entry of the keystore with the password of the user elastic until it gets one.
const BootstrapPassword = "bootstrap.password" // a name, not a password

// folderMode lets the group see what is in a folder, and makes what is put there the group's.
const folderMode = fs.ModeSetgid | 0o750

// startTime is how long a start may take. Releases before 7.17.8 have 75 seconds in their unit, which a slow machine takes longer than.
const startTime = 15 * time.Minute

// TLS are the files of one side of a node, absolute or below Directory.
type TLS struct {
	Certificate string
	Key         string
	Authorities []string
}

// Spec is all that differs from one node to another. Empty strings and nil are what Elasticsearch does without.
type Spec struct {
	Version    string // of the package: 7.17.29
	Repository *host.AptRepository

	ClusterName string
	NodeName    string
	Roles       []string // nil: all that a node may have
	NetworkHost []string
	HTTPPort    int // 0: DefaultHTTPPort
	// SeedHosts are other nodes of the cluster. Nil: there is none, discovery.type is single-node.
	SeedHosts []string
	// InitialMasterNodes are the names of the nodes that may form the cluster. They are only in the file of a node that is to do that: see Forming.
	InitialMasterNodes []string
	// Forming: the cluster is not there yet. A cluster that is there must not have the setting: a node that lost its data would form another one.
	Forming bool

	NoMemoryLock bool // does not keep the heap from being swapped out
	Insecure     bool // without users, roles and TLS
	HTTP         *TLS
	Transport    *TLS
	DataPaths    []string // empty: DefaultDataPath
	LogPath      string   // empty: DefaultLogPath
	// Settings are others, by name; they take precedence over what is chosen for the user, not over what the user chose.
	Settings map[string]string

	Heap       string // as the JVM writes it: 12g
	JVMOptions []string

	Keystore Keystore

	// DeleteData lets a removal delete data and logs.
	DeleteData bool
}

// Keystore are the secrets of a node.
type Keystore struct {
	Names    []string
	Values   map[string][]byte // nil where the host is only read
	Revision string            // shown instead of the values
}

// Version of the package that a Spec without one asks for.
func (s Spec) version() string {
	if s.Version == "" {
		return DefaultVersion
	}
	return s.Version
}

// LogFile is where the node writes what it has to say.
func (s Spec) LogFile() string {
	settings := s.EffectiveSettings()
	return path.Join(settings["path.logs"], settings["cluster.name"]+".log")
}

// Port is where the API is.
func (s Spec) Port() int {
	if s.HTTPPort == 0 {
		return DefaultHTTPPort
	}
	return s.HTTPPort
}

// Alone tells whether the node looks for no others.
func (s Spec) Alone() bool { return s.EffectiveSettings()["discovery.type"] == "single-node" }

// Secure tells whether there are users and passwords.
func (s Spec) Secure() bool { return s.EffectiveSettings()["xpack.security.enabled"] == "true" }

// HTTPS tells whether the API is behind TLS.
func (s Spec) HTTPS() bool { return s.EffectiveSettings()["xpack.security.http.ssl.enabled"] == "true" }

// chosen are the settings that the user chose by fields of their own.
func (s Spec) chosen() map[string]string {
	settings := map[string]string{}
	put := func(name, value string) {
		if value != "" {
			settings[name] = value
		}
	}
	put("cluster.name", s.ClusterName)
	put("node.name", s.NodeName)
	put("network.host", List(s.NetworkHost))
	put("discovery.seed_hosts", List(s.SeedHosts))
	put("path.data", List(s.DataPaths))
	put("path.logs", s.LogPath)
	if s.Roles != nil {
		settings["node.roles"] = List(s.Roles) // none at all is a node that only coordinates
	}
	if s.HTTPPort != 0 {
		put("http.port", strconv.Itoa(s.HTTPPort))
	}
	if s.NoMemoryLock {
		put("bootstrap.memory_lock", "false")
	}
	if s.Insecure {
		put("xpack.security.enabled", "false")
	}
	s.HTTP.put("xpack.security.http.ssl.", settings)
	s.Transport.put("xpack.security.transport.ssl.", settings)
	if s.Forming {
		put("cluster.initial_master_nodes", List(s.InitialMasterNodes))
	}
	return settings
}

func (t *TLS) put(prefix string, settings map[string]string) {
	if t == nil {
		return
	}
	settings[prefix+"enabled"] = "true"
	settings[prefix+"certificate"] = t.Certificate
	settings[prefix+"key"] = t.Key
	settings[prefix+"certificate_authorities"] = List(t.Authorities)
}

// standard are the settings that are chosen for the user.
func (s Spec) standard() map[string]string {
	settings := map[string]string{
		"path.data":             DefaultDataPath,
		"path.logs":             DefaultLogPath,
		"http.port":             strconv.Itoa(DefaultHTTPPort),
		"bootstrap.memory_lock": "true",
		// Said in words: 8 would otherwise configure security by itself, and 7 leave it off with a warning.
		"xpack.security.enabled": "true",
	}
	if s.SeedHosts == nil {
		settings["discovery.type"] = "single-node"
		for _, name := range []string{"discovery.seed_hosts", "discovery.seed_providers"} {
			if _, ok := s.Settings[name]; ok {
				delete(settings, "discovery.type")
			}
		}
	}
	if s.Transport != nil {
		// Nodes prove to each other that an authority of the cluster knows them; by what name and address they are reached may change.
		settings["xpack.security.transport.ssl.verification_mode"] = "certificate"
		settings["xpack.security.transport.ssl.client_authentication"] = "required"
	}
	return settings
}

// EffectiveSettings are all of elasticsearch.yml.
func (s Spec) EffectiveSettings() map[string]string {
	settings := s.standard()
	maps.Copy(settings, s.Settings)
	maps.Copy(settings, s.chosen())
	if settings["cluster.name"] == "" {
		settings["cluster.name"] = "elasticsearch" // as without the setting; the name of the log follows from it
	}
	return settings
}

// Desired is the host's state. All files are in place before the package: it finds its settings, so that 8 configures no security of its own.
func Desired(s Spec) host.Desired {
	var desired host.Desired
	if s.Repository != nil {
		desired = append(desired, s.Repository.Desired()...)
	}
	own := func(path string) host.Directory {
		return host.Directory{Path: path, Mode: folderMode, Owner: Account, Group: Account, Tree: true, Delete: s.DeleteData}
	}
	file := func(path string, content []byte, format host.Format) host.File {
		return host.File{Path: path, Content: content, Mode: 0o640, Group: Account, Format: format}
	}
	// The drop-in is the first, and so the last to go: as long as it is there a removal that was cut short is not over.
	desired = append(desired,
		host.Directory{Path: path.Dir(DropInPath), Mode: 0o755},
		host.File{
			Path: DropInPath, Content: []byte(dropIn), Mode: 0o644, Format: host.UnitFileFormat{},
			Validate: host.VerifyDropIn(Unit, DropInName),
		},
	)
	desired = append(desired, configuration()...)
	desired = append(desired,
		host.Directory{Path: path.Dir(HeapPath), Mode: folderMode, Group: Account},
	)
	settings := s.EffectiveSettings()
	for _, path := range Elements(settings["path.data"]) {
		desired = append(desired, own(path))
	}
	desired = append(desired, own(settings["path.logs"]),
		file(SettingsPath, stack.Texts(settings), stack.Format{}),
		file(HeapPath, heapOptions(s.Heap), JVMFormat{}),
		file(JVMOptionsPath, jvmOptions(s.JVMOptions), JVMFormat{}),
		host.Account{Name: Account}.OutlivesPackage(),
		host.Package{Name: PackageName, Version: s.version(), FromApt: true, Hold: new(true)},
		host.Keystore{
			Path: KeystorePath, Tool: KeystoreTool, Mode: 0o660, Group: Account,
			Names: slices.Sorted(slices.Values(s.Keystore.Names)), Values: s.Keystore.Values, Revision: s.Keystore.Revision,
		},
		host.Unit{
			Name: Unit, Enabled: true, Active: true, Inputs: []string{SettingsPath, HeapPath, JVMOptionsPath, KeystorePath},
			Health: host.Health{Port: s.Port(), Within: startTime},
		},
	)
	return desired
}

// configuration is the directory of the settings, and whose it is.
func configuration() host.Desired {
	return host.Desired{host.Account{Name: Account}, host.Directory{Path: Directory, Mode: folderMode, Group: Account}}
}

// CertificateDirectory is the state of a host that certificates for a node can be put on before the node itself.
func CertificateDirectory() host.Desired {
	return append(configuration(), host.Directory{Path: CertificateFolder, Mode: folderMode, Group: Account})
}

// dropIn are the limits that Elasticsearch asks for: files, threads, and memory that it may lock and map.
const dropIn = host.Managed + `[Service]
LimitNOFILE=131072
LimitNPROC=8192
LimitMEMLOCK=infinity
LimitFSIZE=infinity
LimitAS=infinity
TimeoutStartSec=900
`
