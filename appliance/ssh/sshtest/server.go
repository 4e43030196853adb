// Package sshtest is an SSH server inside the test process. It runs the commands it gets with this machine's own shell, or with a function of
// the test, and can be made to misbehave.
package sshtest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// Options change what the server does. The zero value is an obedient server.
type Options struct {
	Password string          // accepted besides the key; empty: none
	UserCA   gossh.PublicKey // accepts certificates that it signed, and then plain keys no more
	HostCA   gossh.Signer    // the host shows a certificate signed by it
	Login    []string        // login shell, run as Login… -c COMMAND; default /bin/sh
	Env      []string        // added to the environment of commands
	Exec     Exec            // runs commands instead of the login shell

	// CutAfter closes the network connection once so many octets came in over it; 0: never.
	CutAfter int64
	// Deaf leaves keepalives unanswered.
	Deaf bool
	// MaxSessions is how many commands one connection may have open, as sshd has it; 0: any number.
	MaxSessions int64
}

// Exec runs one command and returns its exit status.
type Exec func(ctx context.Context, command string, stdin io.Reader, stdout, stderr io.Writer) int

// Server is a running server.
type Server struct {
	Host       string
	Port       int
	HostKey    string // in authorized_keys form
	PrivateKey string // of the user, PEM: accepted for every user name

	options  Options
	listener net.Listener
	config   *gossh.ServerConfig

	handshakes, sessions, running, refused atomic.Int64
	mostSessions, delay                    atomic.Int64

	cut cut

	mu       sync.Mutex
	conns    map[net.Conn]bool
	commands []string
	wg       sync.WaitGroup
}

// Start starts a server on a free port of loopback, and stops it at the end of the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	hostKey, userKey := newSigner(t), newKey(t)
	user, err := gossh.ParsePrivateKey([]byte(userKey))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, //nolint:forcetypeassert // of a TCP listener
		HostKey:    strings.TrimSpace(string(gossh.MarshalAuthorizedKey(hostKey.PublicKey()))),
		PrivateKey: userKey,
		options:    o, listener: listener, conns: map[net.Conn]bool{},
	}
	s.config = s.serverConfig(t, hostKey, user.PublicKey())
	s.wg.Go(s.accept)
	t.Cleanup(func() {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		s.CutAll()
		s.wg.Wait()
	})
	return s
}

func newKey(t testing.TB) string {
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

func newSigner(t testing.TB) gossh.Signer {
	t.Helper()
	s, err := gossh.ParsePrivateKey([]byte(newKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Server) serverConfig(t testing.TB, hostKey gossh.Signer, user gossh.PublicKey) *gossh.ServerConfig {
	t.Helper()
	checker := gossh.CertChecker{
		IsUserAuthority: func(key gossh.PublicKey) bool {
			return s.options.UserCA != nil && string(key.Marshal()) == string(s.options.UserCA.Marshal())
		},
		UserKeyFallback: func(_ gossh.ConnMetadata, key gossh.PublicKey) (*gossh.Permissions, error) {
			if s.options.UserCA == nil && string(key.Marshal()) == string(user.Marshal()) {
				return &gossh.Permissions{}, nil
			}
			return nil, errors.New("unknown key")
		},
	}
	config := &gossh.ServerConfig{PublicKeyCallback: checker.Authenticate}
	if s.options.Password != "" {
		config.PasswordCallback = func(_ gossh.ConnMetadata, password []byte) (*gossh.Permissions, error) {
			if string(password) == s.options.Password {
				return &gossh.Permissions{}, nil
			}
			return nil, errors.New("wrong password")
		}
	}
	if s.options.HostCA != nil {
		cert := &gossh.Certificate{
			Key: hostKey.PublicKey(), CertType: gossh.HostCert, ValidPrincipals: []string{s.Host}, ValidBefore: gossh.CertTimeInfinity,
		}
		if err := cert.SignCert(rand.Reader, s.options.HostCA); err != nil {
			t.Fatal(err)
		}
		signer, err := gossh.NewCertSigner(cert, hostKey)
		if err != nil {
			t.Fatal(err)
		}
		hostKey = signer
	}
	config.AddHostKey(hostKey)
	return config
}

// SetDelay lets commands that come from now on begin so much later, as a slow host would.
func (s *Server) SetDelay(delay time.Duration) { s.delay.Store(int64(delay)) }

// Handshakes is how many connections were made and accepted.
func (s *Server) Handshakes() int64 { return s.handshakes.Load() }

// Sessions is how many commands were run.
func (s *Server) Sessions() int64 { return s.sessions.Load() }

// MostSessions is the largest number of commands that ran at once.
func (s *Server) MostSessions() int64 { return s.mostSessions.Load() }

// Refused is how many commands were refused for MaxSessions.
func (s *Server) Refused() int64 { return s.refused.Load() }

// CutAll cuts every connection, as a pulled cable would for who waits long enough.
func (s *Server) CutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // meant to be rude
	}
}

// Stop stops listening and cuts every connection.
func (s *Server) Stop() {
	_ = s.listener.Close() // a second Close at the end of the test is expected
	s.CutAll()
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if s.options.CutAfter > 0 {
			conn = &cutter{Conn: conn, left: s.options.CutAfter}
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serve(conn)
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
			_ = conn.Close() // may be closed already
		})
	}
}

// cutter closes a connection after a number of octets was read.
type cutter struct {
	net.Conn
	left int64
}

func (c *cutter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(int64(len(b)), max(c.left, 1))])
	if c.left -= int64(n); c.left <= 0 {
		_ = c.Close() // the cut
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func (s *Server) serve(raw net.Conn) {
	conn, channels, requests, err := gossh.NewServerConn(raw, s.config)
	if err != nil {
		return
	}
	s.handshakes.Add(1)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	var open atomic.Int64 // sessions
	wg.Go(func() {
		for r := range requests {
			if r.WantReply && !s.options.Deaf {
				_ = r.Reply(false, nil) // a dead client shows elsewhere
			}
		}
	})
	for c := range channels {
		switch c.ChannelType() {
		case "session":
			if now := open.Add(1); s.options.MaxSessions > 0 && now > s.options.MaxSessions {
				open.Add(-1)
				s.refused.Add(1)
				_ = c.Reject(gossh.ConnectionFailed, "open failed")
				continue
			}
			if channel, requests, err := c.Accept(); err == nil {
				wg.Go(func() {
					defer open.Add(-1)
					s.session(ctx, channel, requests)
				})
			}
		case "direct-tcpip":
			wg.Go(func() { forward(ctx, c) })
		default:
			_ = c.Reject(gossh.UnknownChannelType, "not here")
		}
	}
	_ = conn.Close() // the other side is gone
}

func (s *Server) session(ctx context.Context, channel gossh.Channel, requests <-chan *gossh.Request) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer channel.Close() //nolint:errcheck // the client may have closed it first
	for r := range requests {
		if r.Type != "exec" {
			// Signals are ignored: OpenSSH passes none on to what root runs, and none that reaches what sudo runs.
			if r.WantReply {
				_ = r.Reply(false, nil)
			}
			continue
		}
		command := string(r.Payload[4:])
		_ = r.Reply(true, nil)
		id := s.sessions.Add(1)
		s.mu.Lock()
		s.commands = append(s.commands, command)
		s.mu.Unlock()
		if s.cut.begins(id) {
			s.CutAll()
			continue
		}
		for now := s.running.Add(1); ; {
			most := s.mostSessions.Load()
			if now <= most || s.mostSessions.CompareAndSwap(most, now) {
				break
			}
		}
		s.wg.Go(func() {
			status := s.run(ctx, command, channel)
			s.running.Add(-1)
			if s.cut.ended(id) {
				s.CutAll()
				return
			}
			var payload [4]byte
			binary.BigEndian.PutUint32(payload[:], uint32(status))
			_, _ = channel.SendRequest("exit-status", false, payload[:])
			_ = channel.Close()
		})
	}
}

func (s *Server) run(ctx context.Context, command string, channel gossh.Channel) int {
	select {
	case <-time.After(time.Duration(s.delay.Load())):
	case <-ctx.Done():
	}
	if s.options.Exec != nil {
		return s.options.Exec(ctx, command, channel, channel, channel.Stderr())
	}
	login := s.options.Login
	if login == nil {
		login = []string{"/bin/sh"}
	}
	return start(ctx, append(login[:len(login):len(login)], "-c", command), s.options.Env, channel, channel, channel.Stderr())
}

// Shell runs a command line with /bin/sh and more environment, as an Exec that changes the command first would.
func Shell(ctx context.Context, command string, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return start(ctx, []string{"/bin/sh", "-c", command}, env, stdin, stdout, stderr)
}

func start(ctx context.Context, argv, env []string, input io.Reader, stdout, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// A session without a terminal, as sshd has it. The whole group ends: the shell may have children that keep its output open.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// Not cmd.Stdin: Wait would wait for input that a program never reads.
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 127
	}
	go func() {
		_, _ = io.Copy(stdin, input)
		_ = stdin.Close()
	}()
	var exit *exec.ExitError
	switch err := cmd.Wait(); {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	}
	return 255
}

func forward(ctx context.Context, c gossh.NewChannel) {
	var target struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	if err := gossh.Unmarshal(c.ExtraData(), &target); err != nil {
		_ = c.Reject(gossh.ConnectionFailed, err.Error())
		return
	}
	var d net.Dialer
	out, err := d.DialContext(ctx, "tcp", net.JoinHostPort(target.Host, strconv.FormatUint(uint64(target.Port), 10)))
	if err != nil {
		_ = c.Reject(gossh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := c.Accept()
	if err != nil {
		_ = out.Close()
		return
	}
	go gossh.DiscardRequests(requests)
	stop := context.AfterFunc(ctx, func() { _, _ = channel.Close(), out.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(out, channel)
		_ = out.(*net.TCPConn).CloseWrite() //nolint:forcetypeassert // dialled as TCP
	})
	both.Go(func() {
		_, _ = io.Copy(channel, out)
		_ = channel.CloseWrite()
	})
	both.Wait()
	_, _ = channel.Close(), out.Close()
}
