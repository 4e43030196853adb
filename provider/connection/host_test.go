package connection

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
)

func config(s *sshtest.Server) ssh.Config {
	return ssh.Config{Host: s.Host, Port: s.Port, HostKeys: []string{s.HostKey}, PrivateKey: s.PrivateKey}
}

func pooledClient(t *testing.T, pool *Pool, config ssh.Config) *ssh.Client {
	t.Helper()
	client, err := pool.client("a", config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newPool(t *testing.T) *Pool {
	t.Helper()
	pool := &Pool{}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

func TestPoolKeepsOneClientForAHost(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	pool := newPool(t)
	first := pooledClient(t, pool, config(s))
	if pooledClient(t, pool, config(s)) != first {
		t.Error("the same configuration gave another client")
	}
	other := config(s)
	other.User = "somebody"
	if pooledClient(t, pool, other) == first {
		t.Error("another configuration gave the same client")
	}
	if _, err := first.Run(t.Context(), ssh.Command{Argv: []string{"true"}}); !errors.Is(err, ssh.ErrClosed) {
		t.Errorf("the client of the old configuration still works: %v", err)
	}
}

func TestReachAsksOnceForAll(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	host := newHost("a", pooledClient(t, newPool(t), config(s)), time.Minute)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := host.Reach(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := host.Run(t.Context(), ssh.Command{Argv: []string{"true"}}); err != nil {
		t.Fatal(err)
	}
	if s.Handshakes() != 1 || s.Sessions() != 1 {
		t.Errorf("%d connections, %d commands for ten resources", s.Handshakes(), s.Sessions())
	}
}

// closedPort is a port of loopback where nobody listens.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

func TestReachRemembersThatThereWasNoAnswer(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	c := config(s)
	c.Port = closedPort(t)
	host := newHost("a", pooledClient(t, newPool(t), c), time.Minute)
	first := host.Reach(t.Context())
	if first == nil {
		t.Fatal("a host that does not listen was reached")
	}
	if again := host.Reach(t.Context()); again != first { //nolint:errorlint // the very same one
		t.Errorf("it was asked again: %v", again)
	}
	host.asked = host.asked.Add(-2 * remembered)
	if later := host.Reach(t.Context()); later == first { //nolint:errorlint // as above
		t.Error("it was never asked again")
	}
}

func TestRunWaitsForAHostThatIsStarting(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // the end of the test
	go func() {
		for range 3 { // something listens, and is not ready yet
			if in, err := listener.Accept(); err == nil {
				_ = in.Close()
			}
		}
		forward(listener, net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	}()
	c := config(s)
	c.Port = listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	host := newHost("a", pooledClient(t, newPool(t), c), time.Hour)
	host.pause = time.Millisecond
	if err := host.Reach(t.Context()); err == nil {
		t.Error("a plan waited for the host")
	}
	if _, err := host.Run(t.Context(), ssh.Command{Argv: []string{"true"}}); err != nil {
		t.Error(err)
	}
}

// forward passes each connection on to an address.
func forward(from net.Listener, to string) {
	for {
		in, err := from.Accept()
		if err != nil {
			return
		}
		out, err := new(net.Dialer).DialContext(context.Background(), "tcp", to)
		if err != nil {
			_ = in.Close()
			return
		}
		go func() {
			_, _ = io.Copy(out, in)
			_ = out.Close()
		}()
		go func() {
			_, _ = io.Copy(in, out)
			_ = in.Close()
		}()
	}
}

func TestAHostIsWaitedForInVainOnlyOnce(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // the end of the test
	var attempts atomic.Int64
	go func() {
		for in, err := listener.Accept(); err == nil; in, err = listener.Accept() {
			attempts.Add(1)
			_ = in.Close()
		}
	}()
	c := config(s)
	c.Port = listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	host := newHost("a", pooledClient(t, newPool(t), c), 50*time.Millisecond)
	host.pause = 10 * time.Millisecond
	if _, err := host.Run(t.Context(), ssh.Command{Argv: []string{"true"}}); err == nil {
		t.Fatal("a host that does not answer was reached")
	}
	before := attempts.Load()
	if _, err := host.Run(t.Context(), ssh.Command{Argv: []string{"true"}}); err == nil || attempts.Load() != before || before == 0 {
		t.Errorf("%v after %d attempts, and %d for the next resource", err, before, attempts.Load()-before)
	}
}

func TestRunGivesUp(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	for name, change := range map[string]func(*ssh.Config){
		"a wrong host key":   func(c *ssh.Config) { c.HostKeys = nil },
		"a refused login":    func(c *ssh.Config) { c.PrivateKey = ""; c.Password = "wrong" },
		"a host that is off": func(c *ssh.Config) { c.Port = closedPort(t) },
	} {
		c := config(s)
		change(&c)
		host := newHost("a", pooledClient(t, newPool(t), c), 50*time.Millisecond)
		host.pause = 10 * time.Millisecond
		if name != "a host that is off" {
			host.wait = time.Hour // waiting would not help
		}
		var cause *Error
		_, err := host.Run(t.Context(), ssh.Command{Argv: []string{"true"}})
		if !errors.As(err, &cause) || cause.Refused() != (name == "a wrong host key") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := config(s)
	c.Port = closedPort(t)
	host := newHost("a", pooledClient(t, newPool(t), c), time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := host.Run(ctx, ssh.Command{Argv: []string{"true"}}); err == nil {
		t.Error("a cancelled context did not end the waiting")
	}
}
