package acctest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// openvswitch is a bridge of Open vSwitch with its datapath in user space, which needs no kernel module. It exports NetFlow v5, IPFIX
// and sFlow version 5.
type openvswitch struct {
	table            string // of its database: "netflow", "ipfix", "sflow"
	dir              string
	env              []string // of its programs
	database, server *process
}

const ovsSchema = "/usr/share/openvswitch/vswitch.ovsschema"

func (o *openvswitch) start(ctx context.Context, x *Exporter, targets []string) error {
	if err := o.launch(ctx, x); err != nil {
		return err
	}
	export := map[string][]string{
		"netflow": {"engine_type=1", "engine_id=7", "active_timeout=1"},
		"ipfix": {
			"obs_domain_id=4711", "obs_point_id=7", "sampling=1", "cache_active_timeout=60", "cache_max_flows=4096",
			"other_config:enable-output-sampling=false",
		},
		"sflow": {"agent=lo", "sampling=1", "header=128", "polling=1"},
	}[o.table]
	all := slices.Concat(newBridge(x.line.watched), []string{
		"--", "set", "bridge", "br0", o.table + "=@export", "--", "--id=@export", "create", o.table, `targets="` + targets[0] + `"`,
	}, export)
	x.command = "ovs-vsctl " + strings.Join(all, " ")
	return o.vsctl(ctx, all...)
}

// newBridge are the words that make the bridge br0 with one port.
func newBridge(port string) []string {
	return []string{
		"add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "fail_mode=secure", "other_config:disable-in-band=true",
		"--", "add-port", "br0", port, "--", "set", "interface", port, "ofport_request=3",
	}
}

// launch starts the database and the switch, and returns when they answer.
func (o *openvswitch) launch(ctx context.Context, x *Exporter) (err error) {
	o.dir = x.run.dir
	file, socket := filepath.Join(o.dir, "conf.db"), filepath.Join(o.dir, "db.sock")
	if _, err := command(ctx, "ovsdb-tool", "create", file, ovsSchema); err != nil {
		return err
	}
	o.env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "OVS_RUNDIR=" + o.dir, "OVS_LOGDIR=" + o.dir, "OVS_DBDIR=" + o.dir}
	o.database, err = x.run.start(ctx, startSpec{name: "ovsdb-server", netns: x.Netns, env: o.env, args: []string{
		"ovsdb-server", file, "--remote=punix:" + socket, "--unixctl=" + filepath.Join(o.dir, "ovsdb.ctl"),
	}})
	if err != nil {
		return err
	}
	if err := o.ready(ctx, o.database, func() error { return o.vsctl(ctx, "--no-wait", "init") }); err != nil {
		return err
	}
	o.server, err = x.run.start(ctx, startSpec{name: "ovs-vswitchd", netns: x.Netns, env: o.env, args: []string{
		"ovs-vswitchd", "unix:" + socket, "--disable-system", "--unixctl=" + filepath.Join(o.dir, "switch.ctl"),
	}})
	if err != nil {
		return err
	}
	return o.ready(ctx, o.server, func() error { _, err := o.appctl(ctx, "version"); return err })
}

// ready waits until a daemon answers.
func (o *openvswitch) ready(ctx context.Context, p *process, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, p.name+" to answer", func() (bool, error) { return ask() == nil, p.exited() })
}

func (o *openvswitch) vsctl(ctx context.Context, args ...string) error {
	_, err := command(ctx, "ovs-vsctl", append([]string{"--timeout=30", "--db=unix:" + filepath.Join(o.dir, "db.sock")}, args...)...)
	return err
}

func (o *openvswitch) appctl(ctx context.Context, args ...string) (string, error) {
	out, err := command(ctx, "ovs-appctl", append([]string{"--timeout=30", "--target=" + filepath.Join(o.dir, "switch.ctl")}, args...)...)
	return string(out), err
}

var lookupsRE = regexp.MustCompile(`lookups: hit:(\d+) missed:(\d+) lost:(\d+)`)

// settle waits until the datapath has looked up every packet. Samples are taken in the same step.
func (o *openvswitch) settle(ctx context.Context, x *Exporter) error {
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, "the switch to see what was sent", func() (bool, error) {
		text, err := o.appctl(ctx, "dpctl/show", "netdev@ovs-netdev")
		if err != nil {
			return false, errors.Join(err, o.server.exited())
		}
		m := lookupsRE.FindStringSubmatch(text)
		if m == nil {
			return false, fmt.Errorf("dpctl/show holds no %q: %s", lookupsRE, text)
		}
		var n [3]uint64
		for i := range n {
			if n[i], err = strconv.ParseUint(m[1+i], 10, 64); err != nil {
				return false, err
			}
		}
		if seen := n[0] + n[1]; n[2] != 0 || seen > x.sent {
			return false, fmt.Errorf("it saw %d packets of %d, and lost %d", seen, x.sent, n[2])
		}
		return n[0]+n[1] == x.sent, nil
	})
}

// rounds is long enough for the switch to send what it has, which it does each second.
const rounds = 2500 * time.Millisecond

func (o *openvswitch) finish(ctx context.Context, _ *Exporter) error {
	switch o.table {
	case "netflow":
		// The counters of the datapath go to the exporter first.
		if _, err := o.appctl(ctx, "revalidator/wait"); err != nil {
			return err
		}
		return pause(ctx, rounds)
	case "ipfix":
		return o.vsctl(ctx, "clear", "bridge", "br0", "ipfix") // an exporter that goes sends its cache
	default:
		return pause(ctx, rounds)
	}
}

func (o *openvswitch) stop(ctx context.Context) error {
	var errs []error
	for _, p := range []*process{o.server, o.database} {
		if p != nil {
			errs = append(errs, p.stop(ctx, syscall.SIGTERM, 10*time.Second))
		}
	}
	return errors.Join(errs...)
}
