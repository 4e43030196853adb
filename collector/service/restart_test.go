package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/inherit/inherittest"
)

// childSettings names, in the environment of this test's program, the settings with which it is the service and no test.
const childSettings = "FLOWCOLLECTOR_TEST_SETTINGS"

// undecodable is what a reader logs of a packet that is none.
const undecodable = "packet not decoded, or not fully"

func TestMain(m *testing.M) {
	if file := os.Getenv(childSettings); file != "" {
		if err := child(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c, err := config.Parse(file, text)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	handler := slog.Handler(slog.NewTextHandler(os.Stderr, nil))
	// SIGUSR1 has it run into a deadlock, SIGUSR2 has its decoders stuck from the next packet on that is none: acctest/e2e shows what systemd makes of it.
	deadlock, stuck := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(deadlock, syscall.SIGUSR1)
	signal.Notify(stuck, syscall.SIGUSR2)
	s, err := start(ctx, c, Options{Logger: slog.New(&trappedLog{Handler: handler, set: stuck})})
	if err != nil {
		return err
	}
	go func() {
		<-deadlock
		s.listeners()[0].series.mu.Lock()
	}()
	return s.run(ctx)
}

// trappedLog holds up, once it is set, whoever logs that a packet was not decoded.
type trappedLog struct {
	slog.Handler
	set <-chan os.Signal
}

func (l *trappedLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == undecodable {
		select {
		case <-l.set:
			select {} // for good
		default:
		}
	}
	return l.Handler.Handle(ctx, r)
}

func (l *trappedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &trappedLog{l.Handler.WithAttrs(attrs), l.set}
}

// TestRestartsLoseNoPacket starts the service as processes of their own, one after the other, with a stand-in for systemd that keeps their sockets. Meanwhile 50 000 flows
// a second are sent, or as many as the machine takes: what is sent and not stored yet fits into the receive buffer.
func TestRestartsLoseNoPacket(t *testing.T) {
	for _, test := range []struct {
		name    string
		readers []int // of the processes, one after the other
		kill    bool  // without a word, before each of them ends
	}{
		{"stopped", []int{2, 2, 2}, false},
		{"stopped, for another number of readers", []int{1, 3, 2, 1}, false},
		{"killed", []int{2, 2}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRestarts(t)
			p := r.start(t, test.readers[0])
			sender := r.send(t)
			for _, readers := range test.readers[1:] {
				sender.wait(t, 400)
				if test.kill {
					r.until(t, sender.pause()) // what was read, and is not written yet, is lost with a process that is killed
					must(t, p.Process.Kill())
					if err := <-p.ended; err == nil {
						t.Error("a process that was killed says it ended well")
					}
					sender.resume()
				} else {
					must(t, p.Process.Signal(syscall.SIGTERM))
					must(t, <-p.ended)
				}
				sender.gap(t)
				p = r.start(t, readers)
			}
			sender.wait(t, 400)
			sender.stop()
			r.until(t, sender.sent())
			must(t, p.Process.Signal(syscall.SIGTERM))
			must(t, <-p.ended)
			if n := r.stored(t); n != sender.sent()*30 {
				t.Errorf("%d flows stored of %d\n%s", n, sender.sent()*30, r.log)
			}
			if log := r.log.String(); strings.Contains(log, "packets_dropped_by_kernel=") && !strings.Contains(log, "packets_dropped_by_kernel=0") {
				t.Errorf("drops:\n%s", log)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// restarts are processes that follow each other.
type restarts struct {
	manager         *inherittest.Manager
	settings, flows string
	address         netip.AddrPort
	ready           int
	log             *syncLog

	counting sync.Mutex
	offset   int64 // how far the file was looked at
	lines    int
}

func newRestarts(t *testing.T) *restarts {
	t.Helper()
	directory := t.TempDir()
	r := &restarts{manager: inherittest.New(t), settings: filepath.Join(directory, "settings.yml"), flows: filepath.Join(directory, "flows.ndjson"), log: &syncLog{}}
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	r.address = free.LocalAddr().(*net.UDPAddr).AddrPort()
	must(t, free.Close())
	return r
}

// process is one that runs; ended gets what Wait says.
type process struct {
	*exec.Cmd
	ended chan error
}

// start starts a process and waits until it is ready.
func (r *restarts) start(t *testing.T, readers int) process {
	t.Helper()
	text := fmt.Sprintf("listen: {udp: [%q], readers: %d}\nhttp: {address: \"\"}\ndocument: {profile: lean}\noutput: {ndjson: {path: %q}, elasticsearch: {flush_interval: 100ms}}\n",
		r.address, readers, r.flows)
	must(t, os.WriteFile(r.settings, []byte(text), 0o600))
	cmd, started, err := r.manager.Command(context.WithoutCancel(t.Context()), os.Args[0])
	must(t, err)
	cmd.Env = append(cmd.Env, childSettings+"="+r.settings)
	cmd.Stderr = r.log
	must(t, cmd.Start())
	p := process{cmd, make(chan error, 1)}
	living, over := context.WithCancel(t.Context())
	go func() { p.ended <- cmd.Wait(); over() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-living.Done() })
	started()
	r.ready++
	err = r.manager.Until(living, "a process to be ready", func(_, lines []string) bool {
		n := 0
		for _, l := range lines {
			if l == "READY=1" {
				n++
			}
		}
		return n == r.ready
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, r.log)
	}
	return p
}

// stored is how many flows are in the file.
func (r *restarts) stored(t *testing.T) int {
	t.Helper()
	r.counting.Lock()
	defer r.counting.Unlock()
	f, err := os.Open(r.flows)
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	must(t, err)
	defer func() { _ = f.Close() }()
	block := make([]byte, 1<<20)
	for {
		k, err := f.ReadAt(block, r.offset)
		r.offset += int64(k)
		r.lines += bytes.Count(block[:k], []byte{'\n'})
		if err == io.EOF {
			return r.lines
		}
		must(t, err)
	}
}

// until waits until the flows of so many packets are in the file.
func (r *restarts) until(t *testing.T, packets int) {
	t.Helper()
	until(t, fmt.Sprintf("the flows of %d packets; %d are stored", packets, r.stored(t)), func() bool { return r.stored(t) >= packets*30 })
}

// load sends from eight addresses until it is stopped.
type sending struct {
	mu      sync.Mutex // held while it pauses
	n       int
	room    int // packets that may be on their way
	done    chan struct{}
	running sync.WaitGroup
}

// packetMemory is more than the kernel takes for a packet of 30 flows, of the twofold of the receive buffer.
const packetMemory = 4096

func (r *restarts) send(t *testing.T) *sending {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/net/core/rmem_max")
	must(t, err)
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	l := &sending{done: make(chan struct{}), room: min(limit, 4<<20) * 2 / packetMemory / 2}
	connections := make([]*net.UDPConn, 0, 8)
	for i := range 8 {
		c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 1, byte(i+1))}, net.UDPAddrFromAddrPort(r.address))
		must(t, err)
		t.Cleanup(func() { _ = c.Close() })
		connections = append(connections, c)
	}
	l.running.Go(func() {
		const each = time.Second * 30 / 50_000
		for next := time.Now(); ; next = next.Add(each) {
			select {
			case <-l.done:
				return
			case <-time.After(time.Until(next)):
			}
			l.mu.Lock()
			if l.n-r.stored(t)/30 < l.room {
				if _, err := connections[l.n%8].Write(netflow5(uint32(l.n/8*30), 30)); err != nil {
					t.Error(err)
				}
				l.n++
			}
			l.mu.Unlock()
		}
	})
	t.Cleanup(l.stop)
	return l
}

// gap sends while nobody reads, as much again as may be on its way otherwise.
func (l *sending) gap(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	room := l.room
	l.room *= 2
	end := l.n + room // now: what is sent once there is room again takes of it
	l.mu.Unlock()
	l.reach(t, end)
	l.mu.Lock()
	l.room = room
	l.mu.Unlock()
}

func (l *sending) sent() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// wait waits until so many more packets are sent.
func (l *sending) wait(t *testing.T, more int) {
	t.Helper()
	l.reach(t, l.sent()+more)
}

func (l *sending) reach(t *testing.T, end int) {
	t.Helper()
	until(t, "packets to be sent", func() bool { return l.sent() >= end })
}

// pause returns how many were sent.
func (l *sending) pause() int { l.mu.Lock(); return l.n }

func (l *sending) resume() { l.mu.Unlock() }

func (l *sending) stop() {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	l.running.Wait()
}
