package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// rebootPause is the time between two attempts to reach a host that boots.
const rebootPause = time.Second

// Reboot boots a host again and returns when it answers with another boot_id and systemd has finished starting. progress is told what
// happens. The context bounds all of it; a host that answers as another one is an error at once.
func Reboot(ctx context.Context, runner Runner, progress func(text string)) error {
	before, err := BootID(ctx, runner)
	if err != nil {
		return err
	}
	progress("asking for the reboot; this boot is " + before)
	var link *ssh.LinkError
	if err := StartReboot(ctx, runner); err != nil && !errors.As(err, &link) {
		return err
	}
	after, err := awaitBoot(ctx, runner, before, progress)
	if err != nil {
		return err
	}
	progress("the host answers again; this boot is " + after + "; waiting for systemd to finish starting")
	for last := ""; ; {
		state, err := SystemState(ctx, runner)
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("systemd did not finish starting, it was %q: %w", last, context.Cause(ctx))
		case err == nil && state != "" && state != "initializing" && state != "starting":
			progress("systemd is " + state)
			return nil
		}
		last = state
		if err := pause(ctx); err != nil {
			return fmt.Errorf("systemd did not finish starting, it was %q: %w", last, err)
		}
	}
}

// awaitBoot waits for another boot_id.
func awaitBoot(ctx context.Context, runner Runner, before string, progress func(string)) (after string, err error) {
	down := false
	for {
		after, err = BootID(ctx, runner)
		var key *ssh.HostKeyError
		switch {
		case errors.As(err, &key):
			return "", err
		case err == nil && after != before:
			return after, nil
		case err != nil && !down:
			down = true
			progress("the host went down; waiting for it to answer")
		}
		if stop := pause(ctx); stop != nil {
			if err == nil {
				err = errors.New("it still runs the same boot")
			}
			return "", fmt.Errorf("the host did not come back from the reboot: %w (last attempt: %w)", stop, err)
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(rebootPause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
