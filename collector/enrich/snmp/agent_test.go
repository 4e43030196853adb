package snmp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// loopback is where agents of tests are.
var loopback = netip.MustParseAddr("127.0.0.1")

var quiet = slog.New(slog.DiscardHandler)

// settings are the defaults, with a file of credentials of the given text.
func settings(t *testing.T, credentials string) config.SNMP {
	t.Helper()
	s := config.Default().Enrich.SNMP
	s.CredentialsFile = filepath.Join(t.TempDir(), "snmp.yml")
	write(t, s.CredentialsFile, credentials)
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a client until the test ends, and waits for its end.
func run(t *testing.T, c *Client) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { c.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("still not: " + what)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// realUsers are users of the real agent. Longer keys of AES are left out: Debian's agent has them not.
var realUsers = []struct{ name, authentication, privacy string }{
	{"md5", "MD5", "DES"},
	{"sha", "SHA", "AES"},
	{"sha224", "SHA-224", "AES"},
	{"sha256", "SHA-256", "AES"},
	{"sha384", "SHA-384", "AES"},
	{"sha512", "SHA-512", "AES"},
	{"onlyauth", "SHA-256", ""},
}

// startAgent starts Net-SNMP's agent, for the community "flows-r" and users of version 3, and returns its port. The loopback interface is called
// ge-0/0/1 there.
func startAgent(t *testing.T) int {
	t.Helper()
	program, err := exec.LookPath("snmpd")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/snmpd")
	}
	if err != nil {
		t.Skip("NOT TESTED against a real agent: there is no snmpd here; the Debian package snmpd has it")
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	dir, port := t.TempDir(), freePort(t)
	var conf strings.Builder
	conf.WriteString("rocommunity flows-r 127.0.0.1\nsysName edge1.example\ncreateUser nobody\nrouser nobody noauth .1\n")
	for _, u := range realUsers {
		fmt.Fprintf(&conf, "createUser %s %s authsecret-%s", u.name, u.authentication, u.name)
		level := "auth"
		if u.privacy != "" {
			fmt.Fprintf(&conf, " %s privsecret-%s", u.privacy, u.name)
			level = "priv"
		}
		fmt.Fprintf(&conf, "\nrouser %s %s .1\n", u.name, level)
	}
	fmt.Fprintf(&conf, "override %s.%d octet_str \"ge-0/0/1\"\noverride %s.%d octet_str \"uplink to Zürich\"\n", oidIfName, lo.Index, oidIfAlias, lo.Index)
	write(t, filepath.Join(dir, "agent.conf"), conf.String())
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-f", "-Lo", "-C", "-c", filepath.Join(dir, "agent.conf"), "-p", filepath.Join(dir, "pid"),
		fmt.Sprintf("udp:127.0.0.1:%d", port))
	cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "SNMPCONFPATH="+dir, "MIBS=", "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("the agent said:\n%s", text)
		}
	})
	credential := &Credential{Port: uint16(port), Version: "2c", Community: Secret{"flows-r"}}
	eventually(t, "the agent answers", func() bool {
		select {
		case <-ended:
			t.Fatal("the agent ended")
		default:
		}
		_, err := ask(t.Context(), loopback, credential, time.Second, 10)
		return err == nil
	})
	return port
}

// entry is a file with one credential for agents on loopback.
func entry(port int, rest string) string {
	return fmt.Sprintf("credentials:\n  - networks: 127.0.0.0/8\n    port: %d\n    %s\n", port, rest)
}

func TestRealAgent(t *testing.T) {
	port := startAgent(t)
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	credentials := map[string]string{
		"2c":        "version: 2c\n    community: flows-r",
		"3 no auth": "version: 3\n    username: nobody",
	}
	for _, u := range realUsers {
		text := fmt.Sprintf("version: 3\n    username: %s\n    authentication: {protocol: %s, password: authsecret-%s}", u.name, u.authentication, u.name)
		if u.privacy != "" {
			text += fmt.Sprintf("\n    privacy: {protocol: %s, password: privsecret-%s}", u.privacy, u.name)
		}
		credentials["3 "+u.name] = text
	}
	for name, text := range credentials {
		t.Run(name, func(t *testing.T) {
			c := New(settings(t, entry(port, text)), quiet)
			if s := c.Status(); s.Error != "" || s.Credentials != 1 {
				t.Fatalf("status %+v", s)
			}
			if name, settled := c.Exporter(loopback); name != "" || settled {
				t.Fatalf("before the question it is %q, %v", name, settled)
			}
			run(t, c)
			eventually(t, "the exporter has a name", func() bool {
				if s := c.Stats(); s.LastError != "" {
					t.Fatal(s.LastError)
				}
				_, settled := c.Exporter(loopback)
				return settled
			})
			if name, _ := c.Exporter(loopback); name != "edge1.example" {
				t.Errorf("the exporter is called %q", name)
			}
			if name, alias, settled := c.Interface(loopback, uint32(lo.Index)); name != "ge-0/0/1" || alias != "uplink to Zürich" || !settled {
				t.Errorf("lo is %q, %q, %v", name, alias, settled)
			}
			interfaces, err := net.Interfaces()
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range interfaces {
				if name, alias, settled := c.Interface(loopback, uint32(i.Index)); i.Name != "lo" && (name != i.Name || alias != "" || !settled) {
					t.Errorf("%s is %q, %q, %v", i.Name, name, alias, settled)
				}
			}
			if s := c.Stats(); s.Asked != 1 || s.Answered != 1 || s.Exporters != 1 || s.Interfaces != len(interfaces) {
				t.Errorf("%+v", s)
			}
		})
	}
	for name, test := range map[string]struct {
		text string
		want []Cause // one of them
	}{
		"wrong community": {"version: 2c\n    community: flows-w", []Cause{Timeout}},
		"unknown user":    {"version: 3\n    username: stranger", []Cause{Auth}},
		"wrong password": {"version: 3\n    username: sha256\n    authentication: {protocol: SHA-256, password: notthatone}\n" +
			"    privacy: {protocol: AES, password: privsecret-sha256}", []Cause{Auth}},
		"wrong protocol": {"version: 3\n    username: sha256\n    authentication: {protocol: MD5, password: authsecret-sha256}\n" +
			"    privacy: {protocol: AES, password: privsecret-sha256}", []Cause{Auth}},
		// An agent cannot tell; it sees something that is no SNMP.
		"wrong privacy": {"version: 3\n    username: sha256\n    authentication: {protocol: SHA-256, password: authsecret-sha256}\n" +
			"    privacy: {protocol: AES, password: notthatone}", []Cause{Auth, Timeout, Malformed}},
		"too little": {"version: 3\n    username: sha256", []Cause{Auth}},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, entry(port, test.text))
			s.Timeout = config.Duration(200 * time.Millisecond)
			c := New(s, quiet)
			c.Exporter(loopback)
			run(t, c)
			eventually(t, "the question failed", func() bool { return c.Stats().LastError != "" })
			stats := c.Stats()
			var failed uint64
			for _, cause := range test.want {
				failed += stats.Failed[cause]
			}
			t.Log(stats.LastError)
			if failed == 0 {
				t.Errorf("failed %v", stats.Failed)
			}
			if text := fmt.Sprintf("%+v", stats); strings.Contains(text, "notthatone") || strings.Contains(text, "flows-w") {
				t.Errorf("a secret is in %s", text)
			}
			if name, settled := c.Exporter(loopback); name != "" || settled {
				t.Errorf("the exporter is %q, %v, though it will be asked again", name, settled)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		c := New(settings(t, entry(freePort(t), "version: 2c\n    community: flows-r")), quiet)
		c.Exporter(loopback)
		run(t, c)
		eventually(t, "the question failed", func() bool { return c.Stats().LastError != "" })
		if s := c.Stats(); s.Failed[Unreachable] != 1 {
			t.Errorf("failed %v: %s", s.Failed, s.LastError)
		}
	})
}
