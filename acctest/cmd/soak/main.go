// Soak runs the whole chain under load on this machine, lets one thing after another go wrong, and accounts for every flow.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/soak"
)

func main() {
	var o soak.Options
	var faults, machine string
	flag.StringVar(&o.Repository, "repository", ".", "root of the checkout")
	flag.DurationVar(&o.Duration, "duration", 30*time.Minute, "no fault begins after it; each comes once at least")
	flag.IntVar(&o.Rate, "rate", 0, "flows a second; 0 is what the machine is good for (container 2000, vm 300)")
	flag.StringVar(&machine, "machine", "vm", "the collector's host: vm, whose clock can jump, or container, which is fast")
	flag.StringVar(&faults, "faults", "", "comma-separated: "+strings.Join(soak.Names(true), ", ")+"; empty is all that the machine allows")
	flag.Uint64Var(&o.Seed, "seed", 1, "of the order of faults")
	flag.Parse()

	ctx, done := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer done()
	context.AfterFunc(ctx, done) // a second signal ends it at once
	if err := run(ctx, o, machine, faults); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1) //nolint:gocritic // the signal handler ends with the process
	}
}

func run(ctx context.Context, o soak.Options, machine, faults string) error {
	switch machine {
	case "vm":
		o.VM = true
	case "container":
	default:
		return fmt.Errorf("--machine is vm or container, not %q", machine)
	}
	if o.Rate == 0 {
		o.Rate = map[bool]int{true: 300, false: 2000}[o.VM]
	}
	if faults != "" {
		o.Faults = strings.Split(faults, ",")
	}
	began := time.Now()
	o.Log = func(format string, args ...any) {
		fmt.Printf("%6.0f s  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...)
	}
	report, err := soak.Run(ctx, o)
	show(report)
	if ctx.Err() != nil {
		err = errors.Join(errors.New("interrupted"), err)
	}
	if err == nil {
		fmt.Println("\nEvery flow is accounted for.")
	}
	return err
}

func show(r soak.Report) {
	fmt.Println()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fault\tsent\tstored\tlost\tat a crash\tcounted\ttwice\tseconds\t")
	for _, e := range r.Episodes {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\t\n", e.Fault, e.Sent, e.Stored, e.Lost, e.Crash, e.Dropped, e.Twice, e.Took.Seconds())
	}
	fmt.Fprintf(w, "all\t%d\t%d\t%d\t\t\t\t%.0f\t\n", r.Sent, r.Stored, r.Lost, r.Took.Seconds())
	if err := w.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	if first, last, looks := r.Longest(); looks > 0 {
		fmt.Printf("\nThe collector, as the process that was there after most faults (%d): %d MiB, %d goroutines, %d open files when it was young; %d MiB, %d, %d at last.\n",
			looks, first.Resident>>20, first.Goroutines, first.Descriptors, last.Resident>>20, last.Goroutines, last.Descriptors)
	}
}
