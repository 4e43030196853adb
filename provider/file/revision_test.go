package file_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// TestRevisionOfASecretThatCameLate: each secret on the host has a revision of its own, also one whose first apply lost its link before it had done
// anything. Others that look at the revision would not notice the new secret.
func TestRevisionOfASecretThatCameLate(t *testing.T) {
	h := providertest.StartHost(t, nil)
	const path = "/etc/token"
	c := providertest.NewCLI(t)
	configure := func(secret string) {
		c.Write(configuration(h, fmt.Sprintf("path = %q\ncontent_wo = %q", path, secret)))
	}
	revision := func() string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(c.Dir, "terraform.tfstate"))
		must(t, err)
		var state struct {
			Resources []struct {
				Instances []struct {
					Attributes struct {
						Revision string `json:"content_revision"`
					} `json:"attributes"`
				} `json:"instances"`
			} `json:"resources"`
		}
		must(t, json.Unmarshal(text, &state))
		if len(state.Resources) != 1 || state.Resources[0].Instances[0].Attributes.Revision == "" {
			t.Fatalf("the state is %s", text)
		}
		return state.Resources[0].Instances[0].Attributes.Revision
	}
	apply := func() {
		t.Helper()
		if said := c.Apply(); len(said.Errors) > 0 {
			t.Fatalf("the apply failed: %q", said.Errors)
		}
	}
	configure("one")
	apply()
	first := revision()

	configure("two")
	const inTheApply = 2 // the command before is of the plan
	h.CutAt(inTheApply, sshtest.Before)
	if said := c.Apply(); len(said.Errors) != 1 || h.CutPending() {
		t.Fatalf("with the link cut the apply said %q", said.Errors)
	}
	must(t, is(h, path, "one", 0o600)())
	if now := revision(); now != first {
		t.Errorf("the secret on the host is still the first one, whose revision was %s and is %s", first, now)
	}
	apply()
	must(t, is(h, path, "two", 0o600)())
	second := revision()
	if second == first {
		t.Errorf("both secrets have revision %s", first)
	}
	if said := c.Plan(); said.Changes != 0 {
		t.Errorf("the next plan has %d changes", said.Changes)
	}
}
