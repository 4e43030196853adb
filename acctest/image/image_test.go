// Package image has the tests of the bootable appliance: built twice, booted by BIOS and by UEFI, applied to, cut off from power. make test-image runs them.
package image

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
	"github.com/flowstack/terraform-provider-flowstack/appliance/image"
)

const (
	repository  = "../.."
	cleanupTime = 2 * time.Minute
	mebi        = 1 << 20
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := acctest.Sweep(context.Background()); err != nil {
		println("sweep:", err.Error())
		code = 1
	}
	os.Exit(code)
}

// TestAppliance is one test, because all of it needs the image.
func TestAppliance(t *testing.T) {
	first, second := builds(t)
	t.Run("two builds are the same", func(t *testing.T) { testSame(t, first, second) })
	t.Run("a download is small", func(t *testing.T) {
		info, err := os.Stat(only(t, first, "qcow2"))
		must(t, err)
		t.Logf("the qcow2 has %d MiB", info.Size()/mebi)
		if info.Size() > 350*mebi {
			t.Errorf("the qcow2 has %d MiB, want 350 at most", info.Size()/mebi)
		}
	})
	raw := only(t, first, "raw")
	t.Run("BIOS, a credential, an apply, a power cut", func(t *testing.T) { testLife(t, first, raw) })
	t.Run("a factory reset", func(t *testing.T) { testReset(t, raw) })
	t.Run("UEFI and a seed", func(t *testing.T) { testSeed(t, raw) })
	t.Run("metadata of EC2", func(t *testing.T) { testMetadata(t, raw) })
	t.Run("nobody gets in without a key", func(t *testing.T) { testNobody(t, raw) })
}

// TestARM64 boots an image for arm64, in the folder that FLOWSTACK_IMAGE_ARM64 names: it is not built here, because that takes long by emulation.
func TestARM64(t *testing.T) {
	built := os.Getenv("FLOWSTACK_IMAGE_ARM64")
	if built == "" {
		t.Skip("FLOWSTACK_IMAGE_ARM64 names no folder with an image: make image ARCHITECTURE=arm64")
	}
	raw := only(t, built, "raw")
	for name, key := range map[string]acctest.KeyBy{"a credential": acctest.ByCredential, "a seed": acctest.BySeed} {
		t.Run(name, func(t *testing.T) {
			a := start(t, acctest.ApplianceOptions{Image: raw, DiskMiB: 12 << 10, ARM64: true, UDP: []int{2055}, Key: key})
			if got := run(t, a, "sh", "-c", "dpkg --print-architecture; uname -m; test -d /sys/firmware/efi && echo UEFI"); got != "arm64\naarch64\nUEFI\n" {
				t.Errorf("it is %q", got)
			}
			if key != acctest.ByCredential {
				return
			}
			testBill(t, built, a)
			testState(t, a)
			sendFlows(t, a)
		})
	}
}

// builds makes two, or takes those that FLOWSTACK_IMAGES names: two folders, parted by a colon.
func builds(t *testing.T) (first, second string) {
	t.Helper()
	given := os.Getenv("FLOWSTACK_IMAGES")
	if given == "" {
		return build(t), build(t)
	}
	first, second, two := strings.Cut(given, ":")
	if !two || first == second {
		t.Fatalf("FLOWSTACK_IMAGES is %q, want two folders parted by a colon", given)
	}
	return first, second
}

// build builds an image into a folder of its own.
func build(t *testing.T) string {
	t.Helper()
	packages, err := filepath.Glob(filepath.Join(repository, "appliance/flowcollector/packages/flowcollector_*_amd64.deb"))
	must(t, err)
	if len(packages) != 1 {
		t.Fatalf("there are %d packages of the collector: make build", len(packages))
	}
	collector, err := filepath.Abs(packages[0])
	must(t, err)
	cache, err := acctest.CacheDir()
	must(t, err)
	out := t.TempDir()
	b := image.Builder{Cache: cache, Output: out, Log: t.Logf}
	must(t, b.Build(t.Context(), image.Spec{
		Architecture: "amd64", Version: "0.1.0", Epoch: time.Unix(1790000000, 0).UTC(), Collector: collector, Mirror: os.Getenv("MIRROR"),
	}))
	return out
}

// only is the one file of a folder with this ending.
func only(t *testing.T, dir, ending string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*."+ending))
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("%s has %d files that end with .%s", dir, len(found), ending)
	}
	return found[0]
}

// testSame compares all files of two builds, and says what is different inside where they differ.
func testSame(t *testing.T, first, second string) {
	for _, ending := range []string{"sha256", "cdx.json"} {
		a, err := os.ReadFile(only(t, first, ending))
		must(t, err)
		b, err := os.ReadFile(only(t, second, ending))
		must(t, err)
		if string(a) != string(b) {
			t.Errorf(".%s differs:\n%s\n%s", ending, a, b)
		}
	}
	if !t.Failed() {
		return
	}
	differences, err := image.Differences(only(t, first, "tar.gz"), only(t, second, "tar.gz"))
	must(t, err)
	t.Errorf("files that differ: %s", strings.Join(differences, "\n"))
}

func testLife(t *testing.T, built, raw string) {
	ctx := t.Context()
	a := start(t, acctest.ApplianceOptions{Image: raw, DiskMiB: 12 << 10, UDP: []int{2055}})
	t.Run("what is inside is listed", func(t *testing.T) { testBill(t, built, a) })
	t.Run("it is as it should be", func(t *testing.T) { testState(t, a) })
	if err := a.TryLogin(ctx, "root", ssh.Password("")); err == nil {
		t.Error("an empty password lets in")
	}
	t.Run("a bundle for support", func(t *testing.T) {
		list := run(t, a, "sh", "-c", "flowcollector support-bundle --output - | tar -tz; cat /etc/shadow | grep -c '^root:[*!]'")
		for _, want := range []string{"metrics.txt", "journal.txt", "sockets.txt", "status.txt", "\n1\n"} {
			if !strings.Contains(list, want) {
				t.Errorf("%q is missing in %s", want, list)
			}
		}
	})
	apply(t, a)
	sendFlows(t, a)

	before := run(t, a, "sh", "-c", identity)
	run(t, a, "sync") // flows are not written through: when power fails, up to 16 MiB of them are lost
	must(t, a.PowerCut(ctx, t.Logf))
	if after := run(t, a, "sh", "-c", identity); after != before {
		t.Errorf("after the power cut it is\n%s\nand was\n%s", after, before)
	}
	expectFlows(t, a, allFlows)
}

// identity is what makes an appliance itself.
const identity = `cat /etc/machine-id /etc/ssh/ssh_host_*.pub /etc/flowcollector/flowcollector.yml; blkid -s UUID -o value /dev/disk/by-partlabel/data`

// testBill compares the SBOM with what dpkg says.
func testBill(t *testing.T, built string, a *acctest.Appliance) {
	text, err := os.ReadFile(only(t, built, "cdx.json"))
	must(t, err)
	var bill struct {
		Components []struct {
			Name, Version, PURL string
			Licenses            []any
		}
	}
	must(t, json.Unmarshal(text, &bill))
	listed := map[string]int{}
	for _, c := range bill.Components {
		if strings.HasPrefix(c.PURL, "pkg:deb/") {
			listed[c.Name+" "+c.Version] = len(c.Licenses)
		}
	}
	there := strings.Split(strings.TrimSpace(run(t, a, "dpkg-query", "--show", "--showformat", "${Package} ${Version}\n")), "\n")
	if len(there) < 100 {
		t.Fatalf("dpkg has %d packages", len(there))
	}
	for _, p := range there {
		if listed[p] == 0 {
			t.Errorf("%s is not listed, or without a licence", p)
		}
	}
}

// testState looks at what the image promises.
func testState(t *testing.T, a *acctest.Appliance) {
	for _, c := range []struct{ what, command, want string }{
		{"the data partition is mounted", "findmnt -no SOURCE,FSTYPE /srv", "/dev/vda4 ext4\n"},
		{"the collector's state lies on it", "findmnt -no FSROOT /var/lib/private/flowcollector", "/flowcollector\n"},
		{"root has grown", "test $(lsblk -bno SIZE /dev/vda3) -gt 2147483648 && test $(df --output=size -m / | tail -1) -gt 2048 && echo yes", "yes\n"},
		{"the disk is used up", "test $(sfdisk -F /dev/vda 2>/dev/null | sed -n 's/.* \\([0-9]*\\) sectors$/\\1/p') -lt 8192 && echo yes", "yes\n"},
		{"the kernel is tuned", "sysctl -n net.core.rmem_max", "67108864\n"},
		{"packets are dropped that nothing is said of", "nft list chain inet appliance input | grep -c 'policy drop'", "1\n"},
		{"time is kept", "systemctl is-active chrony nftables ssh flowcollector | sort -u", "active\n"},
		{"quotas are a quarter of the partition", "grep -c ': '$(cat /var/lib/flowstack/sizes) /etc/flowcollector/flowcollector.yml", "2\n"},
		{"passwords do not let in", "sshd -T | grep -x 'passwordauthentication no'", "passwordauthentication no\n"},
		{"no file with a secret came with it", "find /etc/ssh -name 'ssh_host_*_key' ! -newer /usr/bin/flowcollector | wc -l", "0\n"},
	} {
		if got := run(t, a, "sh", "-c", c.command); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	// SSH; flows, and the answers of DHCP.
	for sockets, meant := range map[string][]string{"ss -Hltn": {"22"}, "ss -Hlun": {"2055", "68", "546"}} {
		for line := range strings.Lines(run(t, a, "sh", "-c", sockets+" | awk '{print $4}' | grep -v -e '^127\\.' -e '^\\[::1\\]'")) {
			if address := strings.TrimSpace(line); !slices.Contains(meant, address[strings.LastIndex(address, ":")+1:]) {
				t.Errorf("%s: %s listens", sockets, line)
			}
		}
	}
}

// apply applies examples/appliance-qemu, and again without anything to do.
func apply(t *testing.T, a *acctest.Appliance) {
	t.Helper()
	variables := chain.Variables(a.Host, nil)
	delete(variables, "tune_kernel")
	tofu, remove, err := chain.Workspace(t.Context(), repository, filepath.Join(repository, "examples", "appliance-qemu"), variables)
	must(t, err)
	cleanup(t, remove)
	must(t, tofu.Apply(t.Context()))
	plan, err := tofu.Plan(t.Context())
	must(t, err)
	if len(plan.Changes) > 0 || len(plan.Warnings) > 0 {
		t.Errorf("a second plan changes %v and warns %q", plan.Changes, plan.Warnings)
	}
}

// packets of the test, with acctest.FlowsPerPacket flows each.
const packets = 5

// allFlows is what a search says that finds all of them.
var allFlows = fmt.Sprintf("in all %d flows", packets*acctest.FlowsPerPacket)

// sendFlows sends flows from outside, through the firewall, and waits until they are kept.
func sendFlows(t *testing.T, a *acctest.Appliance) {
	t.Helper()
	n, err := acctest.NewNetFlow(t.Context(), a.Host, "127.0.0.1:2055")
	must(t, err)
	for range packets {
		must(t, n.Send())
	}
	must(t, n.Close())
	expectFlows(t, a, allFlows)
}

// expectFlows waits until a search for flows says what is wanted.
func expectFlows(t *testing.T, a *acctest.Appliance, want string) {
	t.Helper()
	for {
		got := run(t, a, "sh", "-c", "flowcollector flows 2>&1")
		if strings.Contains(got, want) {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%q is not what is found: %s", want, got)
		case <-time.After(time.Second):
		}
	}
}

func testSeed(t *testing.T, raw string) {
	a := start(t, acctest.ApplianceOptions{Image: raw, DiskMiB: 12 << 10, UEFI: true, Key: acctest.BySeed})
	if got := run(t, a, "sh", "-c", "hostname; test -d /sys/firmware/efi && echo UEFI"); got != "flow-seeded\nUEFI\n" {
		t.Errorf("it is %q", got)
	}
	picture := filepath.Join(cmp.Or(os.Getenv("FLOWSTACK_PICTURES"), t.TempDir()), "appliance-console.png")
	must(t, a.Screenshot(t.Context(), picture))
	if info, err := os.Stat(picture); err != nil || info.Size() < 1000 {
		t.Errorf("the screen shows nothing: %v", err)
	}
}

func testMetadata(t *testing.T, raw string) {
	a := start(t, acctest.ApplianceOptions{Image: raw, Key: acctest.ByMetadata})
	if got := run(t, a, "sh", "-c", "hostname; cloud-id; ls /home"); got != "flow-in-ec2\naws\n" {
		t.Errorf("it is %q", got)
	}
}

func testNobody(t *testing.T, raw string) {
	a := start(t, acctest.ApplianceOptions{Image: raw, Key: acctest.ByNobody})
	text, err := a.ConsoleText()
	must(t, err)
	if !strings.Contains(text, "nobody can log in yet") {
		t.Errorf("the console does not say so:\n%s", text)
	}
	key, err := ssh.ParsePrivateKey(a.PrivateKey)
	must(t, err)
	for name, method := range map[string]ssh.AuthMethod{"a key": ssh.PublicKeys(key), "an empty password": ssh.Password(""), "a guessed one": ssh.Password("root")} {
		if err := a.TryLogin(t.Context(), "root", method); err == nil || !strings.Contains(err.Error(), "unable to authenticate") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func start(t *testing.T, o acctest.ApplianceOptions) *acctest.Appliance {
	t.Helper()
	o.Log = t.Logf
	a, err := acctest.StartAppliance(t.Context(), o)
	must(t, err)
	cleanup(t, a.Stop)
	return a
}

func run(t *testing.T, a *acctest.Appliance, argv ...string) string {
	t.Helper()
	out, err := a.Run(t.Context(), argv...)
	must(t, err)
	return string(out)
}

func cleanup(t *testing.T, stop func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), cleanupTime)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
