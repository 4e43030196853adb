// Package host brings a Linux host to a desired state and keeps it there. The desired state is data: a list of items
// (files, sysctls, packages, units). One engine probes all of them in a single round trip, compares, applies what differs in
// order and verifies by probing again. The package knows nothing of Terraform.
package host

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// Runner runs programs on a host; *ssh.Client is one.
type Runner interface {
	Run(ctx context.Context, command ssh.Command) (ssh.Result, error)
}

// Facts are what a person would say about a host, one fact a key: "sysctl vm.max_map_count" = "262144",
// "file /etc/x.conf: mode" = "0644", "unit x.service: active" = "active". A thing that is not there has the value Absent.
//
// Observed facts hold every key of the desired ones, and besides them the settings that are in a file on the host but not in
// the desired one. So the two maps are equal exactly when nothing drifted.
type Facts map[string]string

// Absent is the value of a fact about something that is proven not to be there.
const Absent = "absent"

// openMark begins the value of a desired fact that several values satisfy. No value on a host begins with it.
const openMark = "\x00"

// IsOpen tells whether a desired fact's value leaves open what it will be: only the host can tell. Desired.Settled closes it.
func IsOpen(value string) bool { return strings.HasPrefix(value, openMark) }

const otherThan = "other than "

// OtherThan is the value of a desired fact that any value but this one satisfies.
func OtherThan(value string) string { return openMark + otherThan + value }

// Change is one fact that is not as desired.
type Change struct {
	Fact, From, To string
}

// Changes lists what has to change for got to become want, ordered by name. A fact that only got has (a setting nobody asked
// for) has to become Absent; one that only want has is taken as Absent now.
func (got Facts) Changes(want Facts) []Change {
	names := maps.Clone(got)
	if names == nil {
		names = Facts{}
	}
	maps.Copy(names, want)
	var changes []Change
	for _, fact := range slices.Sorted(maps.Keys(names)) {
		from, to := got.value(fact), want.value(fact)
		if from != to {
			changes = append(changes, Change{Fact: fact, From: from, To: to})
		}
	}
	return changes
}

func (got Facts) value(fact string) string {
	if value, ok := got[fact]; ok {
		return value
	}
	return Absent
}
