package kibanafake

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// programSettings are those of kibana.yml and the keystore, by dotted name.
type programSettings struct {
	values map[string]any
	log    string // file; empty: standard output
}

// loadSettings reads both; the keystore's win (src/cli/serve/read_keystore).
func loadSettings() (*programSettings, error) {
	s := &programSettings{values: map[string]any{}}
	content, err := os.ReadFile(filepath.Join(configFolder(), "kibana.yml"))
	if err != nil {
		return s, nodeError(err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(content, &file); err != nil {
		return s, fmt.Errorf("YAMLException: %w", err)
	}
	s.add("", file)
	entries, _, err := readKeystore(keystoreFile())
	if err != nil {
		return s, errors.New("unable to read keystore")
	}
	s.add("", entries)
	return s, nil
}

func (s *programSettings) add(prefix string, value any) {
	tree, ok := value.(map[string]any)
	if !ok || prefix != "" && len(tree) == 0 {
		s.values[prefix] = value
		return
	}
	for name, inner := range tree {
		if prefix != "" {
			name = prefix + "." + name
		}
		s.add(name, inner)
	}
}

func (s *programSettings) text(name string) string {
	value, ok := s.values[name]
	if !ok {
		return ""
	}
	return fmt.Sprint(value)
}

func (s *programSettings) textOr(name, standard string) string {
	if text := s.text(name); text != "" {
		return text
	}
	return standard
}

// list is a setting that is one text or several.
func (s *programSettings) list(name string) []string {
	switch value := s.values[name].(type) {
	case nil:
		return nil
	case []any:
		texts := make([]string, len(value))
		for i, element := range value {
			texts[i] = fmt.Sprint(element)
		}
		return texts
	default:
		return []string{fmt.Sprint(value)}
	}
}

// rewrittenBasePath is what is in front of every path of a request.
func (s *programSettings) rewrittenBasePath() string {
	if s.text("server.rewriteBasePath") != "true" {
		return ""
	}
	return s.text("server.basePath")
}

// unknownSettingsError is about settings that no part of Kibana has asked for (core/config/ensure_valid_configuration).
type unknownSettingsError struct{ names []string }

func (e *unknownSettingsError) Error() string {
	return "Unknown configuration key(s): \"" + strings.Join(e.names, `", "`) + "\". Check for spelling errors and ensure that expected plugins are installed."
}

// roots are the beginnings of the settings that Kibana 7.17 and its plugins have. What is below is only checked for the parts that tests are about.
var roots = []string{
	"apm_oss", "config", "console", "csp", "dashboard", "data", "deprecation", "elasticsearch", "enterpriseSearch", "externalUrl", "home", "i18n", "kibana", "logging",
	"map", "migrations", "monitoring", "newsfeed", "ops", "path", "pid", "plugins", "savedObjects", "security", "server", "status", "telemetry", "tilemap", "regionmap",
	"timelion", "url_drilldown", "usageCollection", "vega", "vis_type_vega", "visualize", "xpack",
}

// known are all settings of the parts that are checked whole.
var known = map[string]*regexp.Regexp{
	"server": regexp.MustCompile(`^(autoListen|basePath|compression\..*|cors.*|customResponseHeaders.*|defaultRoute|host|keepaliveTimeout|maxPayload|maxPayloadBytes|name|port|` +
		`publicBaseUrl|requestId\..*|rewriteBasePath|securityResponseHeaders\..*|shutdownTimeout|socketTimeout|ssl\.(cert|certificate|certificateAuthorities|cipherSuites|` +
		`clientAuthentication|enabled|key|keyPassphrase|keystore\.(password|path)|redirectHttpFromPort|supportedProtocols|truststore\.(password|path))|uuid|xsrf\..*)$`),
	"elasticsearch": regexp.MustCompile(`^(apiVersion|compression|customHeaders.*|healthCheck\.delay|hosts|ignoreVersionMismatch|logQueries|maxSockets|password|pingTimeout|` +
		`requestHeadersWhitelist|requestTimeout|serviceAccountToken|shardTimeout|sniffInterval|sniffOnConnectionFault|sniffOnStart|ssl\.(alwaysPresentCertificate|certificate|` +
		`certificateAuthorities|key|keyPassphrase|keystore\.(password|path)|truststore\.(password|path)|verificationMode)|username)$`),
	"newsfeed":  regexp.MustCompile(`^(enabled|fetchInterval|mainInterval|service\..*)$`),
	"telemetry": regexp.MustCompile(`^(allowChangingOptInStatus|banner|config|enabled|hidePrivacyStatement|optIn|optInStatusUrl|sendUsageFrom|sendUsageTo|url)$`),
}

// check is what the schemas of Kibana refuse (core/http/http_config, core/http/ssl_config, core/elasticsearch/elasticsearch_config, plugins security and
// encrypted_saved_objects), each in its words, and then what nothing has asked for.
func (s *programSettings) check() error {
	for _, check := range []func() error{s.checkTypes, s.checkServer, s.checkKeys} {
		if err := check(); err != nil {
			return err
		}
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		root, rest, _ := strings.Cut(name, ".")
		if form := known[root]; !slices.Contains(roots, root) || form != nil && !form.MatchString(rest) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return &unknownSettingsError{unknown}
	}
	return nil
}

func invalid(part, format string, values ...any) error {
	return fmt.Errorf("[config validation of [%s]%s", part, fmt.Sprintf(format, values...))
}

// checkTypes: @kbn/config-schema takes no number for a text.
func (s *programSettings) checkTypes() error {
	for _, name := range []string{"elasticsearch.password", "elasticsearch.username", "server.host", "server.name", "xpack.security.encryptionKey"} {
		if value, set := s.values[name]; set {
			if _, isText := value.(string); !isText {
				part, last := name[:strings.LastIndexByte(name, '.')], name[strings.LastIndexByte(name, '.')+1:]
				return invalid(part, ".%s]: expected value of type [string] but got [%s]", last, kindOf(value))
			}
		}
	}
	if user := s.text("elasticsearch.username"); user == "elastic" {
		return invalid("elasticsearch", `.username]: value of "elastic" is forbidden. This is a superuser account that can obfuscate privilege-related issues. `+
			`You should use the "kibana_system" user instead.`)
	}
	return nil
}

func kindOf(value any) string {
	switch value.(type) {
	case int, float64, json.Number:
		return "number"
	case bool:
		return "boolean"
	}
	return "Object"
}

func (s *programSettings) checkServer() error {
	base := s.text("server.basePath")
	if s.text("server.rewriteBasePath") == "true" && base == "" {
		return invalid("server", "]: cannot use [rewriteBasePath] when [basePath] is not specified")
	}
	if text := s.text("server.publicBaseUrl"); text != "" {
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https":
			return invalid("server", ".publicBaseUrl]: expected URI with scheme [http|https].")
		case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
			return invalid("server", "]: [publicBaseUrl] may only contain a protocol, host, port, and pathname")
		}
		path, want := u.Path, base
		if path == "" {
			path = "/"
		}
		if want == "" {
			want = "/"
		}
		if path != want {
			return invalid("server", "]: [publicBaseUrl] must contain the [basePath]: %s !== %s", path, base)
		}
	}
	if s.text("server.ssl.enabled") == "true" && s.text("server.ssl.keystore.path") == "" && (s.text("server.ssl.key") == "" || s.text("server.ssl.certificate") == "") {
		return invalid("server", ".ssl]: must specify [certificate] and [key] -- or [keystore.path] -- when ssl is enabled")
	}
	return nil
}

// checkKeys: the third key has no shortest length since 7.8.1 (elastic/kibana#69827).
func (s *programSettings) checkKeys() error {
	const least = 32
	for _, part := range []string{"xpack.security", "xpack.encryptedSavedObjects"} {
		if value, set := s.values[part+".encryptionKey"]; set && len(fmt.Sprint(value)) < least {
			return invalid(part, ".encryptionKey]: value has length [%d] but it must have a minimum length of [%d].", len(fmt.Sprint(value)), least)
		}
	}
	return nil
}
