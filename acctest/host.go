package acctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	flowssh "github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// HostOptions says what host to start.
type HostOptions struct {
	Name         string       // host name, a DNS label; "host" when empty
	Distribution Distribution // Debian12 when zero
	LAN          *LAN         // to join; nil: none
	Log          Logf         // progress
}

// Host is a running Debian or Ubuntu system with systemd and sshd. These users log in with PrivateKey: root; admin, who has sudo without a
// password; operator, who has sudo with OperatorPassword and may also log in with it.
type Host struct {
	Name       string
	Address    netip.Addr
	Address6   netip.Addr // zero for a virtual machine
	LANAddress netip.Addr // on the network that it shares with other hosts, where its name leads; zero without one
	Port       int        // of sshd, TCP
	User       string     // "root"
	HostKey    string     // "ssh-ed25519 AAAA…", as in authorized_keys
	PrivateKey []byte     // OpenSSH PEM
	Netns      string     // path of the network namespace; empty for a virtual machine

	udp     map[int]int // ports of a virtual machine, and those of this machine that lead there
	run     *run
	machine *process
	console string                          // file
	stop    func(ctx context.Context) error // asks the system to power off
	grace   time.Duration                   // how long a power-off may take before the process is killed
	signer  ssh.Signer
}

// How long the parts of a host's life may take on a slow, shared machine before we call them stuck.
const (
	containerBootLimit = 2 * time.Minute
	containerStopLimit = 30 * time.Second
)

// powerOff is SIGRTMIN+4, with the SIGRTMIN of the C library (the kernel's first two are the library's own).
const powerOff = syscall.Signal(34 + 4)

var labelRE = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// StartHost starts a container host (its own network namespace, address and file system; this machine's kernel) and returns when it
// answers over SSH. The context bounds the start, not the host's life: call Stop.
func StartHost(ctx context.Context, options HostOptions) (*Host, error) {
	if options.Name == "" {
		options.Name = "host"
	}
	if options.Distribution.Suite == "" {
		options.Distribution = Debian12
	}
	if !labelRE.MatchString(options.Name) {
		return nil, fmt.Errorf("host name %q is not a DNS label", options.Name)
	}
	r, err := newRun(ctx)
	if err != nil {
		return nil, err
	}
	h, err := startContainer(ctx, r, options)
	if err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("start host %s: %w", options.Name, err))
	}
	return h, nil
}

func startContainer(ctx context.Context, r *run, options HostOptions) (*Host, error) {
	lower, err := containerRoot(ctx, options.Log, options.Distribution)
	if err != nil {
		return nil, err
	}
	options.Log.printf("starting host %s", options.Name)
	began := time.Now()
	root := filepath.Join(r.dir, "root")
	if err := r.layer(ctx, options.Log, lower, root); err != nil {
		return nil, err
	}
	hostKey, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	userKey, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	id := identity{name: options.Name, hostKey: hostKey, authorized: userKey.public}
	if options.LAN != nil {
		id.neighbours = options.LAN.hosts()
	}
	if err := id.writeTo(root); err != nil {
		return nil, err
	}
	n, err := r.makeNetwork(ctx)
	if err != nil {
		return nil, err
	}
	h := &Host{
		Name: options.Name, Address: n.address, Address6: n.address6, Port: 22, User: "root",
		HostKey: hostKey.public, PrivateKey: userKey.private, Netns: n.path,
		run: r, grace: containerStopLimit,
	}
	if h.signer, err = ssh.ParsePrivateKey(h.PrivateKey); err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	if options.LAN != nil {
		if h.LANAddress, err = options.LAN.join(ctx, options.Name, n.name); err != nil {
			return nil, err
		}
	}
	cgroups, err := r.makeCgroups()
	if err != nil {
		return nil, err
	}
	machine := "fsa-" + r.id
	for _, e := range nspawnLeavings(machine) {
		if err := r.record(e); err != nil {
			return nil, err
		}
	}
	// No machined, no scope unit, no notification: PID 1 of this machine need not be systemd.
	h.machine, err = r.start(ctx, startSpec{name: "systemd-nspawn", cgroups: cgroups, env: append(os.Environ(), options.Distribution.env...), args: []string{
		"systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--directory=" + root, "--machine=" + machine,
		"--hostname=" + options.Name, "--network-namespace-path=" + n.path, "--boot", "--notify-ready=no", "--resolv-conf=off",
		"--timezone=off", "--link-journal=no",
		"--capability=CAP_NET_ADMIN", // over its own network: PID 1 of a real host may give sockets any receive buffer
	}})
	if err != nil {
		return nil, err
	}
	h.console = h.machine.log
	// systemd-nspawn passes this signal on as "power off".
	h.stop = func(context.Context) error { return h.machine.id.signal(powerOff) }
	if err := h.waitReady(ctx, containerBootLimit); err != nil {
		return nil, err
	}
	options.Log.printf("host %s answers at %s and %s after %.1f s", h.Name, h.Address, h.Address6, time.Since(began).Seconds())
	return h, nil
}

// nspawnLeavings are what systemd-nspawn makes outside the container and forgets, at the latest when it is killed.
func nspawnLeavings(machine string) []entry {
	// The second one since systemd 256.
	export := filepath.Join("/run/systemd/nspawn/unix-export", machine)
	return []entry{{Dir: filepath.Join("/run/systemd/nspawn/propagate", machine)}, {Dir: export}, {Mount: export}}
}

// layer makes a writable root from the shared one: an overlay, or a copy where the temporary directory's file system cannot carry one.
func (r *run) layer(ctx context.Context, log Logf, lower, root string) error {
	overlay := r.mountOverlay(lower, root)
	if overlay == nil {
		return nil
	}
	if !errors.Is(overlay, unix.EINVAL) && !errors.Is(overlay, unix.ENODEV) {
		return overlay
	}
	log.printf("no overlay possible (%v): copying the system instead", overlay)
	_, err := command(ctx, "cp", "--archive", "--reflink=auto", "--no-target-directory", lower, root)
	return err
}

// waitReady returns when sshd accepts the key and systemd has finished starting.
func (h *Host) waitReady(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not ready after %s", limit))
	defer cancel()
	var last error
	patience := 5 * time.Second // an emulated machine accepts long before sshd runs, and says nothing then; a slow one takes its time
	err := poll(ctx, "sshd", func() (bool, error) {
		if err := h.machine.exited(); err != nil {
			return false, err
		}
		attempt, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_, last = h.Run(attempt, "true")
		patience = min(patience*3/2, time.Minute)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w; last attempt: %w; console: %s", err, last, tail(h.console))
	}
	out, err := h.Run(ctx, "sh", "-c", "systemctl is-system-running --wait || true")
	if err != nil {
		return err
	}
	if state := strings.TrimSpace(string(out)); state != "running" {
		failed, err := h.Run(ctx, "systemctl", "--no-legend", "--plain", "--failed")
		return errors.Join(fmt.Errorf("systemd is %q, failed units: %s", state, bytes.TrimSpace(failed)), err)
	}
	return nil
}

// Run runs a program on the host as root, over SSH, and returns its stdout. A failure's error holds stderr.
func (h *Host) Run(ctx context.Context, argv ...string) ([]byte, error) {
	return h.RunInput(ctx, nil, argv...)
}

// RunInput is Run with content on stdin.
func (h *Host) RunInput(ctx context.Context, stdin []byte, argv ...string) ([]byte, error) {
	line := flowssh.Quote(argv...)
	out, err := h.run1(ctx, stdin, line)
	if err != nil {
		return out, fmt.Errorf("host %s: %s: %w", h.Name, line, err)
	}
	return out, nil
}

func (h *Host) run1(ctx context.Context, stdin []byte, line string) ([]byte, error) {
	client, err := h.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close() //nolint:errcheck // a connection for one command
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := session.Run(line); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return stdout.Bytes(), fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// connect logs in as root. One connection a command: tests restart sshd, cut links and reboot.
func (h *Host) connect(ctx context.Context) (*ssh.Client, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(h.HostKey))
	if err != nil {
		return nil, fmt.Errorf("host key: %w", err)
	}
	var d net.Dialer
	address := netip.AddrPortFrom(h.Address, uint16(h.Port)).String()
	raw, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	// A handshake that does not answer ends with the context, or after a while.
	timer := time.AfterFunc(2*time.Minute, func() { _ = raw.Close() })
	defer timer.Stop()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	connection, channels, requests, err := ssh.NewClientConn(raw, address, &ssh.ClientConfig{
		User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(h.signer)}, HostKeyCallback: ssh.FixedHostKey(key),
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	})
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return ssh.NewClient(connection, channels, requests), nil
}

// DialContext connects to an address as seen from inside the host: "127.0.0.1:8080" is the host's own loopback.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if h.Netns != "" {
		return dialNamespace(ctx, h.Netns, network, address)
	}
	if network == "udp" {
		return h.dialForwarded(ctx, address)
	}
	client, err := h.connect(ctx)
	if err != nil {
		return nil, err
	}
	connection, err := client.DialContext(ctx, network, address)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &throughSSH{Conn: connection, client: client}, nil
}

// dialForwarded reaches a port of a virtual machine that was asked for when it was started, whatever address it listens on.
func (h *Host) dialForwarded(ctx context.Context, address string) (net.Conn, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	port, known := h.udp[int(at.Port())]
	if !known {
		return nil, fmt.Errorf("host %s: no packets are passed on to UDP port %d", h.Name, at.Port())
	}
	var d net.Dialer
	return d.DialContext(ctx, "udp", netip.AddrPortFrom(h.Address, uint16(port)).String())
}

// Serve listens on an address inside the host and passes every connection on to what dial connects to, until the returned function is called.
func (h *Host) Serve(ctx context.Context, address string, dial func(context.Context) (net.Conn, error)) (stop func() error, err error) {
	listener, stop, err := h.listen(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("host %s: listen on %s: %w", h.Name, address, err)
	}
	go func() {
		for {
			inside, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go pass(ctx, inside, dial)
		}
	}()
	return stop, nil
}

// listen opens a TCP socket in the host's namespace, or asks the SSH server of a virtual machine to.
func (h *Host) listen(ctx context.Context, address string) (_ net.Listener, closeAll func() error, err error) {
	if h.Netns != "" {
		var listener net.Listener
		err := inNamespace(h.Netns, func() (err error) {
			var config net.ListenConfig
			listener, err = config.Listen(ctx, "tcp", address)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		return listener, listener.Close, nil
	}
	client, err := h.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	listener, err := client.Listen("tcp", address)
	if err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	return listener, client.Close, nil
}

// pass copies both ways until one side has enough.
func pass(ctx context.Context, inside net.Conn, dial func(context.Context) (net.Conn, error)) {
	defer inside.Close() //nolint:errcheck // whoever is inside notices
	outside, err := dial(ctx)
	if err != nil {
		return // as a server that is not there
	}
	defer outside.Close() //nolint:errcheck // likewise
	done := make(chan struct{}, 2)
	for _, c := range [][2]net.Conn{{inside, outside}, {outside, inside}} {
		go func() {
			_, _ = io.Copy(c[0], c[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// throughSSH is a forwarded connection that takes its SSH connection along when closed.
type throughSSH struct {
	net.Conn
	client *ssh.Client
}

func (c *throughSSH) Close() error { return errors.Join(c.Conn.Close(), c.client.Close()) }

// Command prepares a program of this machine to run inside the host's network namespace, as root. On a virtual machine, whose network
// is out of reach, starting it fails.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--net=" + h.Netns, "--", name}, args...)...)
	if h.Netns == "" {
		cmd.Err = fmt.Errorf("host %s is a virtual machine: no program of this machine runs in its network", h.Name)
	}
	return cmd
}

// Console returns the end of what the host printed on its console.
func (h *Host) Console() string { return tail(h.console) }

// Stop powers the host off and removes everything that belonged to it, also what still runs in its network namespace.
func (h *Host) Stop(ctx context.Context) error {
	if err := h.stop(ctx); err != nil && !errors.Is(err, os.ErrProcessDone) && h.machine.exited() == nil {
		return errors.Join(fmt.Errorf("stop host %s: %w", h.Name, err), h.run.close(ctx))
	}
	timer := time.NewTimer(h.grace)
	defer timer.Stop()
	select {
	case <-h.machine.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	if err := h.run.close(ctx); err != nil {
		return fmt.Errorf("stop host %s: %w", h.Name, err)
	}
	return nil
}
