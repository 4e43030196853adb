// Demo runs the whole chain on this machine and shows what happens: a bare host, an apply, an exporter, flows found in Elasticsearch.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// cleanupTime bounds taking everything down again.
const cleanupTime = 2 * time.Minute

func main() {
	keep := flag.Bool("keep", false, "leave everything running, and print how to look")
	stop := flag.Bool("stop", false, "stop what an earlier run with --keep left running")
	repository := flag.String("repository", ".", "root of the checkout")
	flag.Parse()

	ctx, done := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer done()
	err := run(ctx, *repository, *keep, *stop)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("interrupted; everything is stopped")
		}
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // the signal handler ends with the process
	}
}

func run(ctx context.Context, repository string, keep, stop bool) error {
	if stop {
		return acctest.StopKept(ctx)
	}
	if _, err := acctest.FindTofu(ctx, repository); err != nil { // before what takes its time
		return err
	}
	began := time.Now()
	step("Starting a host, and an Elasticsearch beside it")
	c, err := chain.Start(ctx, chain.Options{Repository: repository, Name: "flow1", Log: detail})
	if err != nil {
		return err
	}
	err = show(ctx, c, repository)
	if err == nil && keep {
		if err = acctest.Keep(); err == nil {
			return howToLook(c)
		}
	}
	// Also after Ctrl-C: nothing is left behind.
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	step("Taking it all down again")
	err = errors.Join(err, c.Stop(cleanup))
	if err == nil {
		fmt.Printf("\nDone in %.0f s. Nothing is left. make demo KEEP=1 leaves it running.\n", time.Since(began).Seconds())
	}
	return err
}

// step prints a headline, in bold on a terminal.
func step(format string, args ...any) {
	line := fmt.Sprintf("==> "+format, args...)
	if info, err := os.Stdout.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		line = "\x1b[1m" + line + "\x1b[0m"
	}
	fmt.Println("\n" + line)
}

func detail(format string, args ...any) { fmt.Printf("    "+format+"\n", args...) }
