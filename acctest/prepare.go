package acctest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// requirement is a program that the tests need, or the path of another file, and the Debian packages it comes in, parted by spaces.
type requirement struct {
	program, packages, purpose string
}

func (r requirement) there() bool {
	if filepath.IsAbs(r.program) {
		_, err := os.Stat(r.program)
		return err == nil
	}
	_, err := exec.LookPath(r.program)
	return err == nil
}

var requirements = []requirement{
	{"mmdebstrap", "mmdebstrap", "builds the hosts' file systems, and gets an emulator"},
	{"systemd-nspawn", "systemd-container", "runs hosts"},
	{"ip", "iproute2", "gives hosts a network of their own"},
	{"nsenter", "util-linux", "runs programs in it"},
	{"nft", "nftables", "filters packets there, for flowstack_firewall"},
	{"mke2fs", "e2fsprogs", "makes its disk"},
	{firmwareAMD64.code, "ovmf", "is the firmware of machines that boot the appliance by UEFI"},
	{"softflowd", "softflowd", "exports NetFlow"},
	{"fprobe", "fprobe", "exports NetFlow"},
	{"pmacctd", "pmacct", "exports NetFlow, IPFIX and sFlow"},
	{"ovs-vswitchd", "openvswitch-switch", "exports NetFlow, IPFIX and sFlow"},
	{"nfcapd", "nfdump", "counts the same export independently"},
	{"sfcapd", "nfdump-sflow", "counts the same sFlow export independently"},
	{"tshark", "tshark", "decodes the same packets independently"},
	{"snmpd", "snmpd", "tells the names of interfaces over SNMP"},
	{"chromium", "chromium fonts-liberation", "looks at the collector's pages; the largest of these, some 400 MB with what it needs"},
	{"node", "nodejs", "draws the Vega views of dashboards"},
	{"npm", "npm", "gets Vega for it"},
	{"gcc", "gcc libc6-dev", "builds the race detector into tests"},
	{"promtool", "prometheus", "checks the rules of alerts, and tests them"},
	{"shellcheck", "shellcheck", "looks at shell scripts"},
	{"lintian", "lintian", "looks at Debian packages"},
	{"unzip", "unzip", "looks at archives of the provider"},
	{"rpm", "rpm", "looks at RPM packages"},
	{"rpm2archive", "rpm2cpio", "unpacks them"},
	{"qemu-aarch64-static", "qemu-user-static", "runs programs for arm64"},
	{"file", "file", "tells what a program is for"},
	{"zip", "zip", "makes the provider's archives"},
	{"gpg-agent", "gnupg", "signs the checksums of a release that is tried out"},
	{"jq", "jq", "reads and writes JSON in scripts"},
	{"javac", "default-jdk-headless", "compiles a module for Elasticsearch, and runs it"},
	{"mvn", "maven", "gets Elasticsearch from Maven Central"},
}

// Prepare installs the Debian packages that are missing. It says which, and why, before it does.
func Prepare(ctx context.Context, log Logf) error {
	if err := requireRoot(); err != nil {
		return err
	}
	var missing []string
	for _, r := range requirements {
		if !r.there() {
			missing = append(missing, strings.Fields(r.packages)...)
			log.printf("installing %s (%s)", r.packages, r.purpose)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("there is no apt-get here; install what provides: %s", strings.Join(missing, " "))
	}
	allow, err := denyServices()
	if err != nil {
		return err
	}
	defer allow()
	install := append([]string{"install", "--yes", "--no-install-recommends", "--quiet"}, missing...)
	if aptGet(ctx, "update", "--quiet") != nil || aptGet(ctx, install...) != nil {
		// A mirror may have been in the middle of an update.
		if err := errors.Join(aptGet(ctx, "update", "--quiet"), aptGet(ctx, install...)); err != nil {
			return fmt.Errorf("unable to install %s: %w", strings.Join(missing, " "), err)
		}
	}
	return nil
}

// policyFile is asked by packages whether they may start their services (policy-rc.d, in the Debian package init-system-helpers).
const policyFile = "/usr/sbin/policy-rc.d"

// denyServices keeps packages from starting what they bring until the returned function is called: tests start programs themselves, and nothing
// is to listen on this machine because of them. A policy that is there already stays as it is.
func denyServices() (allow func(), err error) {
	f, err := os.OpenFile(policyFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("unable to keep packages from starting services: %w", err)
	}
	_, err = f.WriteString("#!/bin/sh\nexit 101\n") // 101: action forbidden by policy
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("unable to keep packages from starting services: %w", errors.Join(err, os.Remove(policyFile)))
	}
	return func() { _ = os.Remove(policyFile) }, nil
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-o", "DPkg::Lock::Timeout=300"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("apt-get %s: %w: %s", args[0], err, lastLines(string(out), 5))
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
