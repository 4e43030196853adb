package secret

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

func init() { Iterations = StandardIterations / 1000 }

// life is a resource with one secret.
type life struct {
	t *testing.T
	Attribute
	private memory
	prior   Prior
}

func newLife(t *testing.T) *life {
	return &life{t: t, Attribute: Attribute{Name: "password_wo", Key: "password", Thing: "password"}, private: memory{}}
}

// with is a configuration; nil is null.
func (l *life) with(value, version any) hostresource.Context {
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"password_wo": tftypes.String, "password_wo_version": tftypes.Number}}
	return hostresource.Context{Private: l.private, Config: &tfsdk.Config{
		Schema: schema.Schema{Attributes: map[string]schema.Attribute{
			"password_wo":         schema.StringAttribute{Optional: true, WriteOnly: true},
			"password_wo_version": VersionAttribute("password_wo", ""),
		}},
		Raw: tftypes.NewValue(kind, map[string]tftypes.Value{
			"password_wo": tftypes.NewValue(tftypes.String, value), "password_wo_version": tftypes.NewValue(tftypes.Number, version),
		}),
	}}
}

func (l *life) plan(value, version any) types.String {
	l.t.Helper()
	planned, diags := l.Plan(l.t.Context(), l.prior, l.with(value, version))
	if diags.HasError() {
		l.t.Fatal(diags)
	}
	return planned
}

// stays expects a plan without a new secret.
func (l *life) stays(what string, value, version any) {
	l.t.Helper()
	if planned := l.plan(value, version); !planned.Equal(l.prior.Revision) {
		l.t.Errorf("%s: the revision was %s and is planned as %s", what, l.prior.Revision, planned)
	}
}

// apply applies a plan that was made with one value, where the apply has another one.
func (l *life) apply(planned types.String, value, version any) (revision string) {
	l.t.Helper()
	settled, diags := l.Prepare(l.t.Context(), planned, l.with(value, version))
	if diags.HasError() || settled.IsUnknown() || !planned.IsUnknown() && !planned.Equal(settled) {
		l.t.Fatalf("revision %s becomes %s, %v", planned, settled, diags)
	}
	l.prior.Revision = settled
	l.prior.Facts = types.MapValueMust(types.StringType, map[string]attr.Value{"mode": types.StringValue("0600"), "content": settled})
	return settled.ValueString()
}

// drifts is what a read sees of a secret that somebody else changed.
func (l *life) drifts() {
	l.prior.Facts = types.MapValueMust(types.StringType, map[string]attr.Value{"mode": types.StringValue("0600"), "content": types.StringValue("different")})
}

// expect looks at which contents of the host an apply of a configuration leaves there, and which one it writes.
func (l *life) expect(what string, c hostresource.Context, writes string, leaves ...string) {
	l.t.Helper()
	wanted, diags := l.Wanted(l.t.Context(), c)
	if diags.HasError() || string(wanted.Content) != writes {
		l.t.Errorf("%s: %q would be written, not %q; %v", what, wanted.Content, writes, diags)
	}
	for _, content := range []string{"a", "b", "c", ""} {
		is := wanted.Verify == nil && content == writes || wanted.Verify != nil && wanted.Verify([]byte(content))
		want := false
		for _, left := range leaves {
			want = want || left == content
		}
		if is != want {
			l.t.Errorf("%s: whether the host may have %q is %t", what, content, is)
		}
	}
}

func TestVersion(t *testing.T) {
	l := newLife(t)
	if planned := l.plan("a", 1); !planned.IsUnknown() {
		t.Fatalf("a new secret has revision %s", planned)
	}
	// An ephemeral value may be another one in the apply already.
	first := l.apply(types.StringUnknown(), "b", 1)
	l.expect("the first apply", l.with("b", 1), "b", "b")
	l.stays("the same", "b", 1)
	l.stays("another value", "c", 1)
	l.stays("a value that is not known yet", tftypes.UnknownValue, 1)
	l.apply(l.plan("c", 1), "a", 1)
	l.expect("an apply of something else", l.with("a", 1), "a", "a", "b")
	l.expect("a read", hostresource.Context{Private: l.private}, "", "b")

	if planned := l.plan("c", 2); !planned.IsUnknown() {
		t.Errorf("with another version the revision is %s", planned)
	}
	if planned := l.plan("c", tftypes.UnknownValue); !planned.IsUnknown() {
		t.Errorf("with a version that is not known yet the revision is %s", planned)
	}
	second := l.apply(types.StringUnknown(), "c", 2)
	if second == first {
		t.Error("two secrets have one revision")
	}
	l.expect("another version", l.with("c", 2), "c", "c")

	l.stays("another version of the same value", "c", 3)
	l.apply(l.plan("c", 3), "c", 3)
	l.stays("another value then", "a", 3)

	if planned := l.plan("a", nil); !planned.IsUnknown() {
		t.Errorf("without a version the revision of another value is %s", planned)
	}
	l.stays("no version", "c", nil)
	l.apply(l.plan("c", nil), "c", nil)
	if planned := l.plan("a", nil); !planned.IsUnknown() {
		t.Errorf("the revision of another value is %s", planned)
	}
	l.stays("a version that is new", "c", 3)
	if planned := l.plan("a", 3); !planned.IsUnknown() {
		t.Errorf("with a version that is new, the revision of another value is %s", planned)
	}
	l.apply(l.plan("c", 3), "c", 3)
	l.stays("another value after that", "a", 3)
	if planned := l.plan(nil, nil); !planned.IsNull() {
		t.Errorf("without a secret the revision is %s", planned)
	}
}

// TestDriftUnderAVersion: what somebody else put there gives way to what is configured then.
func TestDriftUnderAVersion(t *testing.T) {
	l := newLife(t)
	first := l.apply(l.plan("a", 1), "a", 1)
	l.drifts()
	l.stays("the same value", "a", 1) // is written again: the facts say so
	planned := l.plan("b", 1)
	if !planned.IsUnknown() {
		t.Errorf("the revision of another value is %s", planned)
	}
	if second := l.apply(planned, "b", 1); second == first {
		t.Error("two secrets have one revision")
	}
	l.expect("the repair", l.with("b", 1), "b", "b")
	l.stays("another value after the repair", "c", 1)
}

// TestVersionOfAnApplyThatFailed: what its verifier is of may be nowhere.
func TestVersionOfAnApplyThatFailed(t *testing.T) {
	l := newLife(t)
	l.apply(l.plan("a", 1), "a", 1)
	before := l.prior
	l.apply(l.plan("b", 2), "b", 2)
	l.prior = before
	for _, version := range []int{1, 2} {
		if planned := l.plan("c", version); !planned.IsUnknown() {
			t.Errorf("with version %d the revision is %s", version, planned)
		}
	}
}

func TestRecognised(t *testing.T) {
	l := newLife(t)
	recognised := func(value, version any) bool {
		t.Helper()
		is, diags := l.Recognised(t.Context(), l.with(value, version))
		if diags.HasError() {
			t.Fatal(diags)
		}
		return is
	}
	if !recognised("a", 1) {
		t.Error("what was never written is another one than before")
	}
	l.apply(l.plan("a", 1), "a", 1)
	if !recognised("a", 1) || recognised("b", 1) || recognised(tftypes.UnknownValue, 1) || !recognised("b", 2) || !recognised("b", nil) {
		t.Error("it is not told which of the values was written")
	}
}

// TestVersionOfAnotherAttribute: where a secret comes from says whose version counts.
func TestVersionOfAnotherAttribute(t *testing.T) {
	l := newLife(t)
	l.Text = func(ctx context.Context, config *tfsdk.Config) (types.String, diag.Diagnostics) {
		return Attribute{Name: "password_wo"}.Configured(ctx, hostresource.Context{Config: config})
	}
	l.Name = "none"
	l.From = func(context.Context, *tfsdk.Config) (string, diag.Diagnostics) { return "password_wo", nil }
	l.apply(l.plan("a", 1), "a", 1)
	l.stays("another value", "b", 1)
}
