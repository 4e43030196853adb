package ssh

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"sync"
	"time"
)

// cancelGrace is how long a cancelled program has to clean up.
const cancelGrace = 10 * time.Second

// signalPause is the time between two signals.
const signalPause = 2 * time.Second

// terminate sends SIGTERM to a process and all it started, and waits for its end. SIGKILL would leave its temporary files, and would reach dpkg in the
// middle of its work. It takes a session of its own: sshd passes no signal on to what root runs, and none that reaches what sudo runs.
func (c *Client) terminate(ctx context.Context, p *process, how *sudo) {
	ctx, cancel := context.WithTimeout(ctx, cancelGrace)
	defer cancel()
	go func() {
		select {
		case <-p.ended: // perhaps by itself, when its input ended
			cancel()
		case <-ctx.Done():
		}
	}()
	// More than once: a shell that is just starting a program notices a signal only when that has ended.
	for ctx.Err() == nil {
		c.signal(ctx, p, how)
		select {
		case <-time.After(signalPause):
		case <-ctx.Done():
		}
	}
	_ = p.session.Close() // closed by the host already, if all went well
}

func (c *Client) signal(ctx context.Context, p *process, how *sudo) {
	id, _, _ := cutMark(p.stdout.all())
	if _, err := strconv.ParseUint(id, 10, 31); err != nil {
		return // it has not begun: nothing is known of it
	}
	// Not in a place of its own: those that are cancelled together have them all. sshd allows two more, as it comes; where it does not, another
	// attempt follows, and those that end by themselves make room.
	session, err := c.oneMore(ctx)
	if err != nil {
		return
	}
	const script = `read -r id name state parent group rest <"/proc/$1/stat" && kill -s TERM -- "-$group"`
	kill, err := c.startIn(ctx, session, how, Command{Argv: []string{"sh", "-c", script, "sh", id}})
	if err != nil {
		return // the end of the wait tells what came of it
	}
	select {
	case <-kill.ended:
	case <-ctx.Done():
	}
	_ = kill.session.Close() // as above
}

// input ends with the context, too. What waits for it gets its end then, and sees that it is not whole.
type input struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (i input) Read(b []byte) (int, error) {
	if i.ctx.Err() != nil {
		return 0, io.EOF
	}
	return i.Reader.Read(b)
}

// output is what a program prints, which may be looked at while it does.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(b)
}

// all is what was printed so far.
func (o *output) all() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Bytes()
}
