// Package acctest starts what the acceptance tests and the demonstration run against, on this machine and for real: hosts with
// systemd and sshd (containers and virtual machines), an Elasticsearch server with security on, every flow exporter Debian has with
// traffic to observe (Meters), nfdump's collectors as second opinion, and OpenTofu with the provider under development.
//
// Everything needs root. Whatever is started is first written down below /run/flowstack-acctest, so that a later run finds and
// removes what an earlier one left when it was killed; Stop methods remove it at once.
package acctest

import (
	"errors"
	"os"
)

// Logf receives one line of progress; nil is silent.
type Logf func(format string, args ...any)

func (l Logf) printf(format string, args ...any) {
	if l != nil {
		l(format, args...)
	}
}

// errNotRoot is what every Start function returns for an ordinary user: namespaces, mounts and raw sockets need root.
var errNotRoot = errors.New("root is needed to make network namespaces, mounts and hosts: run this as root")

func requireRoot() error {
	if os.Geteuid() != 0 {
		return errNotRoot
	}
	return nil
}
