package collector_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
	"github.com/flowstack/terraform-provider-flowstack/provider/collector"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	address  = collector.ResourceType + ".test"
	settings = "file " + flowcollector.SettingsPath
	unit     = "unit " + flowcollector.Unit
	secret   = "password-canary"
)

var credential = flowcollector.CredentialPath(flowcollector.ElasticsearchPassword)

func withPackage(t *testing.T, version string) {
	t.Helper()
	t.Cleanup(collector.SetPackages(version, map[string][]byte{"amd64": []byte(version + "\n")}, nil))
}

func config(h *providertest.Host, body string) string {
	return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", collector.ResourceType, body)
}

func effective(fact string) tfjsonpath.Path { return tfjsonpath.New("effective").AtMapKey(fact) }

func update(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: append(checks, plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate))}
}

func empty() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func TestCollectorLife(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	check := func(setting string) func() error {
		return func() error {
			text, _ := h.Read(flowcollector.SettingsPath)
			password, _ := h.Read(credential)
			if !strings.Contains(text, setting) || strings.Contains(text, secret) || password != secret {
				return fmt.Errorf("the settings are %s", text)
			}
			if h.SystemdState(flowcollector.Unit, "active") != "active" || h.SystemdState(flowcollector.Unit, "enabled") != "enabled" {
				return errors.New("the service does not run")
			}
			return nil
		}
	}
	body := func(setting string) string {
		return fmt.Sprintf("settings = { \"output.elasticsearch.addresses\" = \"https://127.0.0.1:9200\", \"output.elasticsearch.username\" = \"flowcollector\", %s }\n"+
			"elasticsearch_password_wo = %q", setting, secret)
	}
	providertest.Life{
		Host: h, Type: collector.ResourceType,
		Body: body(`"output.elasticsearch.batch_bytes" = "1MiB"`), Changed: body(`"output.elasticsearch.index" = "flows-lab"`),
		Check: check("batch_bytes: 1MiB"), CheckChanged: check("index: flows-lab"),
		Drifts: []providertest.Drift{
			{
				Name: "a setting", By: func() {
					text, _ := h.Read(flowcollector.SettingsPath)
					h.Write(flowcollector.SettingsPath, strings.Replace(text, "1MiB", "2MiB", 1))
				}, Fact: settings + ": output.elasticsearch.batch_bytes", From: "2MiB", To: "1MiB",
			},
			{
				Name: "the unit is not enabled", By: func() { h.SetSystemd(flowcollector.Unit, "enabled", "disabled") },
				Fact: unit + ": enabled", From: "disabled", To: "enabled",
			},
			{
				Name: "the unit does not run", By: func() { h.SetSystemd(flowcollector.Unit, "active", "inactive") },
				Fact: unit + ": active", From: "inactive", To: "active",
			},
		},
		Vanish: func() {
			for _, path := range []string{"/etc/fake", "/etc/flowcollector", "/etc/systemd/system/flowcollector.service.d"} {
				if err := os.RemoveAll(h.Path(path)); err != nil {
					t.Fatal(err)
				}
			}
			for _, path := range []string{"vendor", "systemd"} {
				if err := os.MkdirAll(h.Path("/etc/fake/"+path), 0o755); err != nil {
					t.Fatal(err)
				}
			}
		},
		ImportID: "flow1", Identity: map[string]string{"host": "flow1"},
		NotImported: []string{"credentials_revision", "effective"},
		Secrets:     []string{secret},
	}.Run(t)
}

func TestCollectorUpgrade(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	written := config(h, `settings = { "output.elasticsearch.addresses" = "https://127.0.0.1:9200", "output.elasticsearch.batch_bytes" = "1024KiB" }`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: written,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, tfjsonpath.New("package_version"), knownvalue.StringExact("1.0.0")),
					// as written
					statecheck.ExpectKnownValue(address, tfjsonpath.New("settings").AtMapKey("output.elasticsearch.batch_bytes"), knownvalue.StringExact("1024KiB")),
				},
			},
			{Config: written, ConfigPlanChecks: empty()},
			{ // a newer provider brings a newer collector
				PreConfig:        func() { withPackage(t, "1.1.0") },
				Config:           written,
				ConfigPlanChecks: update(providertest.Drifts(address, "package flowcollector", "1.0.0", "1.1.0")),
			},
		},
	})
}

func TestCollectorCredentials(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	with := func(password string) string {
		return config(h, fmt.Sprintf("settings = { \"output.elasticsearch.username\" = \"flowcollector\" }\nelasticsearch_password_wo = %q", password))
	}
	revision := statecheck.CompareValue(compare.ValuesDiffer())
	is := func(password string) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			if content, _ := h.Read(credential); content != password {
				return fmt.Errorf("the credential on the host is %q", content)
			}
			if err := providertest.Nowhere(secret).Check(state); err != nil {
				return err
			}
			return nil
		}
	}
	factories := providertest.Factories(t)
	work := t.TempDir()
	t.Setenv("TF_ACC_TEMP_DIR", work)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config:            with(secret + "-1"),
				ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{providertest.Nowhere(secret)}},
				ConfigStateChecks: []statecheck.StateCheck{revision.AddStateValue(address, tfjsonpath.New("credentials_revision"))},
				Check:             resource.ComposeTestCheckFunc(is(secret+"-1"), nothingWritten(work)),
			},
			{Config: with(secret + "-1"), ConfigPlanChecks: empty()},
			{ // another password is an update, without a version to count
				Config:            with(secret + "-2"),
				ConfigPlanChecks:  update(plancheck.ExpectUnknownValue(address, tfjsonpath.New("credentials_revision")), providertest.Nowhere(secret)),
				ConfigStateChecks: []statecheck.StateCheck{revision.AddStateValue(address, tfjsonpath.New("credentials_revision"))},
				Check:             resource.ComposeTestCheckFunc(is(secret+"-2"), nothingWritten(work)),
			},
			{ // changed by hand
				PreConfig:        func() { h.Write(credential, "somebody else's") },
				Config:           with(secret + "-2"),
				ConfigPlanChecks: update(providertest.Nowhere("somebody else's"), different{}),
				Check:            is(secret + "-2"),
			},
			{Config: with(secret + "-2"), ConfigPlanChecks: empty()},
			{ // no credential any more
				Config:           config(h, `settings = { "output.elasticsearch.username" = "flowcollector" }`),
				ConfigPlanChecks: update(providertest.Drifts(address, "file "+credential, "present", "")),
				Check: func(*terraform.State) error {
					if _, exists := h.Read(credential); exists {
						return errors.New("the credential is still there")
					}
					return nil
				},
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(address, tfjsonpath.New("credentials_revision"), knownvalue.Null())},
			},
		},
	})
}

// TestCredentialOfOthers: one that was on the host before is kept there, and nowhere else, and is back after the destroy.
func TestCredentialOfOthers(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	const theirs = "others-canary"
	if err := os.MkdirAll(filepath.Dir(h.Path(credential)), 0o700); err != nil {
		t.Fatal(err)
	}
	h.Write(credential, theirs)
	if err := os.Chmod(h.Path(credential), 0o400); err != nil {
		t.Fatal(err)
	}
	c := providertest.NewCLI(t)
	for _, password := range []string{secret + "-1", secret + "-2"} {
		c.Write(config(h, fmt.Sprintf("settings = { \"output.elasticsearch.username\" = \"flowcollector\" }\nelasticsearch_password_wo = %q", password)))
		if said := c.Apply(); len(said.Errors) > 0 {
			t.Fatalf("the apply failed: %q", said.Errors)
		}
		if got, _ := h.Read(credential); got != password {
			t.Fatalf("the credential is %q", got)
		}
	}
	state, err := os.ReadFile(filepath.Join(c.Dir, "terraform.tfstate"))
	if err != nil || strings.Contains(string(state), theirs) {
		t.Errorf("the state has what was there before, %v", err)
	}
	if said := c.Destroy(); len(said.Errors) > 0 {
		t.Fatalf("the destroy failed: %q", said.Errors)
	}
	info, err := os.Stat(h.Path(credential))
	if got, _ := h.Read(credential); err != nil || got != theirs || info.Mode() != 0o400 {
		t.Errorf("what was there before is now %q, %v, %v", got, info, err)
	}
	if left, err := filepath.Glob(filepath.Dir(h.Path(credential)) + "/*"); err != nil || len(left) != 1 {
		t.Errorf("left are %q, %v", left, err)
	}
}

// nothingWritten searches state and plan files for the secret: only the configuration may have it.
func nothingWritten(folder string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		states := 0
		files := os.DirFS(folder)
		err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(path, ".tf") {
				return err
			}
			content, err := fs.ReadFile(files, path)
			if strings.Contains(filepath.Base(path), "tfstate") {
				states++
			}
			if strings.Contains(string(content), secret) {
				return fmt.Errorf("the secret is in %s", path)
			}
			return err
		})
		if err == nil && states == 0 {
			err = fmt.Errorf("there is no state below %s to search", folder)
		}
		return err
	}
}

func TestCollectorCertificateAuthority(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	ca := providertest.StartElasticsearch(t).CA
	fact := "file " + flowcollector.CertificateAuthorityPath + ": certificate 1"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: config(h, "elasticsearch_ca_certificate = <<-EOT\n"+ca+"EOT"),
				ConfigStateChecks: []statecheck.StateCheck{
					providertest.Fact(address, settings+": output.elasticsearch.ca_file", flowcollector.CertificateAuthorityPath),
					statecheck.ExpectKnownValue(address, effective(fact), knownvalue.StringRegexp(regexp.MustCompile(`^O=Acme Co, until \d{4}-\d\d-\d\d, SHA-256 [0-9a-f]{64}$`))),
				},
			},
		},
	})
}

func TestCollectorMistakesAreFoundInThePlan(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	for name, c := range map[string]struct{ body, message string }{
		"unknown": {
			`settings = { "output.elasticsearch.indx" = "flows" }`,
			`(?s)Unable to use setting output.elasticsearch.indx.*"output.elasticsearch.indx" = "flows".*did\s+you\s+mean\s+"output.elasticsearch.index"`,
		},
		"value": {`settings = { "output.elasticsearch.gzip" = "maybe" }`, `neither\s+true\s+nor\s+false`},
		"two": {
			`settings = { "output.elasticsearch.buffer_bytes" = "1MiB" }`,
			`(?is)Unable to use setting\s+output.elasticsearch.buffer_bytes.*must\s+be\s+at\s+least`,
		},
		"certificate": {`elasticsearch_ca_certificate = "none"`, `There is no PEM certificate in it`},
		"two authorities": {
			"elasticsearch_ca_certificate = <<-EOT\n" + providertest.StartElasticsearch(t).CA + "EOT\nsettings = { \"output.elasticsearch.ca_file\" = \"/x\" }",
			`Unable to use two certificate authorities`,
		},
		"superuser": {`settings = { "output.elasticsearch.username" = "elastic" }`, `may\s+not\s+be\s+the\s+superuser`},
		"superuser beside unknown": {
			"settings = { \"output.elasticsearch.username\" = \"elastic\", \"output.elasticsearch.index\" = terraform_data.later.id }",
			`may\s+not\s+be\s+the\s+superuser`,
		},
		"unknown beside a value known after apply": {
			"settings = { \"output.elasticsearch.indx\" = \"flows\", \"output.elasticsearch.username\" = terraform_data.later.id }",
			`did\s+you\s+mean\s+"output.elasticsearch.index"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps: []resource.TestStep{{
					Config:      config(h, c.body) + "\nresource \"terraform_data\" \"later\" {}\n",
					PlanOnly:    true,
					ExpectError: regexp.MustCompile(c.message),
				}},
			})
		})
	}
	if n := h.Sessions(); n != 0 {
		t.Errorf("%d commands were run on the host to find mistakes in a configuration", n)
	}
}

func TestCollectorThatDoesNotStart(t *testing.T) {
	withPackage(t, "1.0.0")
	h := providertest.StartHost(t, nil)
	h.SetSystemd(flowcollector.Unit, "fails", "yes")
	h.Write("/etc/fake/refuse", "listen 0.0.0.0:2055: address already in use\n") // the journal
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(h, ""),
				ExpectError: regexp.MustCompile(`(?s)Unable to set up the flow collector of host flow1.*address\s+already\s+in\s+use`),
			},
			{
				PreConfig:         func() { h.Remove("/etc/fake/refuse") },
				Config:            config(h, ""),
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, unit+": active", "active")},
			},
		},
	})
}

func TestCollectorOfAProviderWithoutPackages(t *testing.T) {
	t.Cleanup(collector.SetPackages("", nil, flowcollector.ErrNoPackages))
	h := providertest.StartHost(t, nil)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: config(h, ""), PlanOnly: true, ExpectNonEmptyPlan: true},
			{Config: config(h, ""), ExpectError: regexp.MustCompile(`(?s)Unable to install the flow collector.*make\s+build`)},
		},
	})
}
