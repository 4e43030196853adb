package acctest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// softflowd exports NetFlow v1, v5, v9 and IPFIX.
type softflowd struct {
	version string   // "1", "5", "9", "10"
	extra   []string // further arguments
	server  *process
	control string // socket of softflowctl
}

func (s *softflowd) start(ctx context.Context, x *Exporter, targets []string) (err error) {
	s.control = filepath.Join(x.run.dir, "control")
	args := append([]string{
		"softflowd", "-i", x.line.watched, "-n", strings.Join(targets, ","), "-v", s.version, "-d", "-t", "maxlife=60", "-t", "expint=5",
		"-c", s.control, "-p", filepath.Join(x.run.dir, "pid"),
	}, s.extra...)
	x.command = strings.Join(args, " ")
	s.server, err = x.run.start(ctx, startSpec{name: "softflowd", netns: x.Netns, args: args})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, exporterLimit)
	defer cancel()
	return poll(ctx, "softflowd to answer", func() (bool, error) {
		if err := s.server.exited(); err != nil {
			return false, err
		}
		_, err := s.processed(ctx)
		return err == nil, nil
	})
}

// settle makes softflowd see everything: its packet library (libpcap with TPACKET_V3, without a timeout) hands over only full blocks of
// its ring, so the rest of the last block is filled with frames it ignores.
func (s *softflowd) settle(ctx context.Context, x *Exporter) error {
	const most = 200
	filling := fillers()
	for range most {
		if err := x.line.write(ctx, filling); err != nil {
			return err
		}
		seen, err := s.processed(ctx)
		if err != nil {
			return err
		}
		if seen > x.sent {
			return fmt.Errorf("softflowd counted %d packets, only %d were sent: something else is on the line", seen, x.sent)
		}
		if seen == x.sent {
			return nil
		}
	}
	return fmt.Errorf("softflowd has not seen all of %d packets", x.sent)
}

var (
	processedRE = regexp.MustCompile(`(?m)^Packets processed: (\d+)`)
	droppedRE   = regexp.MustCompile(`(?m)^\s*Packets dropped by .*: (\d+)`)
)

// processed returns how many packets softflowd has counted; what is not IP is not among them.
func (s *softflowd) processed(ctx context.Context) (uint64, error) {
	text, err := s.ask(ctx, "statistics")
	if err != nil {
		return 0, err
	}
	m := processedRE.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("softflowd statistics hold no %q: %s", processedRE, text)
	}
	packets, err := strconv.ParseUint(m[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("softflowd statistics: %w", err)
	}
	for _, m := range droppedRE.FindAllStringSubmatch(text, -1) {
		if m[1] != "0" {
			return 0, fmt.Errorf("softflowd lost packets: %s", text)
		}
	}
	return packets, nil
}

func (s *softflowd) ask(ctx context.Context, what string) (string, error) {
	out, err := command(ctx, "softflowctl", "-c", s.control, what)
	return string(out), err
}

func (s *softflowd) finish(ctx context.Context, _ *Exporter) error {
	_, err := s.ask(ctx, "expire-all")
	return err
}

func (s *softflowd) stop(ctx context.Context) error {
	if s.server == nil {
		return nil
	}
	_, asked := s.ask(ctx, "shutdown")
	if s.server.exited() != nil {
		asked = nil
	}
	return errors.Join(asked, s.server.stop(ctx, syscall.SIGTERM, 10*time.Second))
}
