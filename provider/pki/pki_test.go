package pki_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	appliance "github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	provider "github.com/flowstack/terraform-provider-flowstack/provider/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newAuthority is one that is not ours, with its private key.
func newAuthority(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	certificate, err := appliance.SelfSign(appliance.Spec{Subject: pkix.Name{CommonName: name}, Validity: 1000 * 24 * time.Hour}, key)
	must(t, err)
	return certificate, key
}

func encodeKey(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func newKey(t *testing.T) string {
	t.Helper()
	_, key := newAuthority(t, "unused")
	return encodeKey(t, key)
}

// expect expects a command to do so many changes without a word; an apply says it twice, as its plan and when all is done.
func expect(t *testing.T, what string, said providertest.Outcome, changes int) {
	t.Helper()
	if len(said.Errors)+len(said.Warnings) > 0 || said.Changes != changes {
		t.Fatalf("%s: %d changes, not %d; errors %q, warnings %q", what, said.Changes, changes, said.Errors, said.Warnings)
	}
}

// drifts expects a plan to show a fact of the certificate go from a value to another.
func drifts(t *testing.T, plan *tfjson.Plan, fact, from, to string) {
	t.Helper()
	var resp plancheck.CheckPlanResponse
	providertest.Drifts(provider.CertificateType+".test", fact, from, to).CheckPlan(context.Background(), plancheck.CheckPlanRequest{Plan: plan}, &resp)
	if resp.Error != nil {
		t.Error(resp.Error)
	}
}

func read(h *providertest.Host, path string) string {
	content, _ := h.Read(path)
	return content
}

// attributes are those of a resource in the state.
func attributes(t *testing.T, c *providertest.CLI, address string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.Dir, "terraform.tfstate"))
	must(t, err)
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes map[string]any }
		}
	}
	must(t, json.Unmarshal(content, &state))
	for _, resource := range state.Resources {
		if resource.Type+"."+resource.Name == address && len(resource.Instances) == 1 {
			return resource.Instances[0].Attributes
		}
	}
	t.Fatalf("the state has no %s", address)
	return nil
}
