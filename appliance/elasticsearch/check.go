package elasticsearch

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Problem is one thing that is wrong, or not as good as it could be, with a Spec.
type Problem struct {
	Setting string // by its name in elasticsearch.yml, "heap", "jvm_options", "version", or "keystore NAME"
	Text    string // a sentence
	Warning bool   // a node starts with it all the same
}

// Check finds what can be told without a host.
func (s Spec) Check() []Problem {
	c := &check{spec: s, settings: s.EffectiveSettings()}
	c.version()
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		c.free(name, s.Settings[name])
	}
	c.names()
	c.discovery()
	c.security()
	c.jvm()
	c.keystore()
	c.eight()
	slices.SortStableFunc(c.problems, func(a, b Problem) int { return strings.Compare(a.Setting, b.Setting) })
	return c.problems
}

type check struct {
	spec     Spec
	settings map[string]string
	problems []Problem
}

func (c *check) wrong(setting, format string, args ...any) {
	c.problems = append(c.problems, Problem{Setting: setting, Text: fmt.Sprintf(format, args...)})
}

func (c *check) warn(setting, format string, args ...any) {
	c.problems = append(c.problems, Problem{Setting: setting, Text: fmt.Sprintf(format, args...), Warning: true})
}

var version = regexp.MustCompile(`^(7\.17|8\.[0-9]+)\.[0-9]+$`)

func (c *check) version() {
	if v := c.spec.version(); !version.MatchString(v) {
		c.wrong("version", "%q is not a release that is known to work: 7.17.x, such as %s, or 8.x.y.", v, DefaultVersion)
	}
}

func (s Spec) major8() bool { return strings.HasPrefix(s.version(), "8.") }

// secretName tells settings whose value nobody but the node should know, by their names.
var secretName = regexp.MustCompile(`(^|[._])(password|passphrase|secret|secret_key|access_key)$`)

// free checks one of the settings that have no field of their own.
func (c *check) free(name, value string) {
	if chosen, ok := c.spec.chosen()[name]; ok {
		c.wrong(name, "It is given twice, here and by an attribute of its own as %q.", chosen)
		return
	}
	if name == "cluster.initial_master_nodes" {
		c.wrong(name, "A cluster that is there must not have it. Give initial_master_nodes: it is in force until the cluster is formed.")
		return
	}
	s, ok := lookup(name)
	switch {
	case strings.HasPrefix(name, "index."):
		c.wrong(name, "Elasticsearch does not start with settings of indices in elasticsearch.yml: they belong into an index template.")
	case ok && s.secure:
		c.wrong(name, "It is a secret and belongs into the keystore: keystore_wo.")
	case secretName.MatchString(name) && s.kind != "boolean":
		c.wrong(name, "It would be in the state and in a file for all of the group. Put its secure form into keystore_wo.")
	case ok:
		if err := s.checkValue(value); err != nil {
			c.wrong(name, "%s.", err)
		}
		if s.isDeprecated(name) || c.spec.major8() && removedIn8(name) {
			c.deprecated(name)
		}
	case c.spec.major8():
		c.warn(name, "It is not among the settings of 7.17; whether %s has it is not known here. Elasticsearch does not start with one that it does not know.", c.spec.version())
	case foreign(name):
		c.warn(name, "It is of no part of Elasticsearch 7.17: it does not start with it unless a plugin has it.")
	default:
		c.wrong(name, "%s", unknown(name, false))
	}
	c.inside(name, value)
}

func (c *check) deprecated(name string) {
	text, advice := "It is deprecated.", advice(name)
	switch gone := removedIn8(name); {
	case gone && c.spec.major8():
		c.wrong(name, "%s", strings.TrimSpace("Elasticsearch 8 does not start with it. "+advice))
		return
	case gone && advice == "":
		text = "It is deprecated in 7.17, and Elasticsearch 8 does not start with it."
	case advice == "":
		text = "It is deprecated in 7.17, and goes away in a later version."
	}
	c.warn(name, "%s", strings.TrimSpace(text+" "+advice))
}

// foreign tells whether a name looks like a plugin's: nothing that is known begins as it does or is near.
func foreign(name string) bool {
	first, _, _ := strings.Cut(name, ".")
	for _, known := range known().Exact() {
		if strings.HasPrefix(known, first+".") {
			return false
		}
	}
	return similar(name, false) == ""
}

// fileSetting is a setting with names of files that Elasticsearch may only read below its configuration.
var fileSetting = regexp.MustCompile(`(^xpack\.|^reindex\.|\.xpack\.).*\.(key|certificate|certificate_authorities|keystore\.path|truststore\.path)$`)

// inside refuses files that the node could not read: its security manager allows those of its configuration alone.
func (c *check) inside(name, value string) {
	if !fileSetting.MatchString(name) {
		return
	}
	for _, file := range Elements(value) {
		if at := ConfigFile(file); !strings.HasPrefix(at, Directory+"/") {
			c.wrong(name, "Elasticsearch does not start with a file outside of %s: %s.", Directory, file)
		} else if strings.HasPrefix(file, "/") && path.Clean(file) != file {
			c.wrong(name, "%s is not the plain name of a file: %s is meant.", file, at)
		}
	}
}

// ConfigFile is where a file is that a setting names.
func ConfigFile(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(Directory, name)
}

var (
	nodeName    = regexp.MustCompile(`^[^\s,/\\"'*?<>|:#]+$`)
	clusterName = regexp.MustCompile(`^[^\s,/\\"'*?<>|:#]+$`)
)

// Roles are those that a node can have.
var Roles = []string{
	"data", "data_cold", "data_content", "data_frozen", "data_hot", "data_warm", "ingest", "master", "ml", "remote_cluster_client", "transform", "voting_only",
}

func (c *check) names() {
	for setting, pattern := range map[string]*regexp.Regexp{"cluster.name": clusterName, "node.name": nodeName} {
		if value := c.settings[setting]; value != "" && !pattern.MatchString(value) {
			c.wrong(setting, "%q is no name: spaces and any of ,/\\\"'*?<>|:# cannot be in it, since files and lists are named by it.", value)
		}
	}
	for _, role := range c.spec.Roles {
		if !slices.Contains(Roles, role) {
			c.wrong("node.roles", "%q is not a role; there are %s.", role, strings.Join(Roles, ", "))
		}
	}
	if slices.Contains(c.spec.Roles, "voting_only") && !slices.Contains(c.spec.Roles, "master") {
		c.wrong("node.roles", "voting_only is for nodes that have the role master, too.")
	}
	if port := c.spec.HTTPPort; port < 0 || port > 65535 {
		c.wrong("http.port", "%d is not a TCP port.", port)
	}
	for _, setting := range []string{"path.data", "path.logs"} {
		for _, value := range Elements(c.settings[setting]) {
			if err := host.ValidPath(value); err != nil {
				c.wrong(setting, "%s.", err)
			}
		}
	}
	if len(Elements(c.settings["path.data"])) > 1 {
		c.warn("path.data", "Several data paths are deprecated since 7.13, and one that fails takes its shards along. Use one, on a volume of several disks.")
	}
}

func (c *check) discovery() {
	alone := c.settings["discovery.type"] == "single-node"
	switch {
	case alone && len(c.spec.InitialMasterNodes) > 0:
		c.wrong("cluster.initial_master_nodes", "A node that looks for no others (discovery.type single-node) forms no cluster with them: "+
			"Elasticsearch does not start. Give seed_hosts, or leave initial_master_nodes out.")
	case alone && c.settings["discovery.seed_hosts"] != "":
		c.wrong("discovery.type", "A node that looks for no others has no use for seed_hosts.")
	}
	if alone && c.spec.Roles != nil && !slices.Contains(c.spec.Roles, "master") {
		c.wrong("node.roles", "A node that is alone has to be master, too.")
	}
	seen := map[string]bool{}
	for _, name := range c.spec.InitialMasterNodes {
		if seen[name] {
			c.wrong("cluster.initial_master_nodes", "%q is named twice.", name)
		}
		seen[name] = true
	}
	if n := len(c.spec.InitialMasterNodes); n == 2 {
		c.warn("cluster.initial_master_nodes", "Of two masters both are needed: a cluster with two stands still when either is away. Name one, or three.")
	}
}

func (c *check) security() {
	secure := c.settings["xpack.security.enabled"] == "true"
	for side, tls := range map[string]*TLS{"http": c.spec.HTTP, "transport": c.spec.Transport} {
		if tls == nil {
			continue
		}
		prefix := "xpack.security." + side + ".ssl."
		c.inside(prefix+"certificate", tls.Certificate)
		c.inside(prefix+"key", tls.Key)
		c.inside(prefix+"certificate_authorities", List(tls.Authorities))
	}
	if secure && c.settings["discovery.type"] != "single-node" && c.settings["xpack.security.transport.ssl.enabled"] != "true" {
		c.wrong("xpack.security.transport.ssl.enabled", "A node of a cluster with security does not start without TLS between the nodes, the second time at the latest, when it has "+
			"its licence. Give tls.transport.")
	}
	if secure && c.settings["xpack.security.http.ssl.enabled"] != "true" {
		c.warn("xpack.security.http.ssl.enabled", "Passwords travel in the clear to a node without TLS on its API. Give tls.http.")
	}
	for _, side := range []string{"http", "transport"} {
		name := "xpack.security." + side + ".ssl.verification_mode"
		if c.settings[name] == "none" {
			c.warn(name, "Nobody's certificate is looked at then: whoever reaches the node may say to be anybody. Leave it out.")
		}
	}
}

func (c *check) jvm() {
	if c.spec.Heap != "" {
		if err := ValidHeap(c.spec.Heap); err != nil {
			c.wrong("heap", "%s.", err)
		}
	}
	for _, line := range c.spec.JVMOptions {
		if err := ValidJVMOption(line); err != nil {
			c.wrong("jvm_options", "%s.", err)
		}
	}
}

func (c *check) keystore() {
	for _, name := range c.spec.Keystore.Names {
		at := "keystore " + name
		if err := host.ValidKeystoreEntry(name, c.spec.Keystore.Values[name]); err != nil {
			c.wrong(at, "%s.", err)
			continue
		}
		s, ok := lookup(name)
		switch {
		case ok && s.secure:
		case ok:
			c.wrong(at, "%s is no secret, and Elasticsearch does not start with it in the keystore: it belongs into settings.", name)
		case c.spec.major8() || foreign(name):
			c.warn(at, "%s is of no part of Elasticsearch 7.17: it does not start with it unless a plugin has it.", name)
		default:
			c.wrong(at, "%s", unknown(name, true))
		}
	}
	if password, ok := c.spec.Keystore.Values[BootstrapPassword]; ok && len(password) < MinPassword {
		c.wrong("keystore "+BootstrapPassword, "A password has at least %d characters.", MinPassword)
	}
}

// MinPassword is the least length of a password of Elasticsearch's own users.
const MinPassword = 6
