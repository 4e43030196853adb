package soak

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// fault is one thing that goes wrong, and comes right again, while flows come in.
type fault struct {
	name, what string
	vm         bool // needs a machine with a clock and a receive buffer of its own
	restarts   bool // the collector is another process afterwards
	inject     func(context.Context, *soak) error
}

// away is how long something is not there.
const away = 20 * time.Second

var faults = []fault{
	{"calm", "nothing goes wrong", false, false, func(ctx context.Context, _ *soak) error { return pause(ctx, away) }},
	{"restart", "the collector is restarted, which loses nothing", false, true, func(ctx context.Context, s *soak) error {
		return s.systemctl(ctx, "restart")
	}},
	{"reload", "the collector reads its settings again", false, false, func(ctx context.Context, s *soak) error {
		return s.systemctl(ctx, "reload")
	}},
	{"kill", "the collector is killed, which loses what is younger than a second", false, false, func(ctx context.Context, s *soak) error {
		return s.crash(ctx, func() error { return s.signal(ctx, "KILL") })
	}},
	{"pause", "the collector is stopped for a while and goes on", false, false, func(ctx context.Context, s *soak) error {
		wait := 10 * time.Second
		if !s.o.VM {
			wait = time.Second // the machine's receive buffer is small
		}
		return errors.Join(s.signal(ctx, "STOP"), pause(ctx, wait), s.signal(ctx, "CONT"))
	}},
	{"hang", "the collector is stopped for good, until the watchdog has it killed and started anew", true, false, func(ctx context.Context, s *soak) error {
		return s.crash(ctx, func() error { return s.signal(ctx, "STOP") })
	}},
	{"server-kill", "Elasticsearch is killed and started again", false, false, func(ctx context.Context, s *soak) error {
		return errors.Join(s.Elasticsearch.Kill(ctx), s.Elasticsearch.Start(ctx))
	}},
	{"server-away", "Elasticsearch is stopped for a while; the collector is killed meanwhile", false, false, func(ctx context.Context, s *soak) error {
		err := s.Elasticsearch.Stop(ctx)
		if err == nil {
			err = pause(ctx, away/2)
		}
		if err == nil {
			err = s.crash(ctx, func() error { return s.signal(ctx, "KILL") })
		}
		return errors.Join(err, pause(ctx, away/2), s.Elasticsearch.Start(ctx))
	}},
	{"server-pause", "Elasticsearch keeps its connections open and says nothing", false, false, func(ctx context.Context, s *soak) error {
		return errors.Join(s.Elasticsearch.Pause(), pause(ctx, away), s.Elasticsearch.Resume())
	}},
	{"full-disk", "the spool's disk is full while Elasticsearch is away", false, false, fullDisk},
	{"bad-packets", "somebody sends packets that nobody can read", false, false, badPackets},
	{"exporter-restart", "the exporter begins its sequence anew, and sends flows before their template", false, false, func(ctx context.Context, s *soak) error {
		s.flows.Restart()
		return pause(ctx, away/2)
	}},
	{"exporter-clock", "the exporter's clock is a day fast, and then a day slow", false, false, func(ctx context.Context, s *soak) error {
		defer s.flows.Skew(0)
		s.flows.Skew(24 * time.Hour)
		err := pause(ctx, away/2)
		s.flows.Skew(-24 * time.Hour)
		return errors.Join(err, pause(ctx, away/2))
	}},
	{"clock", "the host's clock jumps an hour ahead and two back, Elasticsearch is away, and the collector is restarted in between", true, true, clock},
}

func (s *soak) systemctl(ctx context.Context, verb string) error {
	_, err := s.Host.Run(ctx, "systemctl", verb, "flowcollector")
	return err
}

// crash ends the collector, notes when, and waits for systemd to start it again.
func (s *soak) crash(ctx context.Context, end func() error) error {
	pid, err := s.pid(ctx)
	if err != nil {
		return err
	}
	s.ended++
	s.crashes = append(s.crashes, time.Now())
	if err := end(); err != nil {
		return err
	}
	// The signal arrives a moment later than it was asked for.
	s.crashes = append(s.crashes, time.Now())
	return s.restarted(ctx, pid)
}

func fullDisk(ctx context.Context, s *soak) error {
	const filler = spoolDisk + "/filler"
	err := s.Elasticsearch.Stop(ctx)
	if err == nil {
		// dd ends with an error when the disk is full, which is what it is for.
		_, err = s.Host.Run(ctx, "sh", "-c", "dd if=/dev/zero of="+filler+" bs=64k 2>/dev/null; test -s "+filler)
	}
	if err == nil {
		err = pause(ctx, away)
	}
	_, removed := s.Host.Run(ctx, "rm", "-f", filler)
	return errors.Join(err, removed, s.Elasticsearch.Start(ctx))
}

// badPackets come from another address than the exporter's flows where that is possible, and never hold a flow: noise, and headers of every
// format with lengths that lie.
func badPackets(ctx context.Context, s *soak) error {
	connection, err := s.Host.DialContext(ctx, "udp", "127.0.0.1:2055")
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(s.o.Seed, 1))
	for end := time.Now().Add(away / 2); time.Now().Before(end) && err == nil; {
		_, err = connection.Write(badPacket(random))
		err = errors.Join(err, pause(ctx, 2*time.Millisecond))
	}
	return errors.Join(err, connection.Close())
}

func badPacket(random *rand.Rand) []byte {
	packet := make([]byte, 1+random.IntN(1400))
	for i := range packet {
		packet[i] = byte(random.Uint32())
	}
	versions := []uint16{0, 1, 5, 6, 7, 8, 9, 10, 11, 0xffff}
	version := versions[random.IntN(len(versions))]
	if len(packet) < 24 {
		return packet
	}
	binary.BigEndian.PutUint16(packet, version)
	switch version {
	case 1, 5, 6, 7, 8: // more records than there is room for, and the first not whole
		binary.BigEndian.PutUint16(packet[2:], 30)
		packet = packet[:24]
	case 9: // a set that is longer than the packet
		packet = binary.BigEndian.AppendUint16(packet[:20], uint16(256+random.IntN(1000)))
		packet = binary.BigEndian.AppendUint16(packet, 0xfff0)
	case 10: // a message that is longer than the packet
		binary.BigEndian.PutUint16(packet[2:], 0xfff0)
	}
	return packet
}

func clock(ctx context.Context, s *soak) error {
	set := func(d time.Duration) error {
		_, err := s.Host.Run(ctx, "date", "-s", fmt.Sprintf("@%d", time.Now().Add(d).Unix()))
		return err
	}
	err := set(time.Hour)
	for _, step := range []func() error{
		func() error { return pause(ctx, away/2) },
		func() error { return s.Elasticsearch.Stop(ctx) },
		func() error { return set(-time.Hour) },
		func() error { return pause(ctx, away/2) },
		func() error { return s.systemctl(ctx, "restart") },
		func() error { return pause(ctx, away/2) },
	} {
		if err != nil {
			break
		}
		err = step()
	}
	return errors.Join(err, set(0), s.Elasticsearch.Start(ctx))
}
