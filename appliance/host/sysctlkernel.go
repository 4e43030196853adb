package host

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// oneWay tells whether a running kernel refuses to change a parameter from a value to another: then only a reboot does. These are
// switches that an intruder could not turn back either; see Documentation/admin-guide/sysctl/kernel.rst and LSM/Yama.rst of Linux.
func oneWay(key, from, to string) bool {
	locked := map[string]string{
		"kernel.kexec_load_disabled":       "1",
		"kernel.modules_disabled":          "1",
		"kernel.unprivileged_bpf_disabled": "1",
		"kernel.yama.ptrace_scope":         "3",
	}
	at, ok := locked[SysctlKey(key)]
	return ok && from == at && from != to
}

// waits tells whether the parameter, at this value now, gets its own with the next reboot only.
func (s Sysctl) waits(live string) bool { return oneWay(s.Key, live, SysctlValue(s.Value)) }

// latch tells whether going back to the value before is not possible, or could not be undone.
func (s Sysctl) latch(before string) bool {
	ours := SysctlValue(s.Value)
	return oneWay(s.Key, ours, before) || oneWay(s.Key, before, ours)
}

// note implements noter.
func (s Sysctl) note(a answer) Facts {
	live, known, err := s.live(a)
	if err != nil || !known || !s.waits(live) {
		return nil
	}
	return Facts{s.ID() + rebootNote: live}
}

// rebootNote ends the name of a note about a parameter that waits for a reboot; its value is the one until then.
const rebootNote = ": until a reboot"

// RebootRequired lists the kernel parameters that get their values with the next reboot only.
func (o Observation) RebootRequired() []string {
	var keys []string
	for name := range o.Notes {
		if key, ok := strings.CutSuffix(name, rebootNote); ok {
			keys = append(keys, strings.TrimPrefix(key, "sysctl "))
		}
	}
	slices.Sort(keys)
	return keys
}

// ErrUnknownSysctl is what Apply wraps when the host's kernel has no such parameter.
var ErrUnknownSysctl = errors.New("the kernel of this host has no such parameter")

// modules bring parameters with them, by how their paths begin.
var modules = []struct{ prefix, module string }{
	{"net/bridge/", "br_netfilter"},
	{"net/netfilter/nf_conntrack", "nf_conntrack"},
	{"net/nf_conntrack", "nf_conntrack"},
	{"net/ipv4/vs/", "ip_vs"},
	{"net/ipv6/", "ipv6"},
	{"net/mpls/", "mpls_router"},
	{"net/sctp/", "sctp"},
	{"net/rds/", "rds"},
	{"sunrpc/", "sunrpc"},
	{"fs/nfs/", "nfs"},
}

// unknown says what may be wrong with a key that the kernel does not have: a module that is not loaded, or a slip of the keyboard.
func (s Sysctl) unknown(a answer) error {
	name := sysctlPath(s.Key)
	for _, m := range modules {
		if strings.HasPrefix(name, m.prefix) {
			return fmt.Errorf("%w: it comes with the module %s, which is not loaded (modprobe %[2]s; a line %[2]q in a file of /etc/modules-load.d loads it at every boot)",
				ErrUnknownSysctl, m.module)
		}
	}
	best, distance := "", 3 // more than two slips are another word
	for _, sibling := range strings.Fields(a.text("siblings")) {
		if d := levenshtein.Distance(path.Base(name), sibling, nil); d < distance {
			best, distance = sibling, d
		}
	}
	if best != "" {
		return fmt.Errorf("%w; did you mean %s?", ErrUnknownSysctl, SysctlKey(path.Join(path.Dir(name), best)))
	}
	return fmt.Errorf("%w (is its module loaded?)", ErrUnknownSysctl)
}
