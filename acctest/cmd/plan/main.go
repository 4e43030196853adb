// Plan measures what a plan costs that finds nothing to do: the complete example on a real host, with a real Elasticsearch, over SSH. It prints how long
// OpenTofu takes, and how many connections and commands the host's sshd saw.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

func main() {
	repository := flag.String("repository", ".", "the checkout, with bin/ as make build leaves it")
	plans := flag.Int("plans", 5, "how many plans to make; the median time counts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *repository, max(*plans, 1))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "plan:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, repository string, plans int) (err error) {
	progress := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	c, err := chain.Start(ctx, chain.Options{Repository: repository, Name: "plan", Log: progress})
	defer func() {
		if c != nil {
			// Also after an interrupt.
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
			defer cancel()
			err = errors.Join(err, c.Stop(stopping))
		}
		err = errors.Join(err, acctest.Sweep(context.WithoutCancel(ctx)))
	}()
	if err != nil {
		return err
	}
	if err := c.Tofu.Apply(ctx); err != nil {
		return err
	}
	sshd, err := watch(ctx, c.Host)
	if err != nil {
		return err
	}
	times := make([]time.Duration, plans)
	for i := range times {
		began := time.Now()
		plan, err := c.Tofu.Plan(ctx)
		times[i] = time.Since(began)
		if err != nil {
			return err
		}
		if len(plan.Changes) > 0 {
			return fmt.Errorf("plan %d of what was just applied changes %d resources", i+1, len(plan.Changes))
		}
	}
	handshakes, commands, err := sshd.counted(ctx)
	if err != nil {
		return err
	}
	slices.Sort(times)
	fmt.Printf("second plan of examples/complete, %d times (OpenTofu's start and reading the plan included):\n", plans)
	fmt.Printf("  median %.2f s, from %.2f s to %.2f s\n", times[plans/2].Seconds(), times[0].Seconds(), times[plans-1].Seconds())
	fmt.Printf("  a plan: %s SSH handshakes, %s commands on the host\n", each(handshakes, plans), each(commands, plans))
	return nil
}

// each is how many there were for each plan.
func each(n, plans int) string { return strconv.FormatFloat(float64(n)/float64(plans), 'f', -1, 64) }

// log is sshd's on a host, from a moment on.
type log struct {
	host   *acctest.Host
	cursor string
}

// watch lets sshd log every command, and begins to count.
func watch(ctx context.Context, h *acctest.Host) (*log, error) {
	const script = `echo LogLevel VERBOSE >/etc/ssh/sshd_config.d/verbose.conf && systemctl restart ssh` // a reload is over before sshd listens again
	if _, err := h.Run(ctx, "sh", "-c", script); err != nil {
		return nil, err
	}
	out, err := h.Run(ctx, "sh", "-c", "journalctl --sync && journalctl --quiet --show-cursor --lines=0")
	if err != nil {
		return nil, err
	}
	_, cursor, ok := strings.Cut(strings.TrimSpace(string(out)), "-- cursor: ")
	if !ok {
		return nil, fmt.Errorf("journalctl says no cursor: %q", out)
	}
	return &log{h, cursor}, nil
}

// counted are the connections and the commands since then, without its own.
func (l *log) counted(ctx context.Context) (handshakes, commands int, err error) {
	out, err := l.host.Run(ctx, "sh", "-c", `journalctl --sync && journalctl --quiet --output=cat --after-cursor="$1" _COMM=sshd`, "sh", l.cursor)
	if err != nil {
		return 0, 0, err
	}
	handshakes = strings.Count(string(out), "Accepted publickey for ") - 1
	commands = strings.Count(string(out), "Starting session: command") - 1
	if handshakes < 1 || commands < 1 {
		return 0, 0, fmt.Errorf("sshd logged %d connections and %d commands:\n%s", handshakes, commands, out)
	}
	return handshakes, commands, nil
}
