package host

import (
	"context"
	"fmt"
	"strings"
)

// Sysctl is the live value of a kernel parameter. It does not outlive a reboot: see SysctlFile.
type Sysctl struct {
	Key   string // vm.max_map_count, net.ipv4.conf.eth0/1.rp_filter or net/ipv4/conf/eth0.1/rp_filter
	Value string // whitespace runs are equal
}

// ID implements Item.
func (s Sysctl) ID() string { return "sysctl " + SysctlKey(s.Key) }

func (s Sysctl) validate() error {
	if err := validSysctlKey(s.Key); err != nil {
		return err
	}
	if SysctlValue(s.Value) == "" || strings.ContainsAny(s.Value, "\n\x00") {
		return fmt.Errorf("%q is not a value", s.Value)
	}
	return nil
}

// validSysctlKey keeps a key inside /proc/sys.
func validSysctlKey(key string) error {
	for part := range strings.SplitSeq(sysctlPath(key), "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "\n\x00 \t=*?[") {
			return fmt.Errorf("%q is not the name of a kernel parameter", key)
		}
	}
	return nil
}

// sysctlPath gives the path below /proc/sys. As sysctl(8) and sysctl.d(5) have it: when the first separator is a slash, slashes
// separate and dots are dots; when it is a dot, the two change places.
func sysctlPath(key string) string {
	first := strings.IndexAny(key, "./")
	if first < 0 || key[first] == '/' {
		return key
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, key)
}

// SysctlKey gives the one spelling of a kernel parameter that facts use: vm.max_map_count for vm/max_map_count, and
// net.ipv4.conf.eth0/1.rp_filter for the interface eth0.1.
func SysctlKey(key string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, sysctlPath(key))
}

// SysctlValue gives the one spelling of a value: the kernel writes tabs where people write spaces.
func SysctlValue(value string) string { return strings.Join(strings.Fields(value), " ") }

func (s Sysctl) want() Facts { return Facts{s.ID(): SysctlValue(s.Value)} }

func (s Sysctl) request(bool) request {
	return request{kind: "sysctl", args: []string{sysctlPath(s.Key)}}
}

func (s Sysctl) live(a answer) (value string, known bool, err error) {
	if a.failed != "" {
		return "", false, fmt.Errorf("could not tell its value: %s", a.failed)
	}
	if a.absent() {
		return "", false, nil
	}
	return SysctlValue(a.text("value")), true, nil
}

func (s Sysctl) observe(a answer) (Facts, error) {
	value, known, err := s.live(a)
	if err != nil {
		return nil, err
	}
	switch {
	case !known:
		value = Absent
	case s.waits(value):
		value = SysctlValue(s.Value) // nothing is left to do but to start the host again; note says so
	}
	return Facts{s.ID(): value}, nil
}

func (s Sysctl) record(a answer, b *Before) error {
	value, known, err := s.live(a)
	if known {
		put(&b.Sysctls, SysctlKey(s.Key), value)
	}
	return err
}

func (s Sysctl) apply(ctx context.Context, e *engine, a answer) error {
	if a.absent() {
		return s.unknown(a)
	}
	return s.set(ctx, e, SysctlValue(s.Value))
}

func (s Sysctl) set(ctx context.Context, e *engine, value string, more ...string) error {
	err := e.run(ctx, "set to "+value, sysctlScript, nil, append([]string{sysctlPath(s.Key), value}, more...)...)
	if err != nil && strings.Contains(err.Error(), "Read-only file system") {
		return fmt.Errorf("this host cannot set kernel parameters, /proc/sys is read-only (%s): %w", e.system.kindOfMachine(), err)
	}
	return err
}

func (s Sysctl) remove(ctx context.Context, e *engine, b Before) error {
	value, ok := b.Sysctls[SysctlKey(s.Key)]
	if !ok || s.latch(value) {
		return nil // nobody knows the value before, or it is for the next boot to say
	}
	return s.set(ctx, e, value, "gone") // with its module, the parameter may have gone as well
}

func (s Sysctl) left(got Facts, b Before) []string {
	value, ok := b.Sysctls[SysctlKey(s.Key)]
	if now := got[s.ID()]; ok && now != value && now != Absent && !s.latch(value) {
		return []string{fmt.Sprintf("%s is %s and was %s before", s.ID(), got[s.ID()], value)}
	}
	return nil
}
