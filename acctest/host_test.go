package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// startHost starts a container host that ends with the test.
func startHost(t *testing.T, options HostOptions) *Host {
	t.Helper()
	options.Log = t.Logf
	h, err := StartHost(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return h
}

func TestHosts(t *testing.T) {
	t.Run("two at once", func(t *testing.T) {
		one, two := startHost(t, HostOptions{Name: "one"}), startHost(t, HostOptions{Name: "two"})
		if one.Address == two.Address || one.Address6 == two.Address6 || one.HostKey == two.HostKey || one.Netns == two.Netns {
			t.Fatalf("the hosts share something: %+v %+v", one, two)
		}
		if !netip.MustParsePrefix("198.18.0.0/15").Contains(one.Address) || !netip.MustParsePrefix("2001:db8::/32").Contains(one.Address6) {
			t.Errorf("addresses %s and %s are not of the reserved networks", one.Address, one.Address6)
		}
		for _, h := range []*Host{one, two} {
			testRun(t, h)
			testUsers(t, h)
			testNetwork(t, h)
		}
	})
	checkClean(t)
}

func TestDistributions(t *testing.T) {
	t.Run("one after another", func(t *testing.T) {
		for _, d := range []Distribution{Debian13, Ubuntu2204, Ubuntu2404} {
			t.Run(d.Suite, func(t *testing.T) {
				h := startHost(t, HostOptions{Name: d.Suite, Distribution: d})
				testRun(t, h)
				testUsers(t, h)
				testNetwork(t, h)
				out, err := h.Run(t.Context(), "sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME")
				if err != nil || string(out) != d.Suite+"\n" {
					t.Errorf("%s is %s, %v", d.Name, out, err)
				}
			})
		}
	})
	checkClean(t)
}

func testRun(t *testing.T, h *Host) {
	t.Helper()
	out, err := h.Run(t.Context(), "printf", "%s|", "a b", "$HOME", "it's")
	if want := "a b|$HOME|it's|"; err != nil || string(out) != want {
		t.Errorf("Run = %q, %v; want %q", out, err, want)
	}
	if _, err := h.Run(t.Context(), "sh", "-c", "echo no luck >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("the error of a failed command is %v: it should hold stderr", err)
	}
	out, err = h.RunInput(t.Context(), []byte("from here"), "cat")
	if err != nil || string(out) != "from here" {
		t.Errorf("RunInput = %q, %v", out, err)
	}
	out, err = h.Run(t.Context(), "sh", "-c", "hostname; systemctl is-system-running; id -u; getent hosts "+h.Name)
	if err != nil || !strings.HasPrefix(string(out), h.Name+"\nrunning\n0\n") {
		t.Errorf("host says %q, %v", out, err)
	}
}

func testUsers(t *testing.T, h *Host) {
	t.Helper()
	for _, user := range []struct {
		name string
		auth ssh.AuthMethod
		sudo string
	}{
		{"admin", ssh.PublicKeys(h.signer), "sudo -n id -u"},
		{"operator", ssh.PublicKeys(h.signer), "echo " + OperatorPassword + " | sudo -S -p '' id -u"},
		{"operator", ssh.Password(OperatorPassword), "sudo -n true 2>/dev/null || echo 0"},
	} {
		out, err := loginAs(h, user.name, user.auth, user.sudo)
		if err != nil || out != "0\n" {
			t.Errorf("%s: %q, %v; want uid 0 and nothing on stderr", user.name, out, err)
		}
	}
}

// loginAs returns stdout and stderr together.
func loginAs(h *Host, user string, auth ssh.AuthMethod, line string) (string, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(h.HostKey))
	if err != nil {
		return "", err
	}
	client, err := ssh.Dial("tcp", netip.AddrPortFrom(h.Address6, uint16(h.Port)).String(), &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{auth}, HostKeyCallback: ssh.FixedHostKey(key), HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	})
	if err != nil {
		return "", err
	}
	defer client.Close() //nolint:errcheck // a connection for one command
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	out, err := session.CombinedOutput(line)
	return string(out), err
}

// testNetwork finds sshd on the host's loopback, from within.
func testNetwork(t *testing.T, h *Host) {
	t.Helper()
	c, err := h.DialContext(t.Context(), "tcp", "127.0.0.1:22")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // read only
	banner := make([]byte, 4)
	if _, err := io.ReadFull(c, banner); err != nil || string(banner) != "SSH-" {
		t.Errorf("banner %q, %v", banner, err)
	}
	out, err := h.Command(t.Context(), "ip", "-brief", "address", "show", "eth0").Output()
	if err != nil || !strings.Contains(string(out), h.Address.String()) {
		t.Errorf("a program of this machine sees %q, %v", out, err)
	}
}

var runNameRE = regexp.MustCompile(`(?:fsa-|flowstack-acctest[-/])([0-9a-f]{8})\b`)

// before is what the machine held of runs when this process began: a test that was killed some other day says nothing of ours.
var before []string

// leftovers lists mounts, interfaces, control groups, namespaces and directories of runs, except those of other living processes
// (other packages' tests run at the same time) and those that were there before.
func leftovers(t *testing.T) []string {
	t.Helper()
	// Before and after listing: a run may end in between.
	others := othersRuns(t)
	found, err := held()
	if err != nil {
		t.Fatal(err)
	}
	others = append(others, othersRuns(t)...)
	return slices.DeleteFunc(found, func(name string) bool {
		return slices.Contains(before, name) || slices.Contains(others, runNameRE.FindStringSubmatch(name)[1])
	})
}

// held lists what the machine holds of any run.
func held() ([]string, error) {
	mounts, err := mountPoints()
	if err != nil {
		return nil, err
	}
	links, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	found := mounts
	for _, l := range links {
		found = append(found, l.Name)
	}
	for _, pattern := range []string{
		"/sys/fs/cgroup/*", "/sys/fs/cgroup/*/*", namespaceDir + "/*", runsDir + "/*", filepath.Join(os.TempDir(), "flowstack-acctest-*"),
		"/run/systemd/nspawn/*/*",
	} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		found = append(found, paths...)
	}
	return slices.DeleteFunc(found, func(name string) bool { return !runNameRE.MatchString(name) }), nil
}

// othersRuns lists the runs of living processes other than this one.
func othersRuns(t *testing.T) []string {
	t.Helper()
	owners, err := filepath.Glob(filepath.Join(runsDir, "*", ownerFile))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, path := range owners {
		var owner processID
		text, err := os.ReadFile(path)
		if err == nil && json.Unmarshal(text, &owner) == nil && owner.PID != os.Getpid() && owner.alive() {
			ids = append(ids, filepath.Base(filepath.Dir(path)))
		}
	}
	return ids
}

func checkClean(t *testing.T) {
	t.Helper()
	if left := leftovers(t); len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, ", "))
	}
}

func TestMain(m *testing.M) {
	if err := requireRoot(); err != nil {
		println("acctest: " + err.Error())
		os.Exit(1)
	}
	if os.Getenv(leftoverEnv) != "" {
		println("acctest: " + leaveBehind().Error())
		os.Exit(1)
	}
	var err error
	if before, err = held(); err != nil {
		println("acctest: " + err.Error())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A start that is interrupted, at whatever point, leaves nothing.
func TestStartInterrupted(t *testing.T) {
	for _, after := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			if h, err := StartHost(ctx, HostOptions{Name: "short"}); err == nil {
				// A fast machine was faster.
				if err := h.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			} else if !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "killed") {
				t.Errorf("unexpected error: %v", err)
			}
			checkClean(t)
		})
	}
}
