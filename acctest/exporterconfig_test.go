package acctest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporterconfig"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestExporterConfig has the programs that there are here run with what is written for them, and looks at what they send. Removals of softflowd need a service manager: the
// end-to-end test TestSoftflowd has one.
func TestExporterConfig(t *testing.T) {
	t.Run("run", func(t *testing.T) {
		for _, protocol := range exporterconfig.Find("openvswitch").Protocols {
			t.Run("openvswitch "+string(protocol), func(t *testing.T) {
				t.Parallel()
				testOpenvswitchConfig(t, protocol)
			})
		}
		for _, protocol := range exporterconfig.Find("softflowd").Protocols {
			t.Run("softflowd "+string(protocol), func(t *testing.T) { testSoftflowdConfig(t, protocol) })
		}
	})
	checkClean(t)
}

func testOpenvswitchConfig(t *testing.T, protocol exporterconfig.Protocol) {
	t.Helper()
	s := exporterconfig.Settings{Collector: configTarget.Addr().String(), Protocol: protocol, Interfaces: []string{"br0"}}
	switch protocol {
	case exporterconfig.SFlow:
		s.Sampling, s.Source = 2, "lo"
	case exporterconfig.IPFIX:
		s.Active, s.Domain = time.Second, 4711
	default:
		s.Active, s.Domain = time.Second, 7
	}
	config, err := exporterconfig.Render("openvswitch", s)
	if err != nil {
		t.Fatal(err)
	}
	o := &configuredSwitch{configuration: config.Configuration}
	x := startConfigured(t, o)
	recorder, err := Record(t.Context(), x.Netns, configTarget)
	if err != nil {
		t.Fatal(err)
	}
	_, err = x.Send(t.Context(), plainTraffic)
	if err == nil {
		err = poll(t.Context(), "the switch to export", func() (bool, error) {
			records, err := recordsIn(recorder.received())
			return len(records) > 0, errors.Join(err, o.server.exited())
		})
	}
	if err == nil {
		err = o.shell(t.Context(), config.Removal)
	}
	datagrams, stopped := recorder.Stop(t.Context())
	if err := errors.Join(err, stopped); err != nil {
		t.Fatal(err)
	}
	checkConfigured(t, config.Settings, datagrams)

	// The switch has taken it in when ovs-vsctl returns, and what nothing points to goes from the database.
	for _, table := range []string{"NetFlow", "IPFIX", "sFlow"} {
		out, err := command(t.Context(), "ovs-vsctl", "--timeout=30", "--db=unix:"+filepath.Join(o.dir, "db.sock"), "--bare", "--columns=targets", "list", table)
		if err != nil || len(out) > 0 {
			t.Errorf("after the removal, there is %q in the table %s: %v", out, table, err)
		}
	}
	if recorder, err = Record(t.Context(), x.Netns, configTarget); err != nil {
		t.Fatal(err)
	}
	_, err = x.Send(t.Context(), plainTraffic)
	err = errors.Join(err, pause(t.Context(), rounds))
	datagrams, stopped = recorder.Stop(t.Context())
	if err := errors.Join(err, stopped); err != nil || len(datagrams) > 0 {
		t.Errorf("after the removal, %d packets came: %v", len(datagrams), err)
	}
}

func testSoftflowdConfig(t *testing.T, protocol exporterconfig.Protocol) {
	t.Helper()
	// The rest of the line is what settle needs.
	s := &configuredSoftflowd{settings: exporterconfig.Settings{
		Collector: configTarget.Addr().String(), Protocol: protocol, Active: time.Second, Inactive: time.Second, Sampling: 2,
		MaxFlows: 100, Track: exporterconfig.TrackProto, Filter: "(udp and ip[8] > 0) or ether proto 0x88b5",
	}}
	x := startConfigured(t, s)
	datagrams, sums, err := x.Export(t.Context(), plainTraffic, configTarget)
	if err != nil {
		t.Fatal(err)
	}
	checkConfigured(t, s.settings, datagrams)
	records, err := recordsIn(datagrams)
	if err != nil {
		t.Fatal(err)
	}
	var sent, seen uint64
	for _, sum := range sums {
		sent += sum.Packets
	}
	for _, r := range records {
		seen += r.Sampling.Scale(r.Packets)
		if r.Protocol != flow.ProtocolUDP || r.Source.Port != 0 || r.Destination.Port != 0 {
			t.Errorf("protocol %d, port %d to %d is neither filtered nor tracked as wanted", r.Protocol, r.Source.Port, r.Destination.Port)
		}
	}
	if seen == 0 || seen >= sent {
		t.Errorf("of %d packets, %d were seen behind the filter", sent, seen)
	}
}

// configTarget is what exporters are configured to send to, in a network of their own.
var configTarget = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), exporterconfig.DefaultPort)

func startConfigured(t *testing.T, p program) *Exporter {
	t.Helper()
	x, err := startExporter(t.Context(), "", p, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return x
}

// checkConfigured compares what came with what was asked for.
func checkConfigured(t *testing.T, s exporterconfig.Settings, datagrams []Datagram) {
	t.Helper()
	records, err := recordsIn(datagrams)
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records came: %v", len(records), err)
	}
	format := map[exporterconfig.Protocol]flow.Format{
		exporterconfig.NetFlow5: flow.NetFlow5, exporterconfig.NetFlow9: flow.NetFlow9, exporterconfig.IPFIX: flow.IPFIX, exporterconfig.SFlow: flow.SFlow5,
	}[s.Protocol]
	for _, r := range records {
		if r.Format != format || s.Domain != 0 && int(r.Domain) != s.Domain || int(max(r.Sampling.Interval, 1)) != max(s.Sampling, 1) {
			t.Fatalf("%s came from domain %d, sampled 1:%d (%s)", r.Format, r.Domain, r.Sampling.Interval, r.Sampling.Source)
		}
	}
}

// recordsIn decodes datagrams with the collector's decoder.
func recordsIn(datagrams []Datagram) (all []flow.Record, err error) {
	decoder := decode.New(exporter.NewTable(exporter.Limits{}))
	for _, d := range datagrams {
		if all, err = decoder.Decode(all, d.Payload, exporter.Origin{Address: d.From.Addr()}, d.Received); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// received is what came so far.
func (r *Recorder) received() []Datagram {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.datagrams)
}

// configuredSwitch is Open vSwitch that is told by lines for a shell what to export.
type configuredSwitch struct {
	openvswitch
	configuration string
}

func (o *configuredSwitch) start(ctx context.Context, x *Exporter, _ []string) error {
	if err := o.launch(ctx, x); err != nil {
		return err
	}
	if err := o.vsctl(ctx, newBridge(x.line.watched)...); err != nil {
		return err
	}
	return o.shell(ctx, o.configuration)
}

// finish leaves it to the configuration when flows are exported.
func (o *configuredSwitch) finish(context.Context, *Exporter) error { return nil }

// shell runs lines as they are, where programs find this switch.
func (o *configuredSwitch) shell(ctx context.Context, lines string) error {
	cmd := commandContext(ctx, "sh", "-ec", lines)
	cmd.Env = o.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", lines, err, out)
	}
	return nil
}

// configuredSoftflowd is softflowd with a settings file, started as Debian's unit does it.
type configuredSoftflowd struct {
	softflowd
	settings exporterconfig.Settings
}

const softflowdUnit = "/lib/systemd/system/softflowd@.service"

func (s *configuredSoftflowd) start(ctx context.Context, x *Exporter, _ []string) error {
	s.settings.Interfaces = []string{x.line.watched}
	config, err := exporterconfig.Render("softflowd", s.settings)
	if err != nil {
		return err
	}
	args, err := unitCommand(softflowdUnit, config.Configuration, strings.NewReplacer("/run/softflowd/%I", filepath.Join(x.run.dir, "softflowd")))
	if err != nil {
		return err
	}
	s.control = filepath.Join(x.run.dir, "softflowd.ctl")
	args = slices.Insert(args, 1, "-d") // in the foreground, to be found again
	if s.server, err = x.run.start(ctx, startSpec{name: "softflowd", netns: x.Netns, args: args}); err != nil {
		return err
	}
	return poll(ctx, "softflowd to answer", func() (bool, error) {
		_, err := s.processed(ctx)
		return err == nil, s.server.exited()
	})
}

// settle fills libpcap's block as softflowd's does. How many packets are left by filter and sampling, softflowd knows: when it has any it has the block.
func (s *configuredSoftflowd) settle(ctx context.Context, x *Exporter) error {
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, "softflowd to see what was sent", func() (bool, error) {
		if err := x.line.write(ctx, fillers()); err != nil {
			return false, err
		}
		seen, err := s.processed(ctx)
		return seen > 0, err
	})
}

// unitCommand is what systemd starts for a unit with a file of variables: one that is a word of its own is split at blanks (systemd.service(5), command lines).
func unitCommand(path, variables string, specifiers *strings.Replacer) (words []string, err error) {
	values := map[string]string{}
	for line := range strings.Lines(variables) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values["$"+name] = strings.Trim(value, `"`)
	}
	unit, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(unit)) {
		command, found := strings.CutPrefix(line, "ExecStart=")
		if !found {
			continue
		}
		for word := range strings.FieldsSeq(specifiers.Replace(command)) {
			if value, found := values[word]; found {
				word = value
			}
			words = append(words, strings.Fields(word)...)
		}
		return words, nil
	}
	return nil, fmt.Errorf("%s starts nothing", path)
}
