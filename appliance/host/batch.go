package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// Batched is a Runner whose probes gather: those that come while another one is under way go out together as one round trip.
type Batched interface {
	Runner
	Batch() *Batch
}

// Batch gathers the probes of one host. Each caller gets the answers to what it asked, and its own errors; one that gives up does not end the
// others' probe.
type Batch struct {
	runner Runner
	ended  func(cause error) error
	window time.Duration

	mu      sync.Mutex
	waiting []*question
	sending bool // there is a goroutine that takes care of those waiting
}

// gatherWindow is how long the first probe waits for others: resources that are read at the same time do not begin at the very same.
const gatherWindow = 5 * time.Millisecond

// NewBatch makes the Batch of a host. ended words the error of a caller whose context ended while it waited; nil leaves the cause as it is.
func NewBatch(runner Runner, ended func(cause error) error) *Batch {
	if ended == nil {
		ended = func(cause error) error { return cause }
	}
	return &Batch{runner: runner, ended: ended, window: gatherWindow}
}

// question is what one caller asks.
type question struct {
	ctx      context.Context
	requests []request
	answered chan struct{} // closed when what is below is set
	answers  []answer
	err      error
}

// ask puts requests to a host, in one round trip of its own or, where probes gather, of several callers.
func ask(ctx context.Context, runner Runner, requests []request) ([]answer, error) {
	if batched, ok := runner.(Batched); ok {
		return batched.Batch().ask(ctx, requests)
	}
	return roundTrip(ctx, runner, requests)
}

func (b *Batch) ask(ctx context.Context, requests []request) ([]answer, error) {
	q := &question{ctx: ctx, requests: requests, answered: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, q)
	if !b.sending {
		b.sending = true
		go b.send() //nolint:contextcheck // for several callers, whose contexts come with their questions
	}
	b.mu.Unlock()
	select {
	case <-q.answered:
		return q.answers, q.err
	case <-ctx.Done():
		return nil, fmt.Errorf("probe: %w", b.ended(context.Cause(ctx)))
	}
}

// send makes one round trip after another until nobody waits.
func (b *Batch) send() {
	time.Sleep(b.window)
	for {
		b.mu.Lock()
		next := b.waiting
		b.waiting = nil
		b.sending = len(next) > 0
		b.mu.Unlock()
		if len(next) == 0 {
			return
		}
		next = slices.DeleteFunc(next, func(q *question) bool { return q.ctx.Err() != nil })
		if len(next) > 0 {
			b.together(next)
		}
	}
}

// together answers questions by one round trip. When what came back cannot be used, because of one of them perhaps, each is asked alone.
func (b *Batch) together(questions []*question) {
	var requests []request
	places := map[string]int{} // of each request; what several ask for goes out once
	for _, q := range questions {
		for _, r := range q.requests {
			line := r.line()
			if _, ok := places[line]; !ok {
				places[line] = len(requests)
				requests = append(requests, r)
			}
		}
	}
	ctx, cancel := whileAnyWaits(questions)
	defer cancel()
	answers, err := roundTrip(ctx, b.runner, requests)
	var unusable *unusableError
	if len(questions) > 1 && errors.As(err, &unusable) {
		for i := range questions {
			b.together(questions[i : i+1])
		}
		return
	}
	for _, q := range questions {
		if q.err = err; err == nil {
			q.answers = make([]answer, len(q.requests))
			for i, r := range q.requests {
				q.answers[i] = answers[places[r.line()]]
			}
		}
		close(q.answered)
	}
}

// whileAnyWaits is a context that ends when all callers have given up.
func whileAnyWaits(questions []*question) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(questions[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(questions)))
	stops := make([]func() bool, len(questions))
	for i, q := range questions {
		stops[i] = context.AfterFunc(q.ctx, func() {
			if left.Add(-1) == 0 {
				cancel(context.Cause(q.ctx))
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel(nil)
	}
}

// unusableError means that the probe ran and what it printed cannot be used.
type unusableError struct{ cause error }

func (e *unusableError) Error() string { return e.cause.Error() }

func (e *unusableError) Unwrap() error { return e.cause }

// roundTrip runs the probe once.
func roundTrip(ctx context.Context, runner Runner, requests []request) ([]answer, error) {
	result, err := runner.Run(ctx, ssh.Command{
		Argv:  []string{"sh", "-c", probeScript, "flowstack-probe"},
		Stdin: bytes.NewReader(encodeRequests(requests)),
		Root:  true,
	})
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if result.ExitCode != 0 {
		return nil, &unusableError{&ssh.ExitError{Program: "probe", ExitCode: result.ExitCode, Stderr: string(result.Stderr)}}
	}
	answers, err := parseAnswers(result.Stdout, len(requests))
	if err != nil {
		if said := strings.TrimSpace(string(result.Stderr)); said != "" {
			err = fmt.Errorf("%w (%s)", err, excerpt([]byte(said)))
		}
		return nil, &unusableError{err}
	}
	return answers, nil
}
