package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestFiles brings a file of 24 MiB, a secret, a file that sshd itself has to accept, and one behind a symbolic link to a real host, lets them drift,
// and takes them away again.
func TestFiles(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "files")
	run(ctx, t, h, "sh", "-c", "mkdir -p /opt/alias && head -c 100000 /dev/zero >/opt/alias/target && chmod 0604 /opt/alias/target && ln -s /opt/alias/target /etc/alias.conf")
	before := list(ctx, t, h)

	content := make([]byte, 24<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	local := filepath.Join(t.TempDir(), "database.bin")
	must(t, os.WriteFile(local, content, 0o600))
	const token = "token-canary"
	workspace := func(sshd string) map[string]string {
		variables := chain.Variables(h, nil)
		variables["source_file"], variables["sshd"], variables["token"] = local, sshd, token
		return variables
	}
	refused, removeRefused, err := chain.Workspace(ctx, repository, "testdata/file", workspace("PermitRotLogin no\n"))
	must(t, err)
	cleanup(t, removeRefused)
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/file", workspace("PermitEmptyPasswords no\n"))
	must(t, err)
	cleanup(t, remove)

	err = refused.Apply(ctx)
	if err == nil || !strings.Contains(err.Error(), "sshd refused the content") || !strings.Contains(err.Error(), "PermitRotLogin") {
		t.Fatalf("sshd is to refuse what it does not know, and to be quoted: %v", err)
	}
	must(t, refused.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy of what was refused: " + difference)
	}

	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	applied := list(ctx, t, h)
	if got := run(ctx, t, h, "cat", "/srv/flows/database.bin"); !bytes.Equal(got, content) {
		t.Errorf("the large file has %d bytes of %d", len(got), len(content))
	}
	if got := string(run(ctx, t, h, "stat", "-c", "%a %U:%G %n", "/srv/flows", "/srv/flows/database.bin", "/srv/flows/token", "/opt/alias/target")); got !=
		"2750 root:adm /srv/flows\n640 root:adm /srv/flows/database.bin\n600 root:root /srv/flows/token\n644 root:root /opt/alias/target\n" {
		t.Errorf("the host has\n%s", got)
	}
	state, err := os.ReadFile(filepath.Join(tofu.Dir, "terraform.tfstate"))
	must(t, err)
	if bytes.Contains(state, []byte(token)) || len(state) > 64<<10 {
		t.Errorf("the state has %d bytes, the secret: %t", len(state), bytes.Contains(state, []byte(token)))
	}

	run(ctx, t, h, "sh", "-c", `printf x | dd of=/srv/flows/database.bin bs=1 seek=1000 conv=notrunc status=none && chmod 0666 /srv/flows/token && echo theirs >/opt/alias/target`)
	plan, err := tofu.Plan(ctx)
	must(t, err)
	for address, fact := range map[string]string{
		"flowstack_file.large": "file /srv/flows/database.bin: content",
		"flowstack_file.token": "file /srv/flows/token: mode",
		"flowstack_file.link":  "file /etc/alias.conf: content",
	} {
		was, _ := plan.Changes[address].Before["effective"].(map[string]any)
		will, _ := plan.Changes[address].After["effective"].(map[string]any)
		if fmt.Sprint(was[fact]) == fmt.Sprint(will[fact]) || len(plan.Changes) != 3 {
			t.Errorf("the plan of %d changes shows %q: %v → %v", len(plan.Changes), fact, was[fact], will[fact])
		}
	}
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	if d := applied.Differences(list(ctx, t, h)); len(d) > 0 {
		t.Errorf("not repaired:\n%s", strings.Join(d, "\n"))
	}

	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
}
