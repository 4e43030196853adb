package elasticsearch

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Listening finds in /proc/net/tcp and tcp6 the address to reach what listens on a port from the host itself; ok is false when nothing does.
func Listening(table string, port int) (at netip.AddrPort, ok bool) {
	const listening = "0A"
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != listening {
			continue
		}
		address, number, _ := strings.Cut(fields[1], ":")
		n, err := strconv.ParseUint(number, 16, 16)
		if err != nil || int(n) != port {
			continue
		}
		found, err := kernelAddress(address)
		if err != nil {
			continue
		}
		if found.IsUnspecified() || found.IsLoopback() && found.Is4() {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(n)), true
		}
		if !ok || found.IsLoopback() {
			at, ok = netip.AddrPortFrom(found, uint16(n)), true
		}
	}
	return at, ok
}

// kernelAddress reads an address as the kernel prints it: words of four bytes, each in the machine's order of bytes, which is little endian on all that
// Elasticsearch runs on.
func kernelAddress(text string) (netip.Addr, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return netip.Addr{}, err
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	address, ok := netip.AddrFromSlice(raw)
	if !ok {
		return netip.Addr{}, strconv.ErrSyntax
	}
	return address.Unmap(), nil
}
