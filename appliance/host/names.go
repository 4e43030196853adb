package host

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names are what others may call a host, and what time it is there.
type Names struct {
	Hostname, FQDN string // FQDN is empty where the host knows none
	// Addresses are of IPv4 and IPv6, in order; without those of the loopback and of a link, and without those that privacy extensions
	// make up for a day.
	Addresses []netip.Addr
	Clock     time.Time // whole seconds
}

// TakeNames reads them in one round trip, together with the probes that come at the same time.
func TakeNames(ctx context.Context, runner Runner) (Names, error) {
	answers, err := ask(ctx, runner, []request{{kind: "names"}})
	if err != nil {
		return Names{}, err
	}
	return parseNames(answers[0])
}

func parseNames(a answer) (Names, error) {
	if a.failed != "" {
		return Names{}, fmt.Errorf("could not tell what the host is called: %s", a.failed)
	}
	addresses, err := parseAddresses(a.text("addresses"))
	if err != nil {
		return Names{}, err
	}
	temporary, err := temporaryAddresses(a.text("inet6"))
	if err != nil {
		return Names{}, err
	}
	seconds, err := strconv.ParseInt(a.line("clock"), 10, 64)
	if err != nil {
		return Names{}, fmt.Errorf("date says %q", a.line("clock"))
	}
	n := Names{Hostname: a.line("hostname"), Clock: time.Unix(seconds, 0)}
	n.Addresses = slices.DeleteFunc(addresses, func(address netip.Addr) bool { return slices.Contains(temporary, address) })
	if name := strings.TrimSuffix(a.line("fqdn"), "."); name != n.Hostname && strings.Contains(name, ".") && !strings.HasPrefix(name, "localhost.") {
		n.FQDN = name
	}
	return n, nil
}

// temporaryFlag marks an address of privacy extensions, IFA_F_TEMPORARY of linux/if_addr.h.
const temporaryFlag = 0x01

// temporaryAddresses reads /proc/net/if_inet6: address, number of the interface, prefix, scope and flags, all in hexadecimal, and the interface.
func temporaryAddresses(text string) ([]netip.Addr, error) {
	var temporary []netip.Addr
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 5 {
			return nil, fmt.Errorf("/proc/net/if_inet6 says %q", strings.TrimSpace(line))
		}
		flags, err := strconv.ParseUint(words[4], 16, 32)
		if err != nil {
			return nil, fmt.Errorf("/proc/net/if_inet6 says %q: %w", strings.TrimSpace(line), err)
		}
		octets, err := hex.DecodeString(words[0])
		if err != nil {
			return nil, fmt.Errorf("/proc/net/if_inet6 says %q: %w", strings.TrimSpace(line), err)
		}
		address, ok := netip.AddrFromSlice(octets)
		if !ok {
			return nil, fmt.Errorf("/proc/net/if_inet6 says %q", strings.TrimSpace(line))
		}
		if flags&temporaryFlag != 0 {
			temporary = append(temporary, address)
		}
	}
	return temporary, nil
}
