package kibana

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// seed is the kibana.yml of the procedure that is replaced, without its password and key, which belong into the keystore.
var seed = map[string]string{
	"telemetry.enabled":                        "false",
	"telemetry.optIn":                          "false",
	"newsfeed.enabled":                         "false",
	"server.host":                              "0.0.0.0",
	"server.port":                              "5601",
	"server.maxPayload":                        "8388608",
	"server.publicBaseUrl":                     "https://192.168.2.1:5601",
	"server.ssl.enabled":                       "true",
	"server.ssl.certificateAuthorities":        "/etc/kibana/certs/ca/ca.crt",
	"server.ssl.key":                           "/etc/kibana/certs/hostname/hostname.key",
	"server.ssl.certificate":                   "/etc/kibana/certs/hostname/hostname.crt",
	"elasticsearch.hosts":                      "https://192.168.2.1:9200",
	"elasticsearch.username":                   "kibana_system",
	"elasticsearch.ssl.certificateAuthorities": "/etc/kibana/certs/ca/ca.crt",
	"elasticsearch.ssl.key":                    "/etc/kibana/certs/hostname/hostname.key",
	"elasticsearch.ssl.certificate":            "/etc/kibana/certs/hostname/hostname.crt",
	"elasticsearch.ssl.verificationMode":       "certificate",
	"elasticsearch.requestTimeout":             "132000",
	"elasticsearch.shardTimeout":               "120000",
	"kibana.autocompleteTimeout":               "2000",
	"kibana.autocompleteTerminateAfter":        "500000",
	"monitoring.enabled":                       "true",
	"monitoring.kibana.collection.enabled":     "true",
	"monitoring.kibana.collection.interval":    "30000",
	"monitoring.ui.enabled":                    "true",
	"monitoring.ui.min_interval_seconds":       "20",
	"xpack.maps.showMapVisualizationTypes":     "true",
	"xpack.security.enabled":                   "true",
	"xpack.security.audit.enabled":             "false",
}

// TestSeed: every setting of the procedure can be said, and each of its mistakes is warned of.
func TestSeed(t *testing.T) {
	warned := map[string]bool{}
	for _, finding := range Check(seed, true) {
		if !finding.Warning {
			t.Errorf("%s is refused: %s", finding.Setting, finding.Message)
		}
		warned[finding.Setting] = true
	}
	want := []string{
		"elasticsearch.ssl.certificate", "elasticsearch.ssl.verificationMode", "kibana.autocompleteTerminateAfter", "kibana.autocompleteTimeout",
		"monitoring.enabled", "xpack.maps.showMapVisualizationTypes", "xpack.security.enabled",
	}
	if got := slices.Sorted(maps.Keys(warned)); !slices.Equal(got, want) {
		t.Errorf("warned of %q", got)
	}
	desired, err := Desired(Spec{Version: DefaultVersion, Settings: seed})
	if err != nil {
		t.Fatal(err)
	}
	if err := desired.Validate(); err != nil {
		t.Fatal(err)
	}
	facts := desired.Facts()
	for name, value := range seed {
		if got := facts["file "+SettingsPath+": "+name]; got != value {
			t.Errorf("%s is %q on the host, not %q", name, got, value)
		}
	}
}

// TestMistakes: what would keep Kibana from starting is refused; what it would only regret is warned of.
func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		settings map[string]string
		setting  string
		message  string
		warning  bool
	}{
		"unknown":             {map[string]string{"server.prot": "5601"}, "server.prot", `did you mean "server.port"?`, false},
		"password in a file":  {map[string]string{"elasticsearch.password": "x"}, "elasticsearch.password", "keystore", false},
		"key in a file":       {map[string]string{"xpack.encryptedSavedObjects.encryptionKey": "THIS_IS_A_RANDOM_STRINGS"}, SavedObjectsKey, "keystore", false},
		"superuser":           {map[string]string{elasticUser: "elastic"}, elasticUser, "kibana_system", false},
		"old user":            {map[string]string{elasticUser: "kibana"}, elasticUser, "deprecated", true},
		"no verification":     {map[string]string{elasticVerify: "none"}, elasticVerify, "take its place", true},
		"odd verification":    {map[string]string{elasticVerify: "half"}, elasticVerify, "none of", false},
		"client certificate":  {map[string]string{elasticCert: "/a"}, elasticCert, "client_authentication", true},
		"client key alone":    {map[string]string{elasticKey: "/a"}, elasticKey, "no effect without", true},
		"address":             {map[string]string{elasticHosts: "localhost:9200"}, elasticHosts, "not a URL", false},
		"password in URL":     {map[string]string{elasticHosts: "https://a:b@c:9200"}, elasticHosts, "do not belong", false},
		"clear text":          {map[string]string{elasticHosts: "http://192.0.2.1:9200"}, elasticHosts, "in clear", true},
		"both schemes":        {map[string]string{elasticHosts: "http://127.0.0.1:9200, https://127.0.0.1:9201"}, elasticHosts, "all https", false},
		"port":                {map[string]string{serverPort: "70000"}, serverPort, "not a TCP port", false},
		"base path":           {map[string]string{basePath: "kibana/"}, basePath, "begin with a slash", false},
		"rewrite":             {map[string]string{"server.rewriteBasePath": "true"}, "server.rewriteBasePath", "to rewrite", false},
		"public scheme":       {map[string]string{publicBaseURL: "kibana.example"}, publicBaseURL, "not a URL", false},
		"public slash":        {map[string]string{publicBaseURL: "https://kibana.example/"}, publicBaseURL, "slash", false},
		"public query":        {map[string]string{publicBaseURL: "https://kibana.example?a"}, publicBaseURL, "may only have", false},
		"public path":         {map[string]string{publicBaseURL: "https://kibana.example/k"}, publicBaseURL, "server.basePath", false},
		"public base path":    {map[string]string{publicBaseURL: "https://kibana.example", basePath: "/k"}, publicBaseURL, "server.basePath", false},
		"public loopback":     {map[string]string{publicBaseURL: "https://localhost:5601"}, publicBaseURL, "nobody else", true},
		"TLS without key":     {map[string]string{tlsEnabled: "true", tlsCertificate: "/a"}, tlsEnabled, tlsKey, false},
		"two keystores":       {map[string]string{tlsCertificate: "/a", "server.ssl.keystore.path": "/b"}, tlsCertificate, "one of the two", false},
		"client auth":         {map[string]string{"server.ssl.clientAuthentication": "required"}, "server.ssl.clientAuthentication", tlsEnabled, false},
		"redirect":            {map[string]string{"server.ssl.redirectHttpFromPort": "5601"}, "server.ssl.redirectHttpFromPort", "port of https itself", false},
		"key of an authority": {map[string]string{elasticCA: "/etc/kibana/certs/ca/ca.key"}, elasticCA, "no place on this host", false},
		"number":              {map[string]string{"elasticsearch.requestTimeout": "two minutes"}, "elasticsearch.requestTimeout", "no time", false},
	} {
		found := Check(c.settings, true)
		if !slices.ContainsFunc(found, func(f Finding) bool {
			return f.Setting == c.setting && f.Warning == c.warning && strings.Contains(f.Message, c.message)
		}) {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if found := Check(AllSettings(map[string]string{publicBaseURL: "https://kibana.example/k", basePath: "/k", elasticHosts: "https://a:9200"}), true); len(found) > 0 {
		t.Errorf("what is right is not: %+v", found)
	}
	// What is not known yet is no mistake.
	if found := Check(map[string]string{tlsEnabled: "true", "server.rewriteBasePath": "true"}, false); len(found) > 0 {
		t.Errorf("what is incomplete is wrong: %+v", found)
	}
}

func TestDesired(t *testing.T) {
	spec := Spec{
		Version:  "7.17.29",
		Settings: map[string]string{"server.ssl.key": "/etc/kibana/kibana.key", elasticCA: "/etc/kibana/a.crt, /etc/kibana/b.crt", "elasticsearch.hosts": "https://a:9200"},
		Secrets:  map[string]Secret{Password: {Content: []byte("hunter2"), Revision: "r1"}, SecurityKey: {Content: []byte(strings.Repeat("k", 32)), Revision: "r2"}},
		Forget:   []string{Password, "elasticsearch.ssl.keyPassphrase", SavedObjectsKey},
	}
	desired, err := Desired(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := desired.Validate(); err != nil {
		t.Fatal(err)
	}
	facts := desired.Facts()
	keystore := "keystore " + KeystorePath
	for fact, value := range map[string]string{
		"package kibana": "7.17.29", "package kibana: hold": "yes",
		keystore: "present", keystore + ": mode": "0660", keystore + ": owner": "root:kibana",
		keystore + ": " + Password: "r1", keystore + ": " + SecurityKey: "r2",
		keystore + ": " + SavedObjectsKey: "generated on the host", keystore + ": " + ReportingKey: "generated on the host",
		"file " + SettingsPath + ": mode":                   "0660",
		"file " + SettingsPath + ": telemetry.enabled":      "false",
		"file " + SettingsPath + ": newsfeed.enabled":       "false",
		"file " + SettingsPath + ": elasticsearch.username": "kibana_system",
		"unit kibana.service: enabled":                      "enabled",
	} {
		if facts[fact] != value {
			t.Errorf("%s is %q, not %q", fact, facts[fact], value)
		}
	}
	for fact, value := range facts {
		if strings.Contains(fact+value, "hunter2") || strings.Contains(fact, "keyPassphrase") {
			t.Errorf("%s = %s", fact, value)
		}
	}
	got := inputs(AllSettings(spec.Settings))
	if want := []string{SettingsPath, KeystorePath, "/etc/kibana/kibana.key", "/etc/kibana/a.crt", "/etc/kibana/b.crt"}; !slices.Equal(got, want) {
		t.Errorf("inputs %q", got)
	}
	if got := inputs(map[string]string{tlsKey: "/run/credentials/kibana.service/kibana.key"}); !slices.Equal(got, []string{SettingsPath, KeystorePath}) {
		t.Errorf("with a key that systemd hands over, inputs are %q", got)
	}
	if _, err := Desired(Spec{Version: "7.17.29", Settings: map[string]string{"server.host": "a\nb"}}); err == nil {
		t.Error("two lines are a setting")
	}
}

func TestCheckSecret(t *testing.T) {
	for name, c := range map[string]struct{ entry, value, message string }{
		"password": {Password, "x", ""},
		"long":     {SavedObjectsKey, strings.Repeat("x", 32), ""},
		"short":    {SavedObjectsKey, "THIS_IS_A_RANDOM_STRINGS", "it has 24 characters, and needs 32"},
		"report":   {ReportingKey, "short", "needs 32"},
		"unknown":  {"elasticsearch.pasword", "x", `did you mean "elasticsearch.password"?`},
	} {
		err := CheckSecret(c.entry, []byte(c.value))
		if (err == nil) != (c.message == "") || err != nil && !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
