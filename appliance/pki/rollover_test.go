package pki

import (
	"context"
	"encoding/base64"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

func TestRollover(t *testing.T) {
	generations := []Generation{{Number: 3, Role: Signing, Certificate: []byte("3")}}
	if got := Proceed(generations); !cmp.Equal(got, generations) || PhaseOf(got) != Steady {
		t.Errorf("steady goes on to %+v", got)
	}
	for _, want := range []struct {
		phase       Phase
		generations []Generation
	}{
		{Introducing, []Generation{{3, Signing, []byte("3")}, {4, Next, []byte("4")}}},
		{Replacing, []Generation{{4, Signing, []byte("4")}, {3, Previous, []byte("3")}}},
		{Steady, []Generation{{4, Signing, []byte("4")}}},
	} {
		if PhaseOf(generations) == Steady {
			generations = Begin(generations, []byte("4"))
		} else {
			generations = Proceed(generations)
		}
		if !cmp.Equal(generations, want.generations) || PhaseOf(generations) != want.phase {
			t.Fatalf("phase %s: %+v, want %+v", PhaseOf(generations), generations, want)
		}
		roles, err := RolesFormat{}.Facts(EncodeRoles(generations))
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := ParseRoles(func(name string) string { return roles[name] })
		for i := range want.generations {
			want.generations[i].Certificate = nil
		}
		if err != nil || !cmp.Equal(parsed, want.generations) {
			t.Errorf("the roles read as %+v, %v", parsed, err)
		}
	}
}

func TestRolesRefuse(t *testing.T) {
	for _, text := range []string{"1", "x signing", "1 king", "1  signing"} {
		if facts, err := (RolesFormat{}).Facts([]byte(text)); err == nil {
			t.Errorf("%q reads as %v", text, facts)
		}
	}
	for _, facts := range []map[string]string{{}, {"generation 1": "next"}, {"generation 1": "signing", "generation 2": "next", "generation 3": "previous"}} {
		if got, err := ParseRoles(func(name string) string { return facts[name] }); err == nil {
			t.Errorf("%v reads as %v", facts, got)
		}
	}
}

func FuzzRoles(f *testing.F) {
	f.Add("# x\n1 signing\n2 next\n")
	f.Add("1 previous\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		facts, err := RolesFormat{}.Facts([]byte(text))
		if err != nil {
			return
		}
		generations, err := ParseRoles(func(name string) string { return facts[name] })
		if err != nil {
			return
		}
		again, err := RolesFormat{}.Facts(EncodeRoles(generations))
		if err != nil || len(again) != len(generations) {
			t.Fatalf("%q → %+v → %v, %v", text, generations, again, err)
		}
	})
}

func TestRegister(t *testing.T) {
	one, two := Entry{"flow1", "/a.crt", "/a-ca.crt"}, Entry{"flow2", "/b \"x\".crt", "/b-ca.crt"}
	moved := one
	moved.Authorities = "/moved.crt"
	got, err := ParseRegister(two.Line() + "\n" + one.Line() + "\n\n" + moved.Line() + "\n")
	if err != nil || !cmp.Equal(got, []Entry{moved, two}) || moved.String() != "flow1/a.crt" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"x", one.Line() + "\n{}\n", `{"host":"a","certificate":"/b"}`} {
		if got, err := ParseRegister(text); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q reads as %+v, %v", text, got, err)
		}
	}
}

func FuzzRegister(f *testing.F) {
	f.Add(Entry{"flow1", "/a.crt", "/a-ca.crt"}.Line() + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := ParseRegister(text)
		if err != nil {
			return
		}
		var lines strings.Builder
		for _, e := range entries {
			fmt.Fprintln(&lines, e.Line())
		}
		if again, err := ParseRegister(lines.String()); err != nil || !cmp.Equal(again, entries) {
			t.Fatalf("%q → %+v → %+v, %v", text, entries, again, err)
		}
	})
}

// here runs commands on this machine.
type here struct{}

func (here) Run(ctx context.Context, command ssh.Command) (ssh.Result, error) {
	cmd := exec.CommandContext(ctx, command.Argv[0], command.Argv[1:]...)
	cmd.Stdin = command.Stdin
	out, err := cmd.Output()
	return ssh.Result{Stdout: out}, err
}

func TestLook(t *testing.T) {
	a, b := newAuthority(t, "a", day), newAuthority(t, "b", day)
	leaf := issue(t, a, nodeSpec())
	folder := t.TempDir()
	entry := func(name string) Entry {
		return Entry{"flow1", filepath.Join(folder, name+".crt"), filepath.Join(folder, name+"-ca.crt")}
	}
	write := func(path string, content []byte) {
		t.Helper()
		script := "echo " + base64.StdEncoding.EncodeToString(content) + " | base64 -d >" + path
		if out, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	whole, broken := entry("whole"), entry("broken")
	write(whole.Certificate, EncodeChain(leaf))
	write(whole.Authorities, EncodeChain(a.Chain...))
	write(broken.Certificate, []byte("x"))
	got, err := Look(t.Context(), here{}, []Entry{whole, broken, entry("none")})
	if err != nil || len(got) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	first, second := Generation{Number: 1, Certificate: EncodeChain(a.Chain...)}, Generation{Number: 2, Certificate: EncodeChain(b.Chain...)}
	if s := got[0]; !s.There || !s.Trusts(first) || s.Trusts(second) || !s.Issuer(first) || s.Issuer(second) {
		t.Errorf("%+v", s)
	}
	if s := got[1]; !s.There || s.Trusts(first) || s.Issuer(first) {
		t.Errorf("what cannot be read has come along: %+v", s)
	}
	if got[2].There {
		t.Error("what is not there is there")
	}
}
