package aptrepository

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// TestPackageThatChangesAfterThePlan: Terraform plans once more in an apply, and refuses a file that is another one by then; what changes later
// it cannot see.
func TestPackageThatChangesAfterThePlan(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "one.deb"), filepath.Join(t.TempDir(), "two.deb")
	write := func(file, content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(debMagic+content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(one, "1")
	write(two, "1")
	m := &Model{Name: types.StringValue("lab"), Packages: hostresource.StringList([]string{one, two})}
	r, _ := m.repository()
	debs, err := m.debs(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	r.Debs = debs
	m.Effective = hostresource.Effective(r.Desired().Facts())
	if diags := prepare(t.Context(), m, hostresource.Context{}); diags.HasError() {
		t.Errorf("as planned: %v", diags)
	}
	write(two, "2")
	diags := prepare(t.Context(), m, hostresource.Context{})
	if len(diags) != 1 || !strings.Contains(diags[0].Detail(), two+" has changed since the plan") {
		t.Errorf("another content: %v", diags)
	}
	if err := os.Remove(two); err != nil {
		t.Fatal(err)
	}
	if diags := prepare(t.Context(), m, hostresource.Context{}); !diags.HasError() {
		t.Error("a file that is gone is not missed")
	}
	// What the plan did not know yet is as it is.
	write(two, "3")
	m.Effective = types.MapUnknown(types.StringType)
	if diags := prepare(t.Context(), m, hostresource.Context{}); diags.HasError() {
		t.Errorf("nothing was planned: %v", diags)
	}
}
