// Command bench runs the same packets through this collector and through others, decoders by turns and whole programs one after the other, and
// prints what a flow costs in each. docs/performance.md says how, and what the figures are good for.
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
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
)

func main() {
	o := options{}
	flag.IntVar(&o.rounds, "rounds", 15, "rounds; the median counts")
	flag.DurationVar(&o.round, "round", 100*time.Millisecond, "processor time of a round")
	flag.StringVar(&o.shared, "shared", os.Getenv("FLOWSTACK_SHARED"), "folder with captures/ of vendors")
	flag.StringVar(&o.only, "only", "", "only loads of decoding, and collectors, whose name has this in it")
	flag.DurationVar(&o.step, "step", 4*time.Second, "how long each rate is sent")
	flag.StringVar(&o.plot, "plot", "", "SVG to make of the figures")
	flag.StringVar(&o.inside, insideFlag[1:], "", "for the program itself: folder of the collectors")
	flag.StringVar(&o.cache, "cache", "../../bin/bench", "folder that keeps the made-up databases")
	flag.Usage = usage
	flag.Parse()
	if err := o.run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "bench [options] [decode] [documents] [sustained] [elasticsearch]: measures these, or all")
	flag.PrintDefaults()
}

type options struct {
	rounds              int
	round               time.Duration
	step                time.Duration
	shared, only, cache string
	inside, plot        string
}

func (o *options) run(parts []string) error {
	ctx := context.Background()
	if o.inside != "" && parts[0] == serverPart {
		return storeInside(ctx, o.inside, parts[1])
	}
	if o.inside != "" {
		return measureInside(ctx, o.inside, world.Knowledge{City: parts[0], ASN: parts[1]}, o.step, o.only)
	}
	wants := func(part string) bool { return len(parts) == 0 || slices.Contains(parts, part) }
	runtime.GOMAXPROCS(1) // collectors scale by readers: what one costs is the question
	if wants("decode") {
		if err := run(os.Stdout, o.rounds, o.round, o.shared, o.only); err != nil {
			return err
		}
	}
	if !wants("documents") && !wants("sustained") && !wants(serverPart) {
		return nil
	}
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	d, err := world.MakeDatabases(ctx, o.cache, say)
	if err != nil {
		return err
	}
	var panels []panel
	if wants("documents") {
		rows, err := measureDocuments(d, o.rounds, o.round)
		if err != nil {
			return err
		}
		documentTable(os.Stdout, rows)
		panels = append(panels, documentPanel(rows))
	}
	if wants(serverPart) { // before the thread gets a processor and precedence
		all, err := againstServer(ctx, d, say)
		if err != nil {
			return err
		}
		serverTable(os.Stdout, all)
	}
	if wants("sustained") {
		all, err := outside(ctx, d, o.step, o.only)
		if err != nil {
			return err
		}
		sustainedTable(os.Stdout, all)
		panels = append(panels, sustainedPanel(all))
	}
	if o.plot != "" {
		return plot(o.plot, panels)
	}
	return nil
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
	ours := r.ours.perRecord()
	perPacket := float64(r.records) / float64(len(r.load.packets))
	cells := []string{
		strings.TrimSuffix(number(1, perPacket), ".0"), number(0, ours), number(0, r.ours.allocs), none, none, none, none, none, number(0, r.document.perRecord()),
	}
	times := 0.0
	if r.peer != nil {
		times = r.peer.perRecord() / ours
		cells[3], cells[4], cells[5] = number(0, r.peer.perRecord()), number(0, r.peer.allocs), number(1, times)+"×"
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
