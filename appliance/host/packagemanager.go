package host

import (
	"context"
	"fmt"
)

// packageManager changes the packages of a family of distributions. The engine knows no more of it than this; what is asked of a host about a
// package is the probe's business.
type packageManager interface {
	// script is a shell script that takes a verb, the name of a package, and the verb's arguments, as scripts/package.sh documents them.
	script() string
}

// apt is that of Debian and Ubuntu.
var apt packageManager = aptScript{}

type aptScript struct{}

func (aptScript) script() string { return packageScript }

// packages runs a verb of the host's package manager; what names the step in the error.
func (e *engine) packages(ctx context.Context, what string, stdin []byte, args ...string) error {
	if e.system == (System{}) { // a Remove looks at nothing before
		if _, _, err := e.probe(ctx, nil, false); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	d, ok := e.system.distribution()
	if !ok {
		return e.system.Supported()
	}
	return e.run(ctx, what, d.packages.script(), stdin, args...)
}
