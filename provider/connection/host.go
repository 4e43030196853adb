package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// Host is one entry of the provider's hosts. It connects when it is first used. A nil client means that its configuration is not known
// before the apply.
type Host struct {
	Name string

	client *ssh.Client
	units  host.Gathering // resources that change the same unit
	batch  *host.Batch    // gathers what resources ask at the same time
	wait   time.Duration  // how long an apply waits for the host to answer
	pause  time.Duration  // between two attempts

	turn    chan struct{} // held while Reach asks
	reached bool
	refused error     // why Reach did not get through
	asked   time.Time // when that was
	gaveUp  bool      // an apply has waited for it in vain
	warned  *atomic.Bool
}

func newHost(name string, client *ssh.Client, wait time.Duration) *Host {
	h := &Host{Name: name, client: client, wait: wait, pause: 2 * time.Second, turn: make(chan struct{}, 1), warned: new(atomic.Bool)}
	h.batch = host.NewBatch(h, func(cause error) error { return &Error{name, cause} })
	return h
}

// Error means that a host could not be asked: nothing is known about what is on it.
type Error struct {
	Host  string
	Cause error
}

func (e *Error) Error() string { return fmt.Sprintf("host %s: %v", e.Host, e.Cause) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Final means that it is no use to try again what was to be done over the connection: the host has been waited for.
func (e *Error) Final() bool { return true }

// Refused tells whether the host answered and did not prove to be the right one. Waiting does not help then, and neither does a warning.
func (e *Error) Refused() bool {
	var key *ssh.HostKeyError
	return errors.As(e.Cause, &key)
}

// ErrUnknown is the cause when the configuration of the host is not known yet.
var ErrUnknown = errors.New("how to reach it is not known before the apply")

// Known tells whether the configuration of the host is known.
func (h *Host) Known() bool { return h.client != nil }

// Run implements host.Runner. The error is an *Error. While the host does not answer at all it tries again for as long as connect_timeout says:
// it may still be starting.
func (h *Host) Run(ctx context.Context, command ssh.Command) (ssh.Result, error) {
	if err := h.Await(ctx); err != nil {
		return ssh.Result{}, err
	}
	result, err := h.client.Run(ctx, command)
	if err != nil {
		return result, &Error{h.Name, err}
	}
	return result, nil
}

// Gathering implements host.Gathered: resources that change the same unit share its restart.
func (h *Host) Gathering() *host.Gathering { return &h.units }

// Batch implements host.Batched: the probes of all resources that are read or applied at the same time are one round trip.
func (h *Host) Batch() *host.Batch { return h.batch }

// DialContext connects to an address as seen from the host.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := h.Await(ctx); err != nil {
		return nil, err
	}
	return h.client.DialContext(ctx, network, address)
}

// remembered is how long a host that did not answer, or was waited for in vain, is not asked again: ten resources of one host must not wait
// ten times.
const remembered = time.Minute

// Await connects to the host and waits until it answers, as long as connect_timeout says. Run does so by itself; this leaves the time for what is
// run alone.
func (h *Host) Await(ctx context.Context) error {
	if h.client == nil {
		return &Error{h.Name, ErrUnknown}
	}
	return h.await(ctx)
}

// Reach connects to the host, once, and tells whether that worked; nothing is run on it. It does not wait for a host that is still starting:
// plans use it.
func (h *Host) Reach(ctx context.Context) error {
	if h.client == nil {
		return &Error{h.Name, ErrUnknown}
	}
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return &Error{h.Name, context.Cause(ctx)}
	}
	return h.reach(ctx)
}

func (h *Host) reach(ctx context.Context) error {
	if h.reached {
		return nil
	}
	if h.refused != nil && time.Since(h.asked) < remembered {
		return h.refused
	}
	return h.try(ctx)
}

func (h *Host) try(ctx context.Context) error {
	err := h.client.Connect(ctx)
	h.asked, h.reached, h.refused = time.Now(), err == nil, nil
	if err != nil {
		h.refused = &Error{h.Name, err}
	}
	return h.refused
}

// await waits until the host answers. Whoever comes meanwhile waits, too.
func (h *Host) await(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return &Error{h.Name, context.Cause(ctx)}
	}
	if h.reached {
		return nil
	}
	if h.gaveUp && time.Since(h.asked) < remembered {
		return h.refused
	}
	began := time.Now()
	for {
		err := h.try(ctx)
		h.gaveUp = err != nil && time.Since(began)+h.pause > h.wait
		if err == nil || h.gaveUp || !starting(err) {
			return err
		}
		select {
		case <-time.After(h.pause):
		case <-ctx.Done():
			return err
		}
	}
}

// starting tells whether a host may give another answer when it has started.
func starting(err error) bool {
	var key *ssh.HostKeyError
	var auth *ssh.AuthError
	return !errors.As(err, &key) && !errors.As(err, &auth) && !errors.Is(err, ssh.ErrClosed) && !errors.Is(err, context.Canceled)
}

// FirstWarning tells whether nobody has warned of this host yet: one warning is enough for all its resources.
func (h *Host) FirstWarning() bool { return h.warned.CompareAndSwap(false, true) }

// Explain words an error about a host for people who read a diagnostic.
func Explain(err error) string {
	text := err.Error()
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
