package acctest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Listing is everything on a host that an apply may change: a line for each file (kind, mode, owner, size or digest, link target),
// installed package, unit with its enablement and sysctl. Logs, caches, dpkg's own book-keeping, what the collector learned and
// what the kernel counts are left out: they record that something happened. The collector's folder itself is not.
type Listing map[string]string

const listFiles = `find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache \
	-o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd -o -path '/var/lib/private/flowcollector/*' \) -prune \
	-o -type d -printf 'file %p\tdirectory %m %U:%G\n' -o -type l -printf 'file %p\tlink %l\n' -o -type f -printf 'file %p\tfile %m %U:%G %s\n'`

const listPackages = `dpkg-query -W -f 'package ${Package}\t${Status} ${Version}\n'`

// An emulated machine just after its boot may not answer in the 25 seconds that systemctl waits by itself.
const listUnits = `units=$(SYSTEMD_BUS_TIMEOUT=10min systemctl list-unit-files --no-legend --no-pager --type=service,socket,timer) || exit
printf '%s\n' "$units" | awk '{print "unit " $1 "\t" $2}'`

// Values that the kernel moves by itself are left out by name.
const listSysctls = `sysctl -a 2>/dev/null | grep -E '^(vm|net\.core|net\.ipv4\.udp|fs\.file-max)' | grep -vE 'vm\.stat|reserve_kbytes|netdev_rss|flow_limit|file-nr' | sed -E 's/^([^ ]+) = /sysctl \1\t/'`

// List reads the listing of a host. Digests are taken of everything below /etc, where equal size says little.
func (h *Host) List(ctx context.Context) (Listing, error) {
	all := Listing{}
	for _, script := range []string{
		listFiles,
		listPackages,
		listUnits,
		listSysctls,
		`find /etc -type f -exec sha256sum {} + | awk '{print "digest " $2 "\t" $1}'`,
	} {
		out, err := h.Run(ctx, "sh", "-c", script)
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("list: nothing is listed on host %s by %s", h.Name, script)
		}
		for line := range strings.Lines(string(out)) {
			name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			if found {
				all[name] = value
			}
		}
	}
	if len(all) < 1000 {
		return nil, fmt.Errorf("list: only %d entries on host %s: that cannot be all", len(all), h.Name)
	}
	return all, nil
}

// Differences names what two listings do not share, one line each.
func (l Listing) Differences(after Listing) []string {
	var found []string
	names := maps.Clone(l)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, had := l[name]
		is, has := after[name]
		switch {
		case !had:
			found = append(found, "new: "+name+" "+is)
		case !has:
			found = append(found, "gone: "+name+" "+was)
		case was != is:
			found = append(found, "changed: "+name+" "+was+" → "+is)
		}
	}
	return found
}
