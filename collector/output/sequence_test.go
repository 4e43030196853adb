package output

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
)

// sequence is outputs whose settings change while Elasticsearch is there or away, and the account of all of them.
type sequence struct {
	t      *testing.T
	server *fakeServer
	folder string
	log    *logBuffer
	outs   *Outputs
	rest   Named // an output that stays
	put    int   // documents put while there was Elasticsearch
	number int   // of the next document
	late   time.Duration
}

func newSequence(t *testing.T) *sequence {
	t.Helper()
	s := &sequence{t: t, server: newFakeServer(t), folder: t.TempDir(), log: &logBuffer{}, late: time.Minute}
	s.start()
	return s
}

// start begins a process without Elasticsearch.
func (s *sequence) start() {
	pool := NewPool(400, 4)
	pool.GiveIDs(true)
	s.rest, s.put = Named{"none", NewDiscard(pool, "")}, 0
	s.outs = NewOutputs(pool, s.rest)
}

// path is a spool's directory.
func (s *sequence) path(name string) string { return filepath.Join(s.folder, name) }

// have makes Elasticsearch's output, with a spool or with that of now.
func (s *sequence) have(spoolName string, change ...func(*ElasticsearchConfig)) Named {
	s.t.Helper()
	r := newRig(s.t, 400, 1<<20, func(c *ElasticsearchConfig) {
		c.Pool = s.outs.pool
		c.Queue = NewMemoryQueue(1<<20, c.Pool)
		c.Addresses, c.Workers = []string{s.server.URL}, 3
		if now, ok := s.outs.Sink("elasticsearch").(*Elasticsearch); ok && now.Spool().Uses(s.path(spoolName)) {
			c.Spool = now.Spool()
		} else {
			c.Spool = openSpool(s.t, s.path(spoolName))
		}
		for _, one := range change {
			one(c)
		}
	})
	return Named{"elasticsearch", r.sink}
}

// reload puts outputs into force, and waits for those of before to be gone.
func (s *sequence) reload(elastic ...Named) {
	s.outs.Change(append(elastic, s.rest), s.late)
	s.outs.closing.Wait()
}

// send puts documents.
func (s *sequence) send(n int) {
	if s.outs.Sink("elasticsearch") != nil {
		s.put += n
	}
	fill(s.outs, s.outs.pool, s.number, n)
	s.number += n
}

// restart is another process, that ends without waiting for Elasticsearch.
func (s *sequence) restart() {
	s.t.Helper()
	s.check("at the end of a process")
	ctx, cancel := context.WithCancel(s.t.Context())
	cancel()
	_ = s.outs.Close(ctx)
	s.start()
}

// figures are those of Elasticsearch; zero before there are any.
func (s *sequence) figures() Stats {
	for _, one := range s.outs.Stats() {
		if one.Name == "elasticsearch" {
			return one
		}
	}
	return Stats{}
}

// check holds what docs/collector.md promises, once nothing is on its way.
func (s *sequence) check(when string) Stats {
	s.t.Helper()
	for {
		f := s.figures()
		in, out := s.put, int(f.Sent)+f.lost()+f.Held.Documents
		if f.Spool != nil {
			in, out = in+int(f.Spool.Restored), out+int(f.Spool.Left)
		}
		if in == out {
			return f
		}
		if s.t.Context().Err() != nil {
			s.t.Fatalf("%s: %d documents came, %d are accounted for: %+v, spool %+v", when, in, out, f, f.Spool)
		}
		time.Sleep(time.Millisecond)
	}
}

// until waits for Elasticsearch's figures to come to something, and holds the account then.
func (s *sequence) until(what string, ok func(Stats) bool) {
	s.t.Helper()
	for f := s.figures(); !ok(f); f = s.figures() {
		if s.t.Context().Err() != nil {
			s.t.Fatalf("ended while waiting for %s: %+v, spool %+v", what, f, f.Spool)
		}
		time.Sleep(time.Millisecond)
	}
	s.check(what)
}

// spooled waits for so many documents in the spool of now.
func (s *sequence) spooled(n int) {
	s.t.Helper()
	kept := s.outs.Sink("elasticsearch").(*Elasticsearch).Spool() //nolint:forcetypeassert // it is
	s.until(fmt.Sprintf("%d in the spool", n), func(f Stats) bool { return kept.Held().Documents == n && f.Held.Documents == n })
}

func (s *sequence) stored() {
	s.t.Helper()
	s.server.does(nil, nil)
	s.until("all stored", func(f Stats) bool { return f.Held.Documents == 0 })
}

// gone expects what a removed output ended with.
func (s *sequence) gone(when string, restored, left uint64) {
	s.t.Helper()
	f := s.check(when)
	if !f.Gone || f.Held.Documents != 0 || f.Spool == nil || f.Spool.Restored != restored || f.Spool.Left != left {
		s.t.Errorf("%s: %+v, spool %+v, want %d restored and %d left", when, f, f.Spool, restored, left)
	}
}

// TestAccountOfAnOutputThatIsRemovedAndHadAgain: what stays in the spool meanwhile is neither lost nor counted twice.
func TestAccountOfAnOutputThatIsRemovedAndHadAgain(t *testing.T) {
	s := newSequence(t)
	s.server.does(away, nil)
	s.late = 10 * time.Millisecond
	s.reload(s.have("spool"))
	s.send(500)
	s.spooled(500)
	s.reload()
	s.gone("removed", 0, 500)
	s.send(100)
	s.reload(s.have("spool"))
	s.spooled(500)
	s.send(200)
	s.spooled(700)
	s.reload()
	s.gone("removed again", 500, 1200)
	s.restart()
	s.reload(s.have("spool"))
	s.spooled(700)
	s.stored()
	if f := s.figures(); f.Sent != 700 || f.Spool.Restored != 700 || f.lost() != 0 {
		t.Errorf("%+v, spool %+v", f, f.Spool)
	}
	s.restart()
}

// TestAccountOfASpoolUnderAnotherOutput: the same spool goes from one output to the next, moves, and comes back.
func TestAccountOfASpoolUnderAnotherOutput(t *testing.T) {
	s := newSequence(t)
	s.server.does(away, nil)
	s.reload(s.have("first"))
	s.send(300)
	s.spooled(300)
	s.reload(s.have("first")) // shared
	s.send(100)
	s.spooled(400)
	s.reload(s.have("second")) // goes over
	s.send(50)
	s.spooled(450)
	if err := os.Rename(s.path("second"), s.path("third")); err != nil {
		t.Fatal(err)
	}
	moved := s.have("third")
	moved.Sink.(*Elasticsearch).Spool().Change(s.path("third"), 16<<20, spool.Never) //nolint:forcetypeassert // it is
	s.reload(moved)
	s.send(50)
	s.spooled(500)
	if f := s.figures(); f.Spool.Restored+f.Spool.Left != 0 {
		t.Errorf("spool %+v", f.Spool)
	}
	s.reload(s.have("first"))
	s.spooled(500)
	s.stored()
	s.restart()
	s.server.once(t, 500)
}

// TestAccountOfAWithdrawnOutput: settings that are refused leave what is in their spool where it is.
func TestAccountOfAWithdrawnOutput(t *testing.T) {
	s := newSequence(t)
	s.server.does(away, nil)
	s.reload(s.have("other"))
	s.send(300)
	s.spooled(300)
	s.restart()
	s.outs.Withdraw(s.have("other"))
	s.check("nothing is in force")
	s.reload(s.have("spool"))
	s.send(100)
	s.spooled(100)
	s.outs.Withdraw(s.have("other"))
	s.spooled(100)
	tried := s.have("other")
	for tried.Sink.Stats()[0].Requests == 0 { // it was of use, to the metrics
		time.Sleep(time.Millisecond)
	}
	s.outs.Withdraw(tried)
	s.spooled(100)
	s.outs.Withdraw(s.have("spool"))
	s.spooled(100)
	s.stored()
	if f := s.figures(); f.Sent != 100 || f.Spool.Restored != f.Spool.Left || f.Spool.Restored%300 != 0 {
		t.Errorf("%+v, spool %+v", f, f.Spool)
	}
	s.reload(s.have("other"))
	s.until("all stored", func(f Stats) bool { return f.Sent == 400 && f.Held.Documents == 0 })
	s.restart()
}

// TestAccountOfADirectoryThatIsTakenAway: moved, replaced by an empty one, or removed, while the output goes on, is removed, or ends.
func TestAccountOfADirectoryThatIsTakenAway(t *testing.T) {
	for name, test := range map[string]struct {
		take func(path string) error
		most uint64 // how many are lost at most; what a sender has in its hands is not
	}{
		"moved away":                 {func(path string) error { return os.Rename(path, path+".away") }, 0},
		"an empty one in its place":  {func(path string) error { return replaced(os.Rename(path, path+".away"), path) }, 0},
		"removed":                    {os.RemoveAll, 500},
		"removed, and made again":    {func(path string) error { return replaced(os.RemoveAll(path), path) }, 500},
		"another one, with segments": {swapped, 0},
	} {
		for _, after := range []string{"sent", "removed", "restarted"} {
			t.Run(name+", "+after, func(t *testing.T) {
				t.Parallel()
				s := newSequence(t)
				s.server.does(away, nil)
				s.late = 10 * time.Millisecond
				s.reload(s.have("spool.other"))
				s.send(70)
				s.spooled(70)
				s.reload()
				s.reload(s.have("spool"))
				s.send(500)
				s.spooled(500)
				s.reload() // the segment is not open any more
				s.reload(s.have("spool"))
				if err := test.take(s.path("spool")); err != nil {
					t.Fatal(err)
				}
				s.send(100)
				switch after {
				case "sent":
					s.stored()
				case "removed":
					s.reload()
					if f := s.check("removed"); !f.Gone || f.Held.Documents != 0 {
						t.Errorf("%+v", f)
					}
				}
				lost := s.figures().Dropped[spool.CauseDamaged]
				if lost > test.most || lost < test.most && after == "removed" {
					t.Errorf("%d documents lost, want %d", lost, test.most)
				}
				s.restart()
				for _, directory := range []string{"spool", "spool.away", "spool.other"} {
					s.reload(s.have(directory))
					s.stored()
				}
			})
		}
	}
}

// replaced makes an empty directory.
func replaced(err error, path string) error {
	if err != nil {
		return err
	}
	return os.Mkdir(path, 0o700)
}

// swapped puts another spool in the place of one.
func swapped(path string) error {
	if err := os.Rename(path, path+".away"); err != nil {
		return err
	}
	return os.Rename(path+".other", path)
}

// TestSpoolOfAWriteThatHangs: nobody else may have it until the write goes on; then it is free, and everything in it is there once.
func TestSpoolOfAWriteThatHangs(t *testing.T) {
	s := newSequence(t)
	s.late = 10 * time.Millisecond
	pipe := fullPipe(t, s.path("letters"))
	s.server.each = func(string) (int, string) {
		return http.StatusBadRequest, `{"type":"mapper_parsing_exception","reason":"x"}`
	}
	s.reload(s.have("spool", func(c *ElasticsearchConfig) {
		c.DeadLetters = DeadLetterConfig{Path: pipe.Name()}
		c.Logger = slog.New(slog.NewTextHandler(s.log, nil))
	}))
	s.send(500)
	for !strings.Contains(s.log.String(), "flows are rejected") { // the next that this sender does is to write to the pipe
		time.Sleep(time.Millisecond)
	}
	s.reload()
	f := s.check("removed while it hangs")
	if !f.Gone || f.Spool.Left == 0 || f.DeadLetters.Written > 0 {
		t.Errorf("%+v, spool %+v", f, f.Spool)
	}
	if !strings.Contains(s.log.String(), "a write hangs, though the time to stop is over") {
		t.Errorf("log:\n%s", s.log)
	}
	if _, err := spool.Open(spool.Options{Directory: s.path("spool"), MaxBytes: 16 << 20}); err == nil ||
		!strings.Contains(err.Error(), "an output of before has not let go of it, as its disk does not answer") {
		t.Errorf("somebody else has it: %v", err)
	}

	go func() {
		for b := make([]byte, 4096); ; {
			if _, err := pipe.Read(b); err != nil {
				return
			}
		}
	}()
	for !strings.Contains(s.log.String(), "what it wrote to is free again") {
		if t.Context().Err() != nil {
			t.Fatalf("it is not let go of:\n%s", s.log)
		}
		time.Sleep(time.Millisecond)
	}
	s.check("the write goes on")
	s.server.each = nil
	s.reload(s.have("spool"))
	s.stored()
	if f := s.figures(); f.Sent != f.Spool.Restored || f.Spool.Restored != f.Spool.Left {
		t.Errorf("%+v, spool %+v", f, f.Spool)
	}
	s.restart()
}

// fullPipe makes a pipe that takes nothing until somebody reads it.
func fullPipe(t *testing.T, path string) *os.File {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() })
	raw, err := pipe.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		for _, n := range []int{4096, 1} {
			for err == nil {
				_, err = syscall.Write(int(fd), make([]byte, n))
			}
			if err == syscall.EAGAIN { //nolint:errorlint // as the system call says it
				err = nil
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	return pipe
}
