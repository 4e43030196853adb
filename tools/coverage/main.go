// Coverage prints how much of each package the tests run, and fails where that is too little:
//
//	go run ./tools/coverage PROFILE
//
// PROFILE is what go test -coverprofile writes. With -coverpkg what tests of other packages run counts as well: decoders are held by the captures of
// collector/conformance more than by tests of their own.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/flowstack/terraform-provider-flowstack/"

// required is the least, in percent of the statements, of a package and of those below it: of what reads packets, keeps flows and changes hosts.
var required = map[string]float64{
	"collector/decode":   85,
	"collector/exporter": 85,
	"collector/flow":     85,
	"collector/netflow":  85,
	"collector/output":   85,
	"collector/receive":  85,
	"collector/sflow":    85,
	"appliance/host":     85,
	"appliance/pki":      85,
	"appliance/ssh":      85,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: coverage PROFILE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func run(profile string, out io.Writer) error {
	file, err := os.Open(profile) //nolint:gosec // G703: a program that is told which file to read
	if err != nil {
		return err
	}
	packages, err := read(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("unable to read %s: %w", profile, err)
	}
	return report(packages, required, out)
}

// statements of a package: how many there are, and how many of them have run.
type statements struct{ all, run int }

func (s statements) percent() float64 {
	if s.all == 0 {
		return 100
	}
	return 100 * float64(s.run) / float64(s.all)
}

// read adds up a profile by package. Each line is FILE:LINE.COLUMN,LINE.COLUMN STATEMENTS TIMES, and each test program writes all of them: a statement has
// run when it did in one.
func read(profile io.Reader) (map[string]statements, error) {
	type piece struct {
		statements int
		run        bool
	}
	pieces := map[string]piece{}
	lines := bufio.NewScanner(profile)
	for number := 1; lines.Scan(); number++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 2 && fields[0] == "mode:" {
			continue
		}
		if len(fields) != 3 || !strings.Contains(fields[0], ":") {
			return nil, fmt.Errorf("line %d is not of a profile", number)
		}
		count, err := strconv.Atoi(fields[1])
		times, err2 := strconv.ParseUint(fields[2], 10, 64)
		if err := cmp.Or(err, err2); err != nil {
			return nil, fmt.Errorf("line %d is not of a profile: %w", number, err)
		}
		pieces[fields[0]] = piece{count, pieces[fields[0]].run || times > 0}
	}
	packages := map[string]statements{}
	for where, p := range pieces {
		file, _, _ := strings.Cut(where, ":")
		name := strings.TrimPrefix(path.Dir(file), module)
		s := packages[name]
		s.all += p.statements
		if p.run {
			s.run += p.statements
		}
		packages[name] = s
	}
	return packages, lines.Err()
}

// report prints a table, the least covered first. It fails where there is less than is required, or nothing of what something is required of.
func report(packages map[string]statements, required map[string]float64, out io.Writer) error {
	names := slices.SortedFunc(maps.Keys(packages), func(a, b string) int {
		return cmp.Or(cmp.Compare(packages[a].percent(), packages[b].percent()), cmp.Compare(a, b))
	})
	var errs []error
	found := map[string]bool{}
	for _, name := range names {
		if forTests(name) {
			continue
		}
		s, note := packages[name], ""
		for prefix, least := range required {
			if name != prefix && !strings.HasPrefix(name, prefix+"/") {
				continue
			}
			found[prefix] = true
			note = fmt.Sprintf("  of %.0f %%", least)
			if s.percent() < least {
				errs = append(errs, fmt.Errorf("%s has %.1f %%, less than %.0f %%: %d of its %d statements are run by no test", name, s.percent(), least, s.all-s.run, s.all))
			}
		}
		if _, err := fmt.Fprintf(out, "%6.1f %%  %s%s\n", s.percent(), name, note); err != nil {
			return err
		}
	}
	for _, prefix := range slices.Sorted(maps.Keys(required)) {
		if !found[prefix] {
			errs = append(errs, fmt.Errorf("there is nothing about %s in the profile", prefix))
		}
	}
	return errors.Join(errs...)
}

// forTests says whether a package is there for tests alone.
func forTests(name string) bool {
	return strings.HasSuffix(name, "test") || strings.HasSuffix(name, "fake")
}
