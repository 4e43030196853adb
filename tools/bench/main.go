// Command bench decodes the same packets with this collector and with goflow2, by turns, and prints what a record costs in both.
// docs/performance.md says how, and what the figures are good for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
)

func main() {
	rounds := flag.Int("rounds", 15, "rounds; the median counts")
	round := flag.Duration("round", 100*time.Millisecond, "processor time of a round")
	shared := flag.String("shared", os.Getenv("FLOWSTACK_SHARED"), "folder with captures/ of vendors")
	only := flag.String("only", "", "only loads whose name has this in it")
	cache := flag.String("documents", "", "measure documents too, with made-up databases that this folder keeps")
	flag.Parse()
	runtime.GOMAXPROCS(1) // collectors scale by readers: what one costs is the question
	if err := run(os.Stdout, *rounds, *round, *shared, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if *cache != "" {
		say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
		d, err := world.MakeDatabases(context.Background(), *cache, say)
		if err == nil {
			err = documents(os.Stdout, d, *rounds, *round)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
}

// testdata has the captures that are part of the repository, seen from this module's folder.
const testdata = "../../collector/testdata/exporters"

func run(w io.Writer, rounds int, round time.Duration, shared, only string) error {
	debian, err := recorded(testdata)
	if err != nil {
		return err
	}
	all := append(loads(), debian)
	switch l, err := captured(filepath.Join(shared, "captures")); {
	case err == nil:
		all = append(all, l)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		fmt.Fprintln(w, "No captures of vendors are there; FLOWSTACK_SHARED is the folder that has captures/.")
	}
	var results []*result
	for i := range all {
		if !strings.Contains(all[i].name, only) {
			continue
		}
		r, err := compare(&all[i], rounds, round)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	return table(w, results)
}

// table prints the results, in Markdown.
func table(w io.Writer, results []*result) error {
	fmt.Fprintf(w, "%s, %s; processor time, median of %d rounds, by turns\n\n", runtime.Version(), peerVersion(), len(results[0].ours.times))
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintln(t, "|load\t records/packet\t ours ns/record\t allocs/packet\t goflow2 ns/record\t allocs/packet\t times faster\t goal\t holds\t ours to JSON ns/record\t")
	fmt.Fprintln(t, "|-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t")
	for _, r := range results {
		fmt.Fprintf(t, "|%s\t", r.load.name)
		for _, cell := range r.cells() {
			fmt.Fprintf(t, " %s\t", cell)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// cells are the figures of a row.
func (r *result) cells() []string {
	const none = "–"
	number := func(decimals int, n float64) string { return fmt.Sprintf("%.*f", decimals, n) }
	ours := r.ours.perRecord(r)
	perPacket := float64(r.records) / float64(len(r.load.packets))
	cells := []string{
		strings.TrimSuffix(number(1, perPacket), ".0"), number(0, ours), number(0, r.ours.allocs), none, none, none, none, none, number(0, r.document.perRecord(r)),
	}
	times := 0.0
	if r.peer != nil {
		times = r.peer.perRecord(r) / ours
		cells[3], cells[4], cells[5] = number(0, r.peer.perRecord(r)), number(0, r.peer.allocs), number(1, times)+"×"
	}
	if r.load.goal == 0 {
		return cells
	}
	cells[6] = fmt.Sprintf("≤ %.0f ns", r.load.goal)
	if r.load.faster > 0 {
		cells[6] += fmt.Sprintf(", ≥ %.0f×", r.load.faster)
	}
	cells[7] = "no"
	if ours <= r.load.goal && times >= r.load.faster {
		cells[7] = "yes"
	}
	return cells
}

// peerVersion is what goflow2 this was built with.
func peerVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if strings.Contains(m.Path, "goflow2") {
				return m.Path + " " + m.Version
			}
		}
	}
	return "goflow2"
}
