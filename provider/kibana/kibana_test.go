package kibana_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	certificate = "/etc/tls/kibana.crt"
	settings    = "file " + kbn.SettingsPath
	keystore    = "keystore " + kbn.KeystorePath
)

// start starts a host that can install Kibana, and the Kibana that its service would run.
func start(t *testing.T) (*providertest.Host, *providertest.Kibana) {
	t.Helper()
	h, k := providertest.StartHost(t, nil), providertest.StartKibana(t)
	h.OfferKibana("7.17.29", "7.17.28")
	if err := os.Mkdir(h.Path("/etc/tls"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.Write(certificate, k.CA)
	h.Write("/etc/tls/kibana.key", "a key\n")
	return h, k
}

func body(k *providertest.Kibana, password, more string) string {
	return fmt.Sprintf(`
  repository                = { managed = false }
  elasticsearch_hosts       = ["https://127.0.0.1:9200"]
  elasticsearch_ca_file     = "/etc/tls/ca.crt"
  elasticsearch_password_wo = %q
  tls                       = { certificate = %q, key = "/etc/tls/kibana.key" }
%s`, password, certificate, fmt.Sprintf(more, k.Port()))
}

// entries are what the keystore on a host has.
func entries(t *testing.T, h *providertest.Host) map[string]string {
	t.Helper()
	content, exists := h.Read(kbn.KeystorePath)
	if !exists {
		return nil
	}
	values, err := kbn.ReadKeystore([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for name, value := range values {
		texts[name] = string(value)
	}
	return texts
}

// TestRefusedForAMoment: Elasticsearch refuses everybody while it starts. That is waited for; a password that is wrong is not.
func TestRefusedForAMoment(t *testing.T) {
	h, k := start(t)
	c := providertest.NewCLI(t)
	write := func(password string) {
		c.Write(k.Provider(h) + fmt.Sprintf("resource %q \"test\" {%s\n}\n", kibana.ResourceType, body(k, password, `  settings = { "server.port" = "%s" }`)))
	}
	write("another one")
	k.NotReady.Store(0)
	if said := c.Apply(); len(said.Errors) != 1 || !strings.Contains(strings.Join(strings.Fields(said.Errors[0]), " "), "is not the one that Elasticsearch has") {
		t.Errorf("a wrong password: %+v", said)
	}
	write(k.Password)
	k.NotReady.Store(2)
	if said := c.Apply(); len(said.Errors) > 0 {
		t.Error(said.Errors)
	}
	if k.NotReady.Load() > 0 {
		t.Error("nobody was refused")
	}
	if said := c.Plan(); said.Changes > 0 {
		t.Errorf("the second plan says %+v", said)
	}
}

func TestKibanaLife(t *testing.T) {
	h, k := start(t)
	var keys map[string]string // the generated ones, which may never change
	check := func(name, value string) func() error {
		return func() error {
			got := entries(t, h)
			for _, key := range kbn.EncryptionKeys {
				if len(got[key]) != 64 {
					return fmt.Errorf("key %s has %d characters", key, len(got[key]))
				}
			}
			if got[kbn.Password] != k.Password {
				return errors.New("the password is not in the keystore")
			}
			yml, _ := h.Read(kbn.SettingsPath)
			if !strings.Contains(yml, name+": "+value+"\n") || strings.Contains(yml, k.Password) {
				return fmt.Errorf("the settings are %s", yml)
			}
			if h.Package("kibana") != "hold 7.17.29" || h.SystemdState(kbn.Unit, "active") != "active" || h.SystemdState(kbn.Unit, "enabled") != "enabled" {
				return errors.New("package or unit are not as wanted")
			}
			if keys == nil {
				keys = got
			}
			return nil
		}
	}
	one := `  settings = { "server.port" = "%s", "server.maxPayload" = "8388608" }`
	two := `  settings = { "server.port" = "%s", "server.name" = "flows" }`
	providertest.Life{
		Host: h, Type: kibana.ResourceType, Body: body(k, k.Password, one), Changed: body(k, k.Password, two), CutEvery: 5,
		Check: check("server.maxPayload", "8388608"), CheckChanged: check("server.name", "flows"),
		Drifts: []providertest.Drift{
			{
				Name: "a setting", By: func() {
					yml, _ := h.Read(kbn.SettingsPath)
					h.Write(kbn.SettingsPath, strings.Replace(yml, "telemetry.enabled: false", "telemetry.enabled: true", 1))
				}, Fact: settings + ": telemetry.enabled", From: "true", To: "false",
			},
			{
				Name: "a setting that nobody asked for", By: func() {
					yml, _ := h.Read(kbn.SettingsPath)
					h.Write(kbn.SettingsPath, yml+"server: {basePath: /x}\n")
				}, Fact: settings + ": server.basePath", From: "/x", To: "",
			},
			{
				Name: "the unit", By: func() { h.Systemctl("stop", kbn.Unit) },
				Fact: "unit " + kbn.Unit + ": active", From: "inactive", To: "active",
			},
			{
				Name: "the mode of the keystore", By: func() {
					if err := os.Chmod(h.Path(kbn.KeystorePath), 0o644); err != nil {
						t.Fatal(err)
					}
				}, Fact: keystore + ": mode", From: "0644", To: "0660",
			},
		},
		Vanish: func() {
			h.Systemctl("stop", kbn.Unit)
			for _, path := range []string{"/etc/kibana", "/etc/fake/packages", "/etc/fake/vendor/kibana.service"} {
				if err := os.RemoveAll(h.Path(path)); err != nil {
					t.Fatal(err)
				}
			}
		},
		ImportID: "flow1", Identity: map[string]string{"host": "flow1"},
		NotImported: []string{
			"settings", "repository", "elasticsearch_hosts", "elasticsearch_ca_file", "tls", "secret_revisions", "effective",
		},
		Secrets: []string{k.Password},
		Ignore:  []string{"etc/fake", "var/lib/apt"},
	}.Run(t)
	if len(keys) == 0 {
		t.Error("no keys were seen")
	}
}

func TestKeysStayAndThePasswordChanges(t *testing.T) {
	h, k := start(t)
	const with = `  settings = { "server.port" = "%s" }`
	tofu := providertest.NewCLI(t)
	apply := func(what, config string) {
		t.Helper()
		tofu.Write(h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", kibana.ResourceType, config))
		if said := tofu.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
			t.Fatalf("%s: %q, %q", what, said.Errors, said.Warnings)
		}
		if said := tofu.Plan(); said.Changes != 0 || len(said.Errors) > 0 {
			t.Errorf("after %s the plan has %d changes, %q", what, said.Changes, said.Errors)
		}
	}
	apply("creation", body(k, k.Password, with))
	first := entries(t, h)
	h.SystemdLog()

	k.Password = "12345678" // which the tool would take for a number
	apply("another password", body(k, k.Password, with))
	second := entries(t, h)
	if second[kbn.Password] != "12345678" {
		t.Errorf("the password is %q", second[kbn.Password])
	}
	restarts := slices.DeleteFunc(h.SystemdLog(), func(line string) bool { return line != "restart "+kbn.Unit })
	if len(restarts) != 1 {
		t.Errorf("a changed password made %d restarts", len(restarts))
	}

	const own = "a-key-of-our-own-with-enough-characters"
	apply("a key of our own", body(k, k.Password, with+"\n  keystore_wo = { \"xpack.reporting.encryptionKey\" = \""+own+"\", \"server.ssl.keyPassphrase\" = \"p\" }"))
	third := entries(t, h)
	if third[kbn.ReportingKey] != own || third["server.ssl.keyPassphrase"] != "p" {
		t.Errorf("the keystore has %q", third)
	}
	apply("no key of our own", body(k, k.Password, with))
	last := entries(t, h)
	for _, key := range []string{kbn.SecurityKey, kbn.SavedObjectsKey} {
		if first[key] == "" || last[key] != first[key] {
			t.Errorf("%s became another one", key)
		}
	}
	// What was encrypted with the key that was given can be read on.
	if _, there := last["server.ssl.keyPassphrase"]; there || last[kbn.ReportingKey] != own {
		t.Errorf("the keystore has %q", last)
	}

	// One that cannot be read is not replaced in silence.
	tofu.Write(h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", kibana.ResourceType, body(k, k.Password, with)))
	h.Write(kbn.KeystorePath, "broken")
	if said := tofu.Apply(); len(said.Errors) != 1 || !strings.Contains(said.Errors[0], "is no keystore of Kibana") {
		t.Errorf("a broken keystore: %q", said.Errors)
	}
	if content, _ := h.Read(kbn.KeystorePath); content != "broken" {
		t.Error("the keystore was replaced")
	}
}

// TestErrorsHaveNoSecrets: also where one secret is a part of another one.
func TestErrorsHaveNoSecrets(t *testing.T) {
	secrets := map[string]kbn.Secret{}
	for n := range 8 {
		secrets[strconv.Itoa(n)] = kbn.Secret{Content: []byte("hunter" + strings.Repeat("2", n))}
	}
	cause := errors.New("it says hunter2222222, hunter22 and hunter")
	if err := kibana.WithoutSecrets(cause, secrets); err.Error() != "it says …, … and …" || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

// TestKibanaThatDoesNotStart: what its journal says is in the error, and no secret that is in that.
func TestKibanaThatDoesNotStart(t *testing.T) {
	h, k := start(t)
	h.SetProgram("journalctl", `#!/bin/sh
echo ' FATAL  Error: [config validation]: the password `+k.Password+` is refused'
`)
	h.SetProgram("chmod", "#!/bin/sh\necho 'no modes today' >&2\nexit 1\n")
	tofu := providertest.NewCLI(t)
	tofu.Write(h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", kibana.ResourceType, body(k, k.Password, `  settings = { "server.port" = "%s" }`)))
	said := strings.Join(tofu.Apply().Errors, "\n")
	if !strings.Contains(said, "no modes today") || !strings.Contains(said, "the password … is refused") || strings.Contains(said, k.Password) {
		t.Errorf("the apply says %q", said)
	}
}

func TestKibanaThatIsNotAvailable(t *testing.T) {
	h, k := start(t)
	config := h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n  timeouts = { create = \"6s\", update = \"6s\" }\n}\n",
		kibana.ResourceType, body(k, k.Password, `  settings = { "server.port" = "%s" }`))
	h.SetProgram("journalctl", `#!/bin/sh
echo '{"type":"log","@timestamp":"2100-01-01T00:00:00Z","tags":["error","savedobjects-service"],"pid":1,"message":"Unable to retrieve version information from Elasticsearch nodes. security_exception"}'
`)
	tofu := providertest.NewCLI(t)
	tofu.Write(config)

	k.SetReady(false)
	said := tofu.Apply()
	if len(said.Errors) != 1 || !strings.Contains(said.Errors[0], "Kibana server is not ready yet") ||
		!strings.Contains(said.Errors[0], "Unable to retrieve version information from Elasticsearch nodes. security_exception") ||
		!strings.Contains(said.Errors[0], "is undone") {
		t.Fatalf("a Kibana that does not get ready: %q", said.Errors)
	}
	if h.Package("kibana") != "" {
		t.Errorf("the package is %q", h.Package("kibana"))
	}

	k.SetReady(true)
	if said := tofu.Apply(); len(said.Errors) > 0 {
		t.Fatalf("%q", said.Errors)
	}
	// One that runs and cannot be used is no empty plan.
	k.SetReady(false)
	plan, outcome := tofu.Show()
	if len(outcome.Errors) > 0 || outcome.Changes == 0 {
		t.Fatalf("%+v", outcome)
	}
	before, _ := plan.ResourceChanges[0].Change.Before.(map[string]any)
	facts, _ := before["effective"].(map[string]any)
	if text, _ := facts["kibana: status"].(string); !strings.Contains(text, "not ready yet") {
		t.Errorf("the plan says %v", facts["kibana: status"])
	}
	k.SetReady(true)
	if said := tofu.Plan(); said.Changes != 0 {
		t.Errorf("%+v", said)
	}
	// The certificate of its file was renewed, and it does not present it.
	h.Write(certificate, providertest.StartKibana(t).CA)
	if _, outcome := tofu.Show(); outcome.Changes == 0 {
		t.Error("a renewed certificate is not noticed")
	}
	k.Password = "another"
	h.Write(certificate, k.CA)
	if said := tofu.Apply(); len(said.Errors) != 1 || !strings.Contains(said.Errors[0], "is not the one that Elasticsearch has") {
		t.Errorf("a password that Elasticsearch does not have: %q", said.Errors)
	}
}

func TestKibanaMistakesAreFoundInThePlan(t *testing.T) {
	h, k := start(t)
	for name, c := range map[string]struct{ body, message string }{
		"unknown":        {`settings = { "server.prot" = "1" }`, `did you mean "server.port"?`},
		"superuser":      {`settings = { "elasticsearch.username" = "elastic" }`, "may not be the superuser"},
		"secret in file": {`settings = { "elasticsearch.password" = "x" }`, "put it into the keystore"},
		"short key":      {`keystore_wo = { "xpack.encryptedSavedObjects.encryptionKey" = "THIS_IS_A_RANDOM_STRINGS" }`, "it has 24 characters, and needs 32"},
		"unknown entry":  {`keystore_wo = { "elasticsearch.pasword" = "x" }`, `did you mean "elasticsearch.password"?`},
		"two passwords":  {"elasticsearch_password_wo = \"x\"\nkeystore_wo = { \"elasticsearch.password\" = \"x\" }", "Give one of the two"},
		"two URLs":       {"public_base_url = \"https://a\"\nsettings = { \"server.publicBaseUrl\" = \"https://a\" }", "Give one of the two"},
		"public URL":     {`public_base_url = "https://kibana.example/"`, "must not end with a slash"},
		"key of the CA":  {`elasticsearch_ca_file = "/etc/kibana/certs/ca/ca.key"`, "no place on this host"},
		"hosts":          {`elasticsearch_hosts = ["localhost:9200"]`, "not a URL"},
		"mirror":         {`repository = { uris = ["ftp://a"] }`, "is not an http, https or file URI"},
		"mirror of none": {`repository = { managed = false, uris = ["https://a"] }`, "the host's own business"},
		"key":            {`repository = { key = "x" }`, "Unable to use the repository"},
		"beside unknown": {`settings = { "server.prot" = "1", "server.name" = terraform_data.later.id }`, `did you mean "server.port"?`},
	} {
		t.Run(name, func(t *testing.T) {
			tofu := providertest.NewCLI(t)
			tofu.Write(h.Provider() + fmt.Sprintf("resource \"terraform_data\" \"later\" {}\nresource %q \"test\" {\n%s\n}\n", kibana.ResourceType, c.body))
			if said := tofu.Plan(); len(said.Errors) == 0 || !strings.Contains(strings.Join(strings.Fields(said.Errors[0]), " "), c.message) {
				t.Errorf("%q", said.Errors)
			}
		})
	}
	tofu := providertest.NewCLI(t)
	tofu.Write(h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", kibana.ResourceType,
		body(k, "x", `  settings = { "server.port" = "%s", "monitoring.enabled" = "true", "elasticsearch.ssl.verificationMode" = "none" }`)))
	said := tofu.Plan()
	slices.Sort(said.Warnings) // of the validation and of the plan
	if warnings := slices.Compact(said.Warnings); len(said.Errors) > 0 || len(warnings) != 2 {
		t.Errorf("%q, %q", said.Errors, warnings)
	}
}
