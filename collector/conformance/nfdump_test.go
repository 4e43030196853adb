package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestNfdump compares the records of the captures in this repository with what nfdump's collectors store of the same packets. They know
// neither NetFlow v6 nor v8.
func TestNfdump(t *testing.T) {
	for _, in := range fixtures(t) {
		if strings.HasPrefix(in.name, "netflow8-") || in.name == "netflow6" {
			continue
		}
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			compareNfdump(t, in)
		})
	}
}

// everything as a fact of the table is for captures that nfdump makes nothing sensible of.
const everything = "everything"

func compareNfdump(t *testing.T, in input) {
	t.Helper()
	l := newLedger(t, in.name, "nfdump")
	want, err := nfdump(t, in)
	if slices.ContainsFunc(l.open, func(k known) bool { return k.fact == everything }) {
		if err == nil && slices.EqualFunc(ourNfdumpFacts(in), want, maps.Equal) {
			t.Error("nfdump and the collector agree: take the line out of the table")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	got := ourNfdumpFacts(in)
	if len(got) != len(want) {
		l.note(0, difference{"number of records", strconv.Itoa(len(got)), strconv.Itoa(len(want))})
	} else {
		for i := range got {
			l.compared++
			for _, difference := range differences(got[i], want[i]) {
				l.note(i, difference)
			}
		}
	}
	l.close()
}

func ourNfdumpFacts(in input) (all []facts) {
	d := newDecoder()
	for _, p := range in.packets {
		records, _ := d.decode(nil, p.payload, exporter.Origin{Address: p.from}, p.received) // faults are for the comparison with tshark
		for i := range records {
			all = append(all, nfdumpFacts(&records[i]))
		}
	}
	return all
}

// nfdumpFacts are those of our record that nfdump always has; it does not tell what is not said from what is zero.
func nfdumpFacts(r *flow.Record) facts {
	ours := withoutZeros(ourFacts(r))
	f := facts{}
	for _, name := range nfdumpNames {
		if f[name] = ours[name]; f[name] == "" {
			f[name] = "0"
		}
	}
	if f["protocol"] == "1" || f["protocol"] == "58" {
		f.set("source port", 0) // as it is shown
		f.set("destination port", uint16(r.ICMPType)<<8|uint16(r.ICMPCode))
	}
	if r.Format == flow.SFlow5 {
		delete(f, "octets") // it counts those of the frame, which acctest compares
		return f
	}
	for _, name := range []string{"start", "end"} {
		f[name] = "0"
		if ns, err := strconv.ParseInt(ours[name], 10, 64); err == nil {
			f[name] = strconv.FormatInt(ns/1e6, 10) // it keeps milliseconds
		}
	}
	return f
}

var nfdumpNames = []string{
	"source", "destination", "source port", "destination port", "protocol", "octets", "packets", "TCP flags", "TOS", "input", "output",
}

// stored is a record as nfdump prints it.
type stored struct {
	First        string     `json:"first"`
	Last         string     `json:"last"`
	Source4      netip.Addr `json:"src4_addr"`
	Destination4 netip.Addr `json:"dst4_addr"`
	Source6      netip.Addr `json:"src6_addr"`
	Destination6 netip.Addr `json:"dst6_addr"`
	Packets      uint64     `json:"in_packets"`
	Octets       uint64     `json:"in_bytes"`
	Protocol     uint8      `json:"proto"`
	Flags        string     `json:"tcp_flags"`
	SourcePort   uint16     `json:"src_port"`
	Destination  uint16     `json:"dst_port"`
	ICMPType     uint8      `json:"icmp_type"`
	ICMPCode     uint8      `json:"icmp_code"`
	TOS          uint8      `json:"src_tos"`
	Input        uint32     `json:"input_snmp"`
	Output       uint32     `json:"output_snmp"`
}

func (s *stored) facts(t *testing.T, sampled bool) facts {
	t.Helper()
	f := facts{}
	source, destination := s.Source4, s.Destination4
	if !source.IsValid() {
		source, destination = s.Source6, s.Destination6
	}
	f["source"], f["destination"] = "0", "0"
	if source.IsValid() {
		f.set("source", source)
		f.set("destination", destination)
	}
	const icmp, icmp6 = 1, 58
	if s.Protocol == icmp || s.Protocol == icmp6 {
		s.Destination = uint16(s.ICMPType)<<8 | uint16(s.ICMPCode)
	}
	var flags int
	for i, c := range s.Flags { // "CEUAPRSF" with dots for what is not set
		if c != '.' {
			flags |= 1 << (7 - i)
		}
	}
	for name, value := range map[string]any{
		"source port": s.SourcePort, "destination port": s.Destination, "protocol": s.Protocol, "octets": s.Octets, "packets": s.Packets,
		"TCP flags": flags, "TOS": s.TOS, "input": s.Input, "output": s.Output,
	} {
		f.set(name, value)
	}
	if sampled {
		delete(f, "octets")
		return f // the times are those of reception
	}
	for name, text := range map[string]string{"start": s.First, "end": s.Last} {
		if f[name] = "0"; text == "" {
			continue // of an event
		}
		at, err := time.Parse("2006-01-02T15:04:05.000", text)
		if err != nil {
			t.Fatal(err)
		}
		f.set(name, at.UnixMilli())
	}
	return f
}

// interrupt ends a program that may miss the first signal, because it comes between its look at what signals said and its next read.
func interrupt(cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Second):
		}
	}
}

// asleep tells whether the main thread of a process waits for something, or has ended: proc(5), the state behind the name in parentheses.
func asleep(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, behind, _ := bytes.Cut(stat, []byte(") "))
	return bytes.HasPrefix(behind, []byte("S")) || bytes.HasPrefix(behind, []byte("Z"))
}

// ports is held from choosing a port until nfdump's collector has it, so that nothing else here is given it.
var ports sync.Mutex

// nfdump gives the packets to nfdump's collector, on a port of the loopback interface, and returns what it stored. The error is that it
// did not survive.
func nfdump(t *testing.T, in input) ([]facts, error) {
	t.Helper()
	program := "nfcapd"
	if in.sampled() {
		program = "sfcapd"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("the collector's decoder is compared with nfdump's: %v; `make prepare` installs it", err)
	}
	folder := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var log bytes.Buffer
	cmd, connection, port := startNfcapd(ctx, t, path, folder, &log)
	for _, p := range in.packets {
		if _, err := connection.Write(p.payload); err != nil {
			return nil, fmt.Errorf("%s: %w", program, errors.Join(err, cmd.Wait()))
		}
		time.Sleep(time.Millisecond)
	}
	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}
	// It forgets a packet that it has read and not yet looked at when it is told to end. When it sleeps it waits for the next one.
	waitFor(ctx, t, "nfcapd to read", func() bool {
		queued, _ := socket(t, port)
		return queued == 0 && asleep(t, cmd.Process.Pid)
	})
	if err := interrupt(cmd); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", program, err, log.String())
	}
	show := exec.CommandContext(ctx, "nfdump", "-R", folder, "-o", "json")
	show.Env = append(os.Environ(), "TZ=UTC")
	out, err := show.Output()
	if err != nil {
		t.Fatalf("nfdump: %v", err)
	}
	if bytes.Contains(out, []byte("No matching flows")) { // not JSON
		return nil, nil
	}
	var records []stored
	if err := json.Unmarshal(out, &records); err != nil {
		t.Fatalf("nfdump: %v: %.300s", err, out)
	}
	all := make([]facts, 0, len(records))
	for i := range records {
		all = append(all, records[i].facts(t, in.sampled()))
	}
	return all, nil
}

func startNfcapd(ctx context.Context, t *testing.T, path, folder string, log io.Writer) (*exec.Cmd, net.Conn, int) {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	port := freePort(t)
	cmd := exec.CommandContext(ctx, path, "-w", folder, "-p", strconv.Itoa(port), "-b", "127.0.0.1", "-t", "86400")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(ctx, t, "nfcapd to listen", func() bool { _, bound := socket(t, port); return bound })
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "udp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	return cmd, connection, port
}

func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // only its port is wanted
	port, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		t.Fatal(errors.New("not a UDP address"))
	}
	return port.Port
}

func waitFor(ctx context.Context, t *testing.T, what string, ask func() bool) {
	t.Helper()
	for !ask() {
		select {
		case <-ctx.Done():
			t.Fatalf("wait for %s: %v", what, context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// socket finds a UDP socket of the loopback address in the kernel's table, proc(5).
func socket(t *testing.T, port int) (queued uint64, bound bool) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[1] != fmt.Sprintf("0100007F:%04X", port) {
			continue
		}
		_, waiting, _ := strings.Cut(fields[4], ":")
		if queued, err = strconv.ParseUint(waiting, 16, 64); err != nil {
			t.Fatal(err)
		}
		return queued, true
	}
	return 0, false
}
