package acctest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const tofuConfig = `
variable "text" { type = string }
resource "terraform_data" "this" { input = var.text }
output "text" { value = terraform_data.this.output }
check "warning" {
  assert {
    condition     = var.text != "doubtful"
    error_message = "This is doubtful."
  }
}
`

// The real OpenTofu with a resource that it brings along.
func TestTofu(t *testing.T) {
	binary := os.Getenv("FLOWSTACK_TOFU")
	if binary == "" {
		binary = "../bin/tofu"
	}
	dir, remove, err := TemporaryDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := remove(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(tofuConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewTofu(filepath.Join(dir, "absent"), binary, dir, nil); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("without a binary the error is %v: it should say what to do", err)
	}
	// Any file will do as provider: this configuration uses none of ours.
	tofu, err := NewTofu(binary, binary, dir, map[string]string{"TF_VAR_text": "one"})
	if err != nil {
		t.Fatal(err)
	}
	const address = "terraform_data.this"
	expectPlan := func(action, before, after string) *Plan {
		t.Helper()
		plan, err := tofu.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		change, ok := plan.Changes[address]
		if action == "" {
			if ok {
				t.Errorf("planned %v, want nothing", change)
			}
			return plan
		}
		was, _ := change.Before["input"].(string)
		will, _ := change.After["input"].(string)
		if !slices.Equal(change.Actions, []string{action}) || was != before || will != after {
			t.Errorf("planned %v from %q to %q, want %s from %q to %q", change.Actions, was, will, action, before, after)
		}
		return plan
	}
	expectPlan("create", "", "one")
	if err := tofu.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := expectPlan("", "", ""); len(p.Warnings) > 0 {
		t.Errorf("warnings %v, want none", p.Warnings)
	}
	tofu.Set("text", "doubtful")
	if p := expectPlan("update", "one", "doubtful"); len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "This is doubtful.") {
		t.Errorf("warnings %v, want the one of the check", p.Warnings)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.tf"), []byte(`resource "terraform_data" "bad" { inputs = 1 }`), 0o600); err != nil {
		t.Fatal(err)
	}
	var diagnostics *DiagnosticError
	if err := tofu.Apply(t.Context()); !errors.As(err, &diagnostics) || !strings.Contains(err.Error(), `"inputs"`) {
		t.Errorf("the error of an invalid configuration is %v: it should hold the diagnostic", err)
	}
	if err := os.Remove(filepath.Join(dir, "bad.tf")); err != nil {
		t.Fatal(err)
	}
	if err := tofu.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	expectPlan("create", "", "doubtful")
}

// TestSecretsAreFound: a configuration that keeps a password in the state is found out by the command that does it.
func TestSecretsAreFound(t *testing.T) {
	binary := os.Getenv("FLOWSTACK_TOFU")
	if binary == "" {
		binary = "../bin/tofu"
	}
	SearchSecrets = true
	t.Cleanup(func() { SearchSecrets = false })
	dir := t.TempDir()
	config := `
variable "password" {
  type      = string
  sensitive = true
}
variable "keep" { type = bool }
resource "terraform_data" "this" { input = var.keep ? var.password : "nothing" }
`
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	tofu, err := NewTofu(binary, binary, dir, map[string]string{"TF_VAR_password": "a password canary", "TF_VAR_keep": "false"})
	if err != nil {
		t.Fatal(err)
	}
	if err := tofu.Apply(t.Context()); err != nil {
		t.Error(err)
	}
	tofu.Set("keep", "true")
	if _, err := tofu.Plan(t.Context()); err == nil || !strings.Contains(err.Error(), "the secret in variable password is in what it prints") {
		t.Errorf("the plan says %v", err)
	}
	if err := tofu.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "the secret in variable password is in the state") {
		t.Errorf("the apply says %v", err)
	}
	if !slices.Contains(KnownSecrets(), "a password canary") {
		t.Error("the secret is not known for hosts to be searched")
	}
}
