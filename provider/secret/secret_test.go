package secret

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// memory is private state.
type memory map[string][]byte

func (m memory) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return m[key], nil }

func (m memory) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	m[key] = value
	return nil
}

func TestVerifier(t *testing.T) {
	const secret = "password-canary"
	attribute := Attribute{Name: "password_wo", Key: "password", Thing: "password"}
	private := memory{}
	if v, diags := attribute.Load(t.Context(), private); v != nil || diags.HasError() || v.Matches(nil) {
		t.Errorf("an empty private state has a verifier: %v, %v", v, diags)
	}
	made, err := newVerifier(secret)
	if err != nil {
		t.Fatal(err)
	}
	if diags := attribute.save(t.Context(), private, made); diags.HasError() {
		t.Fatal(diags)
	}
	if text := string(private[attribute.Key]); strings.Contains(text, secret) || !json.Valid(private[attribute.Key]) {
		t.Errorf("kept as %s", text)
	}
	v, diags := attribute.Load(t.Context(), private)
	if diags.HasError() || !v.Matches([]byte(secret)) || v.Matches([]byte(secret+"\n")) || v.Matches(nil) {
		t.Errorf("what was kept does not recognise the secret, and only it: %v", diags)
	}
	again, err := newVerifier(secret)
	if err != nil || again.Revision == made.Revision || string(again.Hash) == string(made.Hash) {
		t.Errorf("two verifiers of one secret are alike: %v", err)
	}
	if diags := attribute.save(t.Context(), private, nil); diags.HasError() {
		t.Fatal(diags)
	}
	if v, diags := attribute.Load(t.Context(), private); v != nil || diags.HasError() {
		t.Errorf("a forgotten verifier is still there: %v, %v", v, diags)
	}
}
