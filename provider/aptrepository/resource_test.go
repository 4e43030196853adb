package aptrepository_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/provider/aptrepository"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	address = aptrepository.ResourceType + ".test"
	file    = "file /etc/apt/sources.list.d/lab.sources"
	keyring = "file /etc/apt/keyrings/lab.gpg"
	proxy   = "file /etc/apt/apt.conf.d/60-lab.conf"
	lists   = "repository lab: package lists"
)

// key is a new one.
type key struct{ armored, binary, private, fingerprint string }

func newKey(t *testing.T) key {
	t.Helper()
	entity, err := openpgp.NewEntity("lab", "", "lab@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	k := key{fingerprint: strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))}
	var public, private bytes.Buffer
	if err := entity.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	if err := entity.SerializePrivate(&private, nil); err != nil {
		t.Fatal(err)
	}
	k.binary = public.String()
	k.armored = armored(t, "PUBLIC KEY", public.Bytes())
	k.private = armored(t, "PRIVATE KEY", private.Bytes())
	return k
}

func armored(t *testing.T, kind string, content []byte) string {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, "PGP "+kind+" BLOCK", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

// body is the inside of a resource with a key.
func body(key, fingerprint, more string) string {
	return fmt.Sprintf("name = \"lab\"\nsuites = [\"stable\"]\ncomponents = [\"main\"]\nkey = %q\nkey_fingerprints = [%q]\n%s\n", key, fingerprint, more)
}

const uris = `uris = ["http://mirror.example/debian/"]`

func config(h *providertest.Host, body string) string {
	return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", aptrepository.ResourceType, body)
}

func update(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: append(checks, plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate))}
}

func empty() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func TestRepositories(t *testing.T) {
	h := providertest.StartHost(t, nil)
	first, second := newKey(t), newKey(t)
	one := config(h, body(first.armored, first.fingerprint, uris+"\nproxy = \"http://proxy.example:3128\""))
	both := config(h, fmt.Sprintf(`
name             = "lab"
uris             = ["https://a.example/debian", "http://b.example:8080/debian"]
suites           = ["stable", "stable-updates"]
components       = ["main", "contrib"]
architectures    = ["amd64"]
key              = %q
key_fingerprints = [%q, %q]`, first.armored+second.armored, second.fingerprint[:20]+" "+strings.ToLower(second.fingerprint[20:]), first.fingerprint))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{ // apt says no; what is there stays for the next apply
				PreConfig: func() {
					h.Write("/etc/fake/refuse-update", "Get:1 noise\nE: The repository 'http://mirror.example/debian stable InRelease' is not signed.\n")
				},
				Config:      one,
				ExpectError: regexp.MustCompile(`(?s)Unable to set up the apt repository of host flow1.*apt-get update.*is not\s+signed`),
			},
			{
				PreConfig: func() { h.Remove("/etc/fake/refuse-update") },
				Config:    one,
				ConfigStateChecks: []statecheck.StateCheck{
					providertest.Fact(address, file+": URIs", "http://mirror.example/debian/"),
					providertest.Fact(address, file+": Signed-By", "/etc/apt/keyrings/lab.gpg"),
					providertest.Fact(address, keyring+": keys", first.fingerprint),
					providertest.Fact(address, proxy+": Acquire::http::Proxy::mirror.example", "http://proxy.example:3128"),
					providertest.Fact(address, lists, "fetched"),
				},
				Check: func(*terraform.State) error {
					if got, _ := h.Read("/etc/apt/keyrings/lab.gpg"); got != first.binary {
						return fmt.Errorf("the keyring has %d octets, not the key's %d", len(got), len(first.binary))
					}
					return nil
				},
			},
			{Config: one, ConfigPlanChecks: empty()},
			{ // another key by hand, a mirror more, the lists gone
				PreConfig: func() {
					h.Write("/etc/apt/keyrings/lab.gpg", second.binary)
					h.Write("/etc/apt/sources.list.d/lab.sources", "Types: deb\nURIs: http://mirror.example/debian/\n http://evil.example/\nSuites: stable\nComponents: main\nTrusted: yes\n")
					if err := os.RemoveAll(h.Path("/var/lib/apt/lists")); err != nil {
						t.Fatal(err)
					}
					if err := os.MkdirAll(h.Path("/var/lib/apt/lists/partial"), 0o755); err != nil {
						t.Fatal(err)
					}
				},
				Config: one,
				ConfigPlanChecks: update(
					providertest.Drifts(address, keyring+": keys", second.fingerprint, first.fingerprint),
					providertest.Drifts(address, file+": URIs", "http://mirror.example/debian/ http://evil.example/", "http://mirror.example/debian/"),
					providertest.Drifts(address, file+": Trusted", "yes", ""),
					providertest.Drifts(address, lists, "incomplete", "fetched"),
				),
			},
			{Config: one, ConfigPlanChecks: empty()},
			{
				ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: "flow1/lab",
				ImportStateVerifyIgnore: []string{"key"}, // no fact has it
			},
			{
				Config:            both,
				ConfigPlanChecks:  update(providertest.Drifts(address, file+": Suites", "stable", "stable stable-updates")),
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, lists, "fetched")},
			},
			{Config: both, ConfigPlanChecks: empty()},
			{ // somebody configures one of the mirrors by hand
				PreConfig: func() {
					h.Write("/etc/apt/sources.list.d/hand.list", "# mine\ndeb [arch=amd64 signed-by=/x.gpg] http://A.example/debian/ stable main\n")
				},
				Config:      both,
				ExpectError: regexp.MustCompile(`(?s)has it\s+already, in\s+/etc/apt/sources.list.d/hand.list`),
			},
			{PreConfig: func() { h.Remove("/etc/apt/sources.list.d/hand.list") }, Config: both, ConfigPlanChecks: empty()},
		},
		CheckDestroy: func(*terraform.State) error {
			for _, folder := range []string{"/etc/apt/sources.list.d", "/etc/apt/keyrings", "/etc/apt/apt.conf.d", "/var/lib/apt"} {
				entries, err := os.ReadDir(h.Path(folder))
				if err != nil {
					return err
				}
				for _, entry := range entries {
					if !entry.IsDir() {
						return fmt.Errorf("%s/%s is still there", folder, entry.Name())
					}
				}
			}
			entries, err := os.ReadDir(h.Path("/var/lib/apt/lists"))
			if err != nil || len(entries) != 1 {
				return fmt.Errorf("among the lists are still %v (%w)", entries, err)
			}
			return nil
		},
	})
}

func TestRepositoryConfiguredElsewhere(t *testing.T) {
	h := providertest.StartHost(t, nil)
	k := newKey(t)
	h.Write("/etc/apt/sources.list.d/off.sources", "Types: deb\nURIs: http://mirror.example/debian\nSuites: stable\nComponents: main\nEnabled: no\n")
	h.Write("/etc/apt/sources.list.d/elastic-7.x.list", "deb http://mirror.example/debian stable main\n")
	const theirs = "/var/lib/apt/lists/mirror.example_debian_dists_stable_Release"
	h.Write(theirs, "")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(h, body(k.armored, k.fingerprint, uris)),
				ExpectError: regexp.MustCompile(`(?s)Unable to set up the apt repository.*in\s+/etc/apt/sources.list.d/elastic-7.x.list; take it out`),
			},
			{ // nothing was written; without the other file it works
				PreConfig: func() {
					if _, there := h.Read("/etc/apt/sources.list.d/lab.sources"); there {
						t.Error("something was written in spite of the other file")
					}
					if _, there := h.Read(theirs); !there {
						t.Error("the lists of the other file are gone")
					}
					h.Remove("/etc/apt/sources.list.d/elastic-7.x.list")
				},
				Config:            config(h, body(base64.StdEncoding.EncodeToString([]byte(k.binary)), k.fingerprint, uris)),
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, lists, "fetched")},
			},
		},
	})
}

func TestMistakesAreFoundInThePlan(t *testing.T) {
	h := providertest.StartHost(t, nil)
	k, other := newKey(t), newKey(t)
	for name, c := range map[string]struct{ body, message string }{
		"another key": {body(k.armored, other.fingerprint, uris), `(?s)Unable to trust the key.*in the key: ` + k.fingerprint + `.*expected:\s+` + other.fingerprint},
		"a key more":  {body(k.armored+other.armored, k.fingerprint, uris), `Unable to trust the key`},
		"key id":      {body(k.armored, k.fingerprint[24:], uris), `is not\s+the\s+fingerprint`},
		"private key": {body(k.private, k.fingerprint, uris), `private key`},
		"no key": {`name = "lab"` + "\n" + uris + `
suites = ["./"]`, `needs the key that signs it`},
		"key, and trusted":         {body(k.armored, k.fingerprint, uris+"\ntrusted = true"), `cannot be\s+trusted without`},
		"text":                     {body("no key at all", k.fingerprint, uris), `neither an armored key nor base64`},
		"half a key":               {body(k.armored[:200], k.fingerprint, uris), `Unable to use the repository`},
		"no fingerprint":           {fmt.Sprintf("name = \"lab\"\nsuites = [\"stable\"]\ncomponents = [\"main\"]\nkey = %q\n%s", k.armored, uris), `(?s)another place\s+than\s+the key.*` + k.fingerprint},
		"password in the URI":      {body(k.armored, k.fingerprint, `uris = ["https://u:canary@mirror.example/"]`), `(?s)Everybody.*auth.conf.d`},
		"password in the proxy":    {body(k.armored, k.fingerprint, uris+"\nproxy = \"http://u:canary@proxy:3128\""), `(?s)Everybody.*auth.conf.d`},
		"URI":                      {body(k.armored, k.fingerprint, `uris = ["ftp://mirror.example/"]`), `not an http, https or file URI`},
		"option in a URI":          {body(k.armored, k.fingerprint, `uris = ["http://x/ [trusted=yes]"]`), `cannot have`},
		"component of a folder":    {"name = \"lab\"\n" + uris + "\nsuites = [\"./\"]\ncomponents = [\"main\"]\ntrusted = true", `has no\s+components`},
		"suite without components": {"name = \"lab\"\n" + uris + "\nsuites = [\"stable\"]\ntrusted = true", `any\s+other\s+suite\s+has`},
		"line feed":                {"name = \"lab\"\n" + uris + "\nsuites = [\"stable\\nTrusted: yes\"]\ncomponents = [\"main\"]\ntrusted = true", `is not\s+the\s+name of a\s+suite`},
		"neither":                  {"name = \"lab\"\ntrusted = true", `needs\s+uris\s+and\s+suites.*or\s+packages`},
		"packages, and URIs":       {"name = \"lab\"\npackages = [\"/nonesuch.deb\"]\n" + uris, `(?s)/nonesuch.deb: no such file.*made of packages`},
		"not a package":            {"name = \"lab\"\npackages = [\"/etc/passwd\"]", `(?s)"passwd" is not a name.*/etc/passwd is not a\s+Debian package`},
		"one name twice":           {"name = \"lab\"\npackages = [\"/a/x.deb\", \"/b/x.deb\"]", `/a/x.deb and /b/x.deb have the same\s+name`},
		"name":                     {"name = \"../lab\"\n" + uris + "\nsuites = [\"./\"]\ntrusted = true", `lower-case`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps:                    []resource.TestStep{{Config: config(h, c.body), PlanOnly: true, ExpectError: regexp.MustCompile(c.message)}},
			})
		})
	}
	if n := h.Sessions(); n != 0 {
		t.Errorf("%d commands were run on the host to find mistakes in a configuration", n)
	}
}

// TestRepositoryLife lives the life that all resources have in common.
func TestRepositoryLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	k := newKey(t)
	has := func(uri string) func() error {
		return func() error {
			content, _ := h.Read("/etc/apt/sources.list.d/lab.sources")
			entries, err := os.ReadDir(h.Path("/var/lib/apt/lists"))
			if !strings.Contains(content, "URIs: "+uri+"\n") || err != nil || len(entries) != 2 {
				return fmt.Errorf("the file is %q, and among the lists are %v (%w)", content, entries, err)
			}
			return nil
		}
	}
	providertest.Life{
		Host:    h,
		Type:    aptrepository.ResourceType,
		Body:    body(k.armored, k.fingerprint, `uris = ["http://mirror.example/debian"]`),
		Changed: body(k.armored, k.fingerprint, "uris = [\"http://other.example/debian\"]\nproxy = \"DIRECT\""),
		Check:   has("http://mirror.example/debian"), CheckChanged: has("http://other.example/debian"),
		Drifts: []providertest.Drift{
			{Name: "the lists", By: func() { h.Remove("/var/lib/apt/lists/mirror.example_debian_dists_stable_Release") }, Fact: lists, From: "incomplete", To: "fetched"},
			{Name: "the key", By: func() { h.Remove("/etc/apt/keyrings/lab.gpg") }, Fact: keyring, From: "absent", To: "present"},
			{Name: "the mode", By: func() {
				if err := os.Chmod(h.Path("/etc/apt/sources.list.d/lab.sources"), 0o666); err != nil {
					t.Fatal(err)
				}
			}, Fact: file + ": mode", From: "0666", To: "0644"},
		},
		Vanish: func() {
			for _, path := range []string{
				"/etc/apt/keyrings/lab.gpg", "/etc/apt/sources.list.d/lab.sources",
				"/var/lib/apt/lists/mirror.example_debian_dists_stable_Release", "/var/lib/apt/flowstack-lab.fetched",
			} {
				h.Remove(path)
			}
		},
		ImportID: "flow1/lab", Identity: map[string]string{"host": "flow1", "name": "lab"},
		NotImported: []string{"key"},
	}.Run(t)
}

// TestRepositoryOfPackages makes one of files. A life with each link cut takes too long for every run: a folder of many files takes many commands.
func TestRepositoryOfPackages(t *testing.T) {
	h := providertest.StartHost(t, nil)
	folder := t.TempDir()
	one, two := deb(t, folder, "1"), deb(t, folder, "2")
	const at = "/var/lib/apt/flowstack-lab/"
	has := func(versions ...string) func(*terraform.State) error {
		return func(*terraform.State) error {
			index, _ := h.Read(at + "Packages")
			for _, version := range versions {
				if !strings.Contains(index, "Version: "+version+"\n") || !strings.Contains(index, "Filename: ./tiny_"+version+".deb\nSize: ") {
					return fmt.Errorf("the list of packages lacks version %s: %s", version, index)
				}
			}
			entries, err := os.ReadDir(h.Path(at))
			if err != nil || len(entries) != len(versions)+1 {
				return fmt.Errorf("in the folder are %v (%w)", entries, err)
			}
			return nil
		}
	}
	first, both := config(h, fmt.Sprintf("name = \"lab\"\npackages = [%q]", one)), config(h, fmt.Sprintf("name = \"lab\"\npackages = [%q, %q]", two, one))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: first, Check: has("1")},
			{Config: first, ConfigPlanChecks: empty()},
			{Config: both, Check: has("1", "2"), ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, lists, "fetched")}},
			{
				PreConfig:        func() { h.Remove(at + "tiny_1.deb") },
				Config:           both,
				ConfigPlanChecks: update(providertest.Drifts(address, "file /var/lib/apt/flowstack-lab/tiny_1.deb", "absent", "present")),
				Check:            has("1", "2"),
			},
			{ // another content under the same name
				PreConfig: func() {
					if err := os.Rename(two, one); err != nil {
						t.Fatal(err)
					}
				},
				Config: first,
				Check: func(*terraform.State) error {
					if index, _ := h.Read(at + "Packages"); !strings.Contains(index, "Version: 2\nArchitecture: all") || strings.Count(index, "Package: ") != 1 {
						return fmt.Errorf("the list of packages is %s", index)
					}
					return nil
				},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			if _, err := os.Stat(h.Path(at)); err == nil {
				return errors.New("the folder is still there")
			}
			return nil
		},
	})
}

// deb builds a package into a folder.
func deb(t *testing.T, folder, version string) string {
	t.Helper()
	_, content, err := acctest.Deb{Name: "tiny", Version: version}.Build()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "tiny_"+version+".deb")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
