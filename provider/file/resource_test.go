package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/flowstack/terraform-provider-flowstack/provider/file"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

func init() { secret.Iterations = secret.StandardIterations / 1000 }

const (
	name = "/etc/motd"
	fact = "file " + name
)

// is checks content and mode of a file on a host.
func is(h *providertest.Host, path, content string, mode os.FileMode) func() error {
	return func() error {
		info, err := os.Lstat(h.Path(path))
		if err != nil {
			return err
		}
		if got, _ := h.Read(path); got != content || info.Mode() != mode {
			return fmt.Errorf("%s is a file with %q and mode %v", path, got[:min(len(got), 100)], info.Mode())
		}
		return nil
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Write(name, "theirs\n")
	must(t, os.Chmod(h.Path(name), 0o604))
	providertest.Life{
		Host: h, Type: file.ResourceType,
		Body:    fmt.Sprintf("path = %q\ncontent = \"one\\n\"", name),
		Changed: fmt.Sprintf("path = %q\ncontent = \"two\\n\"\nmode = \"0640\"\ngroup = \"0\"", name),
		Check:   is(h, name, "one\n", 0o644), CheckChanged: is(h, name, "two\n", 0o640),
		Drifts: []providertest.Drift{
			{
				Name: "the content", By: func() { h.Write(name, "ONE\n") },
				Fact: fact + ": content", From: "sha256:bd52020371c038c4 (4 bytes)", To: "sha256:2c8b08da5ce60398 (4 bytes)",
			},
			{Name: "the mode", By: func() { must(t, os.Chmod(h.Path(name), 0o777)) }, Fact: fact + ": mode", From: "0777", To: "0644"},
			{Name: "the owner", By: func() { must(t, os.Chown(h.Path(name), 12345, 0)) }, Fact: fact + ": owner", From: "12345:root", To: "root:root"},
		},
		Vanish:   func() { h.Remove(name) },
		ImportID: "flow1/etc/motd", Identity: map[string]string{"host": "flow1", "path": name},
	}.Run(t)
}

const canary = "content-canary"

func TestSecretFileLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	const path = "/etc/token"
	h.Write(path, "theirs")
	body := func(content string) string {
		return fmt.Sprintf("path = %q\ncontent_wo = %q\nbackup = true", path, content)
	}
	providertest.Life{
		Host: h, Type: file.ResourceType,
		Body: body(canary + "-1"), Changed: body(canary + "-2"),
		Check: is(h, path, canary+"-1", 0o600), CheckChanged: is(h, path, canary+"-2", 0o600),
		Drifts: []providertest.Drift{
			{Name: "the content", By: func() { h.Write(path, canary+"-3") }},
			{Name: "the mode", By: func() { must(t, os.Chmod(h.Path(path), 0o640)) }, Fact: "file " + path + ": mode", From: "0640", To: "0600"},
		},
		Vanish:      func() { h.Remove(path); h.Remove(path + ".bak-flowstack") },
		ImportID:    "flow1" + path,
		NotImported: []string{"content_revision", "backup", "effective"},
		Secrets:     []string{canary},
	}.Run(t)
}

func TestSourceFileLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	const path = "/etc/large"
	one, two := strings.Repeat("0123456789abcdef", 1<<17), strings.Repeat("fedcba9876543210", 1<<17) // 2 MiB
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "one"), []byte(one), 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "two"), []byte(two), 0o600))
	body := func(source string) string {
		return fmt.Sprintf("path = %q\nsource = %q\nvalidator = [\"grep\", \"-q\", \"9876543210\\\\|0123456789\", \"{}\"]", path, filepath.Join(folder, source))
	}
	providertest.Life{
		Host: h, Type: file.ResourceType,
		Body: body("one"), Changed: body("two"),
		Check: is(h, path, one, 0o644), CheckChanged: is(h, path, two, 0o644),
		Drifts: []providertest.Drift{{
			Name: "the content", By: func() { h.Write(path, "1") },
			Fact: "file " + path + ": content", From: "sha256:6b86b273ff34fce1 (1 bytes)", To: "sha256:9e5c630590af086d (2097152 bytes)",
		}},
		ImportID:    "flow1" + path,
		NotImported: []string{"source", "sha256", "size", "content_revision", "effective", "validator"},
	}.Run(t)
}

func configuration(h *providertest.Host, body string) string {
	return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", file.ResourceType, body)
}

// TestFileRefused: what cannot be done says why, and leaves everything as it was.
func TestFileRefused(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Write("/etc/target", "theirs")
	h.Write("/etc/token", "theirs")
	h.Write("/etc/large", strings.Repeat("0123456789abcdef", 1<<13))
	must(t, os.Symlink("target", h.Path("/etc/link")))
	for name, c := range map[string]struct{ body, message string }{
		"a link":               {`path = "/etc/link", content = "x"`, `(?s)symbolic link to\s+target\s+in\s+its\s+place,\s+which\s+is\s+not\s+replaced`},
		"a directory":          {`path = "/etc/systemd", content = "x"`, `(?s)there\s+is\s+a\s+directory\s+in\s+its\s+place`},
		"no directory":         {`path = "/etc/none/x", content = "x"`, `(?s)its\s+directory\s+/etc/none/\s+is\s+not\s+there`},
		"a secret over a file": {`path = "/etc/token", content_wo = "x"`, `(?s)there\s+is\s+a\s+file\s+already,\s+which\s+may\s+be\s+secret`},
		"a large file":         {`path = "/etc/large", content = "x"`, `(?s)a\s+file\s+of\s+131072\s+bytes\s+already`},
		"an unknown owner":     {`path = "/etc/x", content = "x", owner = "nobody-here"`, `(?s)invalid\s+user`},
		"the validator":        {`path = "/etc/target", content = "x", validator = ["grep","-c","good","{}"]`, `(?s)grep\s+refused\s+the\s+content\s+with\s+status\s+1;\s+the\s+old\s+file\s+stays:\s+0`},
		"two contents":         {`path = "/etc/x", content = "x", source = "/x"`, `Invalid Attribute Combination`},
		"no content":           {`path = "/etc/x"`, `Invalid Attribute Combination`},
		"a relative path":      {`path = "etc/x", content = "x"`, `(?s)not\s+an\s+absolute\s+path`},
		"a mode":               {`path = "/etc/x", content = "x", mode = "0898"`, `(?s)is\s+not\s+a\s+mode`},
		"a blind validator":    {`path = "/etc/x", content = "x", validator = ["true"]`, `(?s)None\s+of\s+the\s+arguments\s+has\s+\{\}`},
		"no source":            {`path = "/etc/x", source = "/nonesuch"`, `(?s)Unable to read the source.*no\s+such\s+file`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps: []resource.TestStep{{
					Config:      configuration(h, strings.ReplaceAll(c.body, ", ", "\n")),
					ExpectError: regexp.MustCompile(c.message),
				}},
			})
		})
	}
	for path, want := range map[string]string{"/etc/target": "theirs", "/etc/token": "theirs", "/etc/link": "theirs"} {
		if got, _ := h.Read(path); got != want {
			t.Errorf("%s has %q", path, got)
		}
	}
	if found, err := filepath.Glob(h.Path("/etc/.flowstack*")); err != nil || len(found) > 0 {
		t.Errorf("left: %q, %v", found, err)
	}
}

// TestFileBehindALink writes to what a link leads to.
func TestFileBehindALink(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Write("/etc/target", "theirs")
	must(t, os.Symlink("target", h.Path("/etc/link")))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{{
			Config: configuration(h, "path = \"/etc/link\"\ncontent = \"ours\"\nfollow_symlinks = true"),
			Check:  func(*terraform.State) error { return is(h, "/etc/target", "ours", 0o644)() },
		}},
		CheckDestroy: func(*terraform.State) error { return is(h, "/etc/target", "theirs", 0o644)() },
	})
	if to, err := os.Readlink(h.Path("/etc/link")); err != nil || to != "target" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}
