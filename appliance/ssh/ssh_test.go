package ssh_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
)

func config(s *sshtest.Server) ssh.Config {
	return ssh.Config{Host: s.Host, Port: s.Port, HostKeys: []string{s.HostKey}, PrivateKey: s.PrivateKey}
}

func client(t *testing.T, c ssh.Config) *ssh.Client {
	t.Helper()
	cl, err := ssh.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cl.Close(); err != nil {
			t.Error(err)
		}
	})
	return cl
}

func run(t *testing.T, c *ssh.Client, command ssh.Command) ssh.Result {
	t.Helper()
	r, err := c.Run(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunPassesArgumentsInputAndStatus(t *testing.T) {
	c := client(t, config(sshtest.Start(t, sshtest.Options{})))
	awkward := []string{"", "a b", "it's", "$HOME", "`id`", "a\nb", "!x", `back\slash`, "ü", "--", "*"}
	r := run(t, c, ssh.Command{Argv: append([]string{"printf", "%s|"}, awkward...)})
	if want := strings.Join(awkward, "|") + "|"; string(r.Stdout) != want {
		t.Errorf("arguments arrived as %q, want %q", r.Stdout, want)
	}
	r = run(t, c, ssh.Command{Argv: []string{"sh", "-c", "cat; echo problem >&2; exit 3"}, Stdin: strings.NewReader("content")})
	if string(r.Stdout) != "content" || string(r.Stderr) != "problem\n" || r.ExitCode != 3 {
		t.Errorf("got %q, %q, %d", r.Stdout, r.Stderr, r.ExitCode)
	}
	if r = run(t, c, ssh.Command{Argv: []string{"true"}, Stdin: strings.NewReader(strings.Repeat("x", 1<<22))}); r.ExitCode != 0 {
		t.Errorf("unread input became status %d", r.ExitCode)
	}
	if got := c.Stats().Handshakes; got != 1 {
		t.Errorf("%d handshakes for three commands", got)
	}
}

func TestNoisyProfileDoesNotSpoilOutput(t *testing.T) {
	dir := t.TempDir()
	shell := filepath.Join(dir, "noisy")
	if err := os.WriteFile(shell, []byte("#!/bin/sh\necho Welcome to host\nexec /bin/sh \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := client(t, config(sshtest.Start(t, sshtest.Options{Login: []string{shell}})))
	if r := run(t, c, ssh.Command{Argv: []string{"echo", "ok"}}); string(r.Stdout) != "ok\n" {
		t.Errorf("got %q", r.Stdout)
	}
}

// TestLoginShellThatRunsNothing: what such a shell prints is never taken for the output of a program.
func TestLoginShellThatRunsNothing(t *testing.T) {
	for name, script := range map[string]string{
		"nologin":       "echo 'This account is currently not available.'\nexit 1\n",
		"only a banner": "echo 'This account is currently not available.' >&2\n",
	} {
		shell := filepath.Join(t.TempDir(), "shell")
		if err := os.WriteFile(shell, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
		cfg := config(sshtest.Start(t, sshtest.Options{Login: []string{shell}}))
		cfg.User = "visitor"
		_, err := client(t, cfg).Run(t.Context(), ssh.Command{Argv: []string{"true"}})
		var login *ssh.LoginError
		if !errors.As(err, &login) || !strings.Contains(err.Error(), "user visitor") || !strings.Contains(err.Error(), "not available") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestHostKeys(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	other := sshtest.Start(t, sshtest.Options{})
	authority := signer(t)
	certified := sshtest.Start(t, sshtest.Options{HostCA: authority})
	line := knownhosts.Line([]string{knownhosts.Normalize(net.JoinHostPort(s.Host, port(s)))}, key(t, s.HostKey))
	hashed := knownhosts.HashHostname(knownhosts.Normalize(net.JoinHostPort(s.Host, port(s)))) + " " + s.HostKey

	for name, test := range map[string]struct {
		server  *sshtest.Server
		change  func(*ssh.Config)
		refused bool
	}{
		"pinned":              {s, func(*ssh.Config) {}, false},
		"one of several":      {s, func(c *ssh.Config) { c.HostKeys = []string{other.HostKey, s.HostKey} }, false},
		"other key":           {s, func(c *ssh.Config) { c.HostKeys = []string{other.HostKey} }, true},
		"nothing known":       {s, func(c *ssh.Config) { c.HostKeys = nil }, true},
		"of another type":     {s, func(c *ssh.Config) { c.HostKeys = []string{rsaKey(t)} }, true},
		"known_hosts":         {s, func(c *ssh.Config) { c.HostKeys, c.KnownHosts = nil, line+"\n" }, false},
		"hashed known_hosts":  {s, func(c *ssh.Config) { c.HostKeys, c.KnownHosts = nil, hashed+"\n" }, false},
		"other known_hosts":   {other, func(c *ssh.Config) { c.HostKeys, c.KnownHosts = nil, line+"\n" }, true},
		"insecure":            {s, func(c *ssh.Config) { c.HostKeys, c.InsecureIgnoreHostKey = nil, true }, false},
		"certificate":         {certified, func(c *ssh.Config) { c.HostKeys, c.HostCertificateAuthorities = nil, authorized(authority) }, false},
		"another's authority": {certified, func(c *ssh.Config) { c.HostKeys, c.HostCertificateAuthorities = nil, authorized(signer(t)) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(test.server)
			test.change(&cfg)
			_, err := client(t, cfg).Run(t.Context(), ssh.Command{Argv: []string{"true"}})
			var refused *ssh.HostKeyError
			if test.refused != errors.As(err, &refused) {
				t.Fatalf("refused = %v, error %v", !test.refused, err)
			}
			if !test.refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if refused.Offered != test.server.HostKey || !strings.Contains(err.Error(), `host_keys = ["`+test.server.HostKey+`"]`) {
				t.Errorf("the key to paste is missing in: %v", err)
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{Password: "right"})
	authority := signer(t)
	certified := sshtest.Start(t, sshtest.Options{UserCA: authority.PublicKey()})
	encrypted := encryptedKey(t, s.PrivateKey, "phrase")

	for name, test := range map[string]struct {
		server *sshtest.Server
		change func(*ssh.Config)
		err    string
	}{
		"key":                 {s, func(*ssh.Config) {}, ""},
		"encrypted key":       {s, func(c *ssh.Config) { c.PrivateKey, c.Passphrase = encrypted, "phrase" }, ""},
		"password":            {s, func(c *ssh.Config) { c.PrivateKey, c.Password = "", "right" }, ""},
		"key, then password":  {s, func(c *ssh.Config) { c.PrivateKey, c.Password = pemKey(t), "right" }, ""},
		"certificate":         {certified, func(c *ssh.Config) { c.Certificate = userCertificate(t, authority, c.PrivateKey) }, ""},
		"key not certified":   {certified, func(*ssh.Config) {}, "tried: private key ssh-ed25519 SHA256:"},
		"wrong password":      {s, func(c *ssh.Config) { c.PrivateKey, c.Password = "", "wrong" }, "user root was refused; tried: password"},
		"unknown key":         {s, func(c *ssh.Config) { c.PrivateKey = pemKey(t) }, "tried: private key ssh-ed25519 SHA256:"},
		"passphrase missing":  {s, func(c *ssh.Config) { c.PrivateKey = encrypted }, "PrivateKey: the key is encrypted"},
		"nothing":             {s, func(c *ssh.Config) { c.PrivateKey = "" }, "PrivateKey: give a private key"},
		"certificate, no key": {s, func(c *ssh.Config) { c.PrivateKey, c.Certificate = "", "x" }, "Certificate: needs the private key"},
		"bad host key line":   {s, func(c *ssh.Config) { c.HostKeys = []string{"SHA256:abc"} }, "HostKeys[0]: "},
		"contradiction":       {s, func(c *ssh.Config) { c.InsecureIgnoreHostKey = true }, "InsecureIgnoreHostKey: contradicts"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(test.server)
			test.change(&cfg)
			c, err := ssh.New(cfg)
			if err == nil {
				_, err = c.Run(t.Context(), ssh.Command{Argv: []string{"true"}})
				defer c.Close() //nolint:errcheck // may never have connected
			}
			switch {
			case test.err == "" && err != nil:
				t.Error(err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("error %v, want one with %q", err, test.err)
			case err != nil && (strings.Contains(err.Error(), "wrong\"") || strings.Contains(err.Error(), "right")):
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

func TestBastionsChain(t *testing.T) {
	first, second, host := sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{})
	cfg := config(host)
	cfg.Bastions = []ssh.Config{config(first), config(second)}
	c := client(t, cfg)
	run(t, c, ssh.Command{Argv: []string{"true"}})
	for i, s := range []*sshtest.Server{first, second, host} {
		if s.Handshakes() != 1 {
			t.Errorf("hop %d has %d handshakes", i, s.Handshakes())
		}
	}
	if first.Sessions()+second.Sessions() != 0 {
		t.Error("a bastion ran a command")
	}

	// Each hop is checked by its own key.
	cfg.Bastions[1].HostKeys = []string{host.HostKey}
	_, err := client(t, cfg).Run(t.Context(), ssh.Command{Argv: []string{"true"}})
	if err == nil || !strings.Contains(err.Error(), "bastion "+net.JoinHostPort(second.Host, port(second))) {
		t.Errorf("error %v, want one that names the second bastion", err)
	}
}

func TestSudo(t *testing.T) {
	// A stand-in for sudo with its options as sudo(8) has them: it reads the password from stdin only with -S.
	dir := t.TempDir()
	sudo := `#!/bin/sh
read_password=
while [ $# -gt 0 ]; do
	case $1 in
	-n) quiet=1 ;;
	-S) read_password=1 ;;
	-k) ;;
	-p) shift ;;
	--) shift; break ;;
	esac
	shift
done
[ -n "$TTY" ] && ! { [ "$TTY" != never ] && true </dev/tty; } 2>/dev/null && { echo "sudo: sorry, you must have a tty to run sudo" >&2; exit 1; }
[ -n "$FREE" ] && exec env AS=root "$@"
[ "$TTY" = free ] && exec env AS=root "$@"
[ -n "$read_password" ] || { echo "sudo: a password is required" >&2; exit 1; }
read -r given
[ "$given" = "s e'cret" ] || { echo "Sorry, try again." >&2; exit 1; }
exec env AS=root "$@"
`
	if err := os.WriteFile(filepath.Join(dir, "sudo"), []byte(sudo), 0o755); err != nil {
		t.Fatal(err)
	}
	// What a terminal would change, take for a command, or be too small for.
	awkward := "line 1\nline 2\r\n\x00\x03\x04\x11\x13\x1a\x1c\x7f\xff" + strings.Repeat("0123456789abcdef", 1<<14)
	for name, test := range map[string]struct {
		env, password, err string
		user               string
	}{
		"without a password":                    {env: "FREE=1"},
		"with a password":                       {password: "s e'cret"},
		"not needed after all":                  {env: "FREE=1", password: "s e'cret"},
		"wrong password":                        {password: "guess", err: "sudo refused the password"},
		"asks":                                  {err: "set sudo_password"},
		"wants a terminal":                      {env: "TTY=free"},
		"wants both":                            {env: "TTY=1", password: "s e'cret"},
		"wants a terminal and another password": {env: "TTY=1", password: "guess", err: "sudo refused the password"},
		"gets no terminal":                      {env: "TTY=never", password: "s e'cret", err: "remove requiretty"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sshtest.Start(t, sshtest.Options{Exec: replacePath(dir, test.env)})
			cfg := config(s)
			cfg.User, cfg.SudoPassword = "admin", test.password
			c := client(t, cfg)
			for range 2 {
				r, err := c.Run(t.Context(), ssh.Command{
					Argv: []string{"sh", "-c", `echo "$AS"; cat; echo "for you" >&2; exit 7`}, Stdin: strings.NewReader(awkward), Root: true,
				})
				var failed *ssh.SudoError
				switch {
				case test.err == "" && (err != nil || string(r.Stdout) != "root\n"+awkward || string(r.Stderr) != "for you\n" || r.ExitCode != 7):
					t.Fatalf("got %.100q, %q, status %d, %v", r.Stdout, r.Stderr, r.ExitCode, err)
				case test.err != "" && (!errors.As(err, &failed) || !strings.Contains(err.Error(), test.err)):
					t.Fatalf("error %v, want one with %q", err, test.err)
				}
			}
			if r := run(t, c, ssh.Command{Argv: []string{"sh", "-c", `echo "as $AS"`}}); string(r.Stdout) != "as \n" {
				t.Errorf("a command that needs no root ran as root: %q", r.Stdout)
			}
		})
	}
}

// wrapped are the words of a script in base64, at the end of a line.
var wrapped = regexp.MustCompile(`( [A-Za-z0-9+/=]{40,})+$`)

// replacePath runs commands with dir in front of the PATH that the client sets.
func replacePath(dir, env string) sshtest.Exec {
	replace := func(script string) string { return strings.ReplaceAll(script, "PATH=", "PATH="+dir+":") }
	return func(ctx context.Context, command string, stdin io.Reader, stdout, stderr io.Writer) int {
		command = wrapped.ReplaceAllStringFunc(command, func(words string) string {
			script, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(words, " ", ""))
			if err != nil {
				return words
			}
			return " " + base64.StdEncoding.EncodeToString([]byte(replace(string(script))))
		})
		return sshtest.Shell(ctx, replace(command), []string{env}, stdin, stdout, stderr)
	}
}

func TestReconnectsAfterALostConnection(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	c := client(t, config(s))
	run(t, c, ssh.Command{Argv: []string{"true"}})
	s.CutAll()
	run(t, c, ssh.Command{Argv: []string{"true"}})
	if got := c.Stats().Handshakes; got != 2 {
		t.Errorf("%d handshakes, want 2", got)
	}
}

func TestLinkLostWhileACommandRuns(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	c := client(t, config(s))
	started := make(chan struct{})
	go func() {
		<-started
		for s.Sessions() == 0 { // the command may be sent and not arrived yet
			time.Sleep(time.Millisecond)
		}
		s.CutAll()
	}()
	_, err := c.Run(t.Context(), ssh.Command{Argv: []string{"cat"}, Stdin: &signalling{started: started}})
	var lost *ssh.LinkError
	if !errors.As(err, &lost) || lost.Doing != "cat" {
		t.Fatalf("error %v, want a LinkError about cat", err)
	}
	if s.Sessions() != 1 {
		t.Errorf("the command was started %d times", s.Sessions())
	}
}

// TestNoSSHServer: something else listens, or the server has no room; "EOF" would help nobody.
func TestNoSSHServer(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	cfg := config(sshtest.Start(t, sshtest.Options{}))
	cfg.Port = listener.Addr().(*net.TCPAddr).Port
	_, err = client(t, cfg).Run(t.Context(), ssh.Command{Argv: []string{"true"}})
	var unreachable *ssh.UnreachableError
	if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), "ended it before SSH began") {
		t.Errorf("the error is %v", err)
	}
}

// signalling is input that never ends.
type signalling struct {
	started chan struct{}
	once    sync.Once
}

func (s *signalling) Read(b []byte) (int, error) {
	s.once.Do(func() { close(s.started) })
	time.Sleep(time.Millisecond)
	return copy(b, "x"), nil
}

func TestCancelledCommandIsKilled(t *testing.T) {
	c := client(t, config(sshtest.Start(t, sshtest.Options{})))
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() { <-started; cancel() }()
	_, err := c.Run(ctx, ssh.Command{Argv: []string{"cat"}, Stdin: &signalling{started: started}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	run(t, c, ssh.Command{Argv: []string{"true"}})
	if got := c.Stats().Handshakes; got != 1 {
		t.Errorf("%d handshakes: the cancelled command cost the connection", got)
	}
}

func TestSilentPeerIsGivenUp(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{Deaf: true})
	cfg := config(s)
	cfg.KeepaliveInterval = 20 * time.Millisecond
	_, err := client(t, cfg).Run(t.Context(), ssh.Command{Argv: []string{"sleep", "600"}})
	var lost *ssh.LinkError
	if !errors.As(err, &lost) {
		t.Errorf("error %v, want a LinkError", err)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	cfg := config(s)
	cfg.MaxSessions = 3
	c := client(t, cfg)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if _, err := c.Run(t.Context(), ssh.Command{Argv: []string{"sleep", "0.05"}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.Sessions() != 12 || s.MostSessions() > 3 || s.Handshakes() != 1 {
		t.Errorf("%d sessions, %d at once, %d handshakes", s.Sessions(), s.MostSessions(), s.Handshakes())
	}
}

// TestServersWithFewSessions has a server that allows fewer sessions than we would take: nothing fails, and it is asked no more than it takes
// to learn that.
func TestServersWithFewSessions(t *testing.T) {
	for _, most := range []int64{1, 2} {
		s := sshtest.Start(t, sshtest.Options{MaxSessions: most})
		c := client(t, config(s))
		for range 2 {
			var wg sync.WaitGroup
			for range 12 {
				wg.Go(func() {
					r, err := c.Run(t.Context(), ssh.Command{Argv: []string{"sh", "-c", "sleep 0.02; echo done"}})
					if err != nil || string(r.Stdout) != "done\n" {
						t.Errorf("got %q, %v", r.Stdout, err)
					}
				})
			}
			wg.Wait()
		}
		if s.Sessions() != 24 || s.MostSessions() > most || s.Handshakes() != 1 {
			t.Errorf("%d sessions, %d at once, %d handshakes", s.Sessions(), s.MostSessions(), s.Handshakes())
		}
	}
}

// TestOnlySessionIsTaken: what was cancelled still has the only session, and the next command waits for it.
func TestOnlySessionIsTaken(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{MaxSessions: 1})
	c := client(t, config(s))
	dir := t.TempDir()
	began := filepath.Join(dir, "began")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for !exists(began) && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	})
	// Its input ends with the context; it goes on for a while, deaf to SIGTERM.
	script := `trap '' TERM; touch "$1"; cat >/dev/null; sleep 0.5; touch "$2"`
	ended := filepath.Join(dir, "ended")
	_, err := c.Run(ctx, ssh.Command{Argv: []string{"sh", "-c", script, "sh", began, ended}, Stdin: &signalling{started: make(chan struct{})}})
	wg.Wait()
	if !errors.Is(err, context.Canceled) || !exists(ended) {
		t.Errorf("error %v; ended: %v", err, exists(ended))
	}
	run(t, c, ssh.Command{Argv: []string{"true"}})
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestCancelledCommandCleansUp: it is told to end, not killed, and Run waits for that.
func TestCancelledCommandCleansUp(t *testing.T) {
	c := client(t, config(sshtest.Start(t, sshtest.Options{})))
	temporary := filepath.Join(t.TempDir(), "temporary")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for !exists(temporary) && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	})
	script := `trap 'rm "$1"' EXIT; trap 'exit 1' TERM; touch "$1"; sleep 600`
	_, err := c.Run(ctx, ssh.Command{Argv: []string{"sh", "-c", script, "sh", temporary}})
	wg.Wait()
	if !errors.Is(err, context.Canceled) || exists(temporary) {
		t.Errorf("error %v; still there: %v", err, exists(temporary))
	}
}

// All that run at once are cancelled at once, as by Ctrl-C: none of them leaves room for the signal to another.
func TestAllThatRunAreCancelled(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	cfg := config(s)
	cfg.MaxSessions = 3
	c := client(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	folder := t.TempDir()
	var running sync.WaitGroup
	for i := range cfg.MaxSessions {
		name := filepath.Join(folder, strconv.Itoa(i))
		running.Go(func() {
			_, err := c.Run(ctx, ssh.Command{Argv: []string{"sh", "-c", `trap 'rm -f "$1"; exit' TERM; touch "$1"; while :; do sleep 0.1; done`, "sh", name}})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
	names := func() []string {
		found, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil {
			t.Error(err)
		}
		return found
	}
	for len(names()) < cfg.MaxSessions && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	cancel()
	running.Wait()
	if left := names(); len(left) > 0 {
		t.Errorf("there is %q", left)
	}
}

func TestConnectRunsNothing(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	c := client(t, config(s))
	for range 2 {
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	run(t, c, ssh.Command{Argv: []string{"true"}})
	if s.Handshakes() != 1 || s.Sessions() != 1 {
		t.Errorf("%d handshakes, %d sessions", s.Handshakes(), s.Sessions())
	}
}

func TestDialThrough(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	defer web.Close()
	s := sshtest.Start(t, sshtest.Options{})
	cfg := config(s)
	cfg.MaxSessions = 1
	c := client(t, cfg)
	transport := &http.Transport{DialContext: c.DialContext}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil || string(body) != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
	transport.CloseIdleConnections()
	run(t, c, ssh.Command{Argv: []string{"true"}}) // the place of the closed connection is free again
	if _, err := c.DialContext(t.Context(), "tcp", "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "unable to reach 127.0.0.1:1") {
		t.Errorf("error %v", err)
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	before := runtime.NumGoroutine()
	for range 5 {
		c, err := ssh.New(config(s))
		if err != nil {
			t.Fatal(err)
		}
		for _, argv := range [][]string{{"true"}, {"false"}} {
			if _, err := c.Run(t.Context(), ssh.Command{Argv: argv}); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(t.Context(), ssh.Command{Argv: []string{"true"}}); !errors.Is(err, ssh.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	for runtime.NumGoroutine() > before && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
}

func rsaKey(t *testing.T) string {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := gossh.NewPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(gossh.MarshalAuthorizedKey(public))
}

func signer(t *testing.T) gossh.Signer {
	t.Helper()
	s, err := gossh.ParsePrivateKey([]byte(pemKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pemKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

func encryptedKey(t *testing.T, pemText, phrase string) string {
	t.Helper()
	key, err := gossh.ParseRawPrivateKey([]byte(pemText))
	if err != nil {
		t.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKeyWithPassphrase(key, "", []byte(phrase))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

func userCertificate(t *testing.T, authority gossh.Signer, pemText string) string {
	t.Helper()
	s, err := gossh.ParsePrivateKey([]byte(pemText))
	if err != nil {
		t.Fatal(err)
	}
	cert := &gossh.Certificate{Key: s.PublicKey(), CertType: gossh.UserCert, ValidPrincipals: []string{"root"}, ValidBefore: gossh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return string(gossh.MarshalAuthorizedKey(cert))
}

func authorized(s gossh.Signer) []string {
	return []string{string(gossh.MarshalAuthorizedKey(s.PublicKey()))}
}

func key(t *testing.T, line string) gossh.PublicKey {
	t.Helper()
	k, _, _, _, err := gossh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func port(s *sshtest.Server) string { return strconv.Itoa(s.Port) }
