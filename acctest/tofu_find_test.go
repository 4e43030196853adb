package acctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindTofu(t *testing.T) {
	repository, path := t.TempDir(), t.TempDir()
	program := func(dir, name, says string) string {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	built := program(filepath.Join(repository, "bin"), "tofu", `{"terraform_version": "1.12.6"}`)
	installed := program(path, "tofu-installed", `{"terraform_version": "1.11.0"}`)
	program(path, "tofu-old", `{"terraform_version": "1.10.7"}`)
	program(path, "tofu-future", `{"terraform_version": "2.0.0-beta1"}`)
	program(path, "no-tofu", "hello")
	t.Setenv("PATH", path+":"+os.Getenv("PATH"))

	t.Setenv("FLOWSTACK_TOFU", "") // make names one for all tests; Setenv brings it back
	if err := os.Unsetenv("FLOWSTACK_TOFU"); err != nil {
		t.Fatal(err)
	}
	if got, err := FindTofu(t.Context(), repository); err != nil || got != built {
		t.Errorf("that of make: %s, %v", got, err)
	}
	for named, want := range map[string]string{
		"tofu-installed": installed, installed: installed, "tofu-future": filepath.Join(path, "tofu-future"),
		"tofu-old": "tofu-old is OpenTofu 1.10.7: the provider needs 1.11", "no-tofu": "no-tofu is no Terraform and no OpenTofu: invalid character", "tofu-absent": "there is no OpenTofu: exec: \"tofu-absent\"",
		"": "there is no OpenTofu: exec: \"\"",
	} {
		t.Setenv("FLOWSTACK_TOFU", named)
		got, err := FindTofu(t.Context(), repository)
		if got != want && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %s, %v", named, got, err)
		}
	}
}
