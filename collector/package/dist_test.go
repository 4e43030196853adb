package unit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoReleaseOfADirtyTree: a release is what its commit says. Development versions are built of what is there.
func TestNoReleaseOfADirtyTree(t *testing.T) {
	script, err := filepath.Abs("../../tools/dist.sh")
	if err != nil {
		t.Fatal(err)
	}
	tree, tools := t.TempDir(), t.TempDir()
	run := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		// The scripts stop at the first tool that is not there: nothing is built.
		cmd.Dir, cmd.Env = tree, []string{"PATH=" + tools, "HOME=" + tree, "GIT_CONFIG_NOSYSTEM=1"}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, name := range []string{"bash", "git"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	git, bash := filepath.Join(tools, "git"), filepath.Join(tools, "bash")
	dist := func(version string) string {
		t.Helper()
		out, err := run(bash, script, "bin", version, "abc", "dist")
		if err == nil {
			t.Fatalf("a release was built without tools: %s", out)
		}
		return out
	}
	refused := func(version string) bool {
		t.Helper()
		out := dist(version)
		if strings.Contains(out, "dist: there is no zip here") == strings.Contains(out, "changes that are not committed") {
			t.Fatalf("%s: %s", version, out)
		}
		return strings.Contains(out, "changes that are not committed")
	}
	if refused("1.2.3") {
		t.Error("a copy without git is refused")
	}
	for _, args := range [][]string{
		{"init", "--quiet"}, {"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--allow-empty", "-m", "x"},
	} {
		if out, err := run(git, args...); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	if refused("1.2.3") {
		t.Error("a clean tree is refused")
	}
	if err := os.WriteFile(filepath.Join(tree, "new.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := dist("1.2.3"); !strings.Contains(out, "version 1.2.3 would have changes that are not committed:\n?? new.go") {
		t.Errorf("a dirty tree: %s", out)
	}
	if refused("1.2.3-dev") {
		t.Error("a development version of a dirty tree is refused")
	}
}
