package output

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// idleWait is how long a sender without work waits before it gives a sign of life.
	idleWait = time.Second
	// grace is added to the time a step may take before a sender counts as stuck.
	grace = 10 * time.Second
	// cancelTime is what cancelled work gets to come to its end.
	cancelTime = 2 * time.Second
	// firstWait is the same before the server was first asked whether it is there.
	firstWait = 10 * time.Millisecond
	// diskTime is how long a step may take that waits for a disk before its goroutine counts as stuck.
	diskTime = 2 * time.Minute
	// logEvery is how often a condition that lasts is logged again.
	logEvery = 30 * time.Second
)

// sender is what sinks with a queue have in common: accounting, the goroutines that empty the queue, waiting between
// tries, the problem of the moment, and the drain at the end.
type sender struct {
	name   string
	what   string // it stores, as users call it
	queue  Queue
	pool   *Pool
	logger *slog.Logger
	retry  backoff

	sent, sentBytes, requests, retried, duplicates atomic.Uint64
	dropped, rejected, failures                    counters
	account                                        account

	mu          sync.Mutex
	problem     Problem
	problemLog  time.Time // when the problem was last logged
	failedAt    time.Time // when something last failed
	refused     int       // documents refused since the last line about it
	refusedLog  time.Time
	rejectedN   int // documents rejected since the last line about it
	rejectedLog time.Time

	beats    heartbeat.Group
	workers  sync.WaitGroup
	ended    atomic.Bool          // all workers have come to their end
	hangs    atomic.Bool          // one of them had not when the time to stop was over
	draining chan struct{}        // closed when the sink is told to stop
	stopOnce sync.Once            // closes draining
	heir     atomic.Pointer[Sink] // who gets what is not stored; nil: nobody
	abort    context.Context      // ends the work of all goroutines when the time to drain is over.
	cancel   context.CancelFunc
}

func newSender(name string, queue Queue, pool *Pool, logger *slog.Logger, retry backoff) *sender {
	s := &sender{
		name: name, what: "flows", queue: queue, pool: pool, logger: logger.With("output", name), retry: retry.orDefault(),
		draining: make(chan struct{}),
	}
	s.abort, s.cancel = context.WithCancel(context.Background())
	// Counters begin at 0, not with the first loss: a rate over them sees that one too.
	for _, cause := range []string{CauseBufferFull, CauseRejected, CauseShutdown} {
		s.dropped.add(cause, 0)
	}
	return s
}

// start runs n goroutines that give each buffer of the queue to deliver. Deliver settles every document of the
// buffer: its worker counts it as sent or dropped. Idle, if any, is called by the first goroutine while there is no work.
func (s *sender) start(n int, deliver func(*worker, *Buffer), idle func(*worker)) {
	for i := range n {
		w := &worker{sender: s, beat: heartbeat.New(fmt.Sprintf("%s sender %d", s.name, i+1), idleWait+grace)}
		s.beats = append(s.beats, w.beat)
		s.account.hands = append(s.account.hands, w)
		s.workers.Go(func() {
			defer w.beat.Rest() // finished
			wait := idleWait
			if i == 0 && idle != nil {
				wait = firstWait
			}
			for {
				w.beat.Beat(idleWait + grace)
				b, err := s.queue.Get(wait)
				wait = idleWait
				switch {
				case err != nil, s.isOver():
					return
				case b != nil && s.heir.Load() != nil:
					s.bequeath(b)
				case b != nil:
					deliver(w, b)
					w.finish(b)
				case i == 0 && idle != nil:
					idle(w)
				}
			}
		})
	}
}

// worker is one goroutine of a sender.
type worker struct {
	*sender
	beat    *heartbeat.Heartbeat
	sealed  []byte // for sinks that compress: room for one body
	packs   bool   // for sinks with a spool: this one appends to it,
	empties bool   // or sends what is in it
	turn    bool   // for sinks that take turns while the server is away

	counted int      // documents of the buffer in hand that are in a counter; guarded by account.mu
	late    bool     // something was not counted, because the account is closed
	batch   []func() // for one that empties the spool: what there is to count once its batch is settled
}

// pause waits before try number n (from 1). It returns false when the time to drain is over. A pause ends early
// when the sink is told to stop, and pauses are short from then on.
func (w *worker) pause(n int) bool {
	d := w.retry.delay(n)
	stopping := w.draining
	if w.heir.Load() != nil {
		return false
	}
	if w.stopping() {
		d = min(d, w.retry.first)
		stopping = nil
	}
	w.beat.Beat(d + grace)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-stopping:
	case <-w.abort.Done():
	}
	return w.abort.Err() == nil && w.heir.Load() == nil
}

func (s *sender) stopping() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// Put implements Sink.
func (s *sender) Put(b *Buffer) bool {
	if s.queue.Put(b) {
		return true
	}
	heir := s.heir.Load()
	return heir != nil && (*heir).Put(b)
}

// Refuse implements Sink.
func (s *sender) Refuse(docs int) {
	s.dropped.add(CauseBufferFull, docs)
	s.mu.Lock()
	s.refused += docs
	n, say := s.refused, time.Since(s.refusedLog) >= logEvery
	if say {
		s.refused, s.refusedLog = 0, time.Now()
	}
	s.mu.Unlock()
	if say {
		h := s.queue.Held()
		s.logger.Error("buffer is full, "+s.what+" are dropped", "dropped_"+s.what, n, "buffered_bytes", h.Bytes, "limit_bytes", h.Limit)
	}
}

// Close implements Sink.
func (s *sender) Close(ctx context.Context) error {
	s.queue.Close()
	s.stopOnce.Do(func() { close(s.draining) })
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	defer s.cancel()
	done := make(chan struct{})
	go func() { s.workers.Wait(); s.ended.Store(true); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		// Requests are cancelled now; a write to a pipe that nobody reads cannot be.
		select {
		case <-done:
		case <-time.After(cancelTime):
			s.closeAccount()
		}
	}
	if n := s.dropped.snapshot()[CauseShutdown]; n > 0 {
		return fmt.Errorf("%s: %d %s were not stored when the time to stop was over", s.name, n, s.what)
	}
	return nil
}

// letGo runs release, which ends the use of files, once all workers have come to their end: at once, as a rule. Where a write hangs past the time
// to stop nobody else may have what it writes to until it goes on, however long that takes.
func (s *sender) letGo(release func() error) error {
	if s.ended.Load() {
		return release()
	}
	if s.hangs.Swap(true) {
		return nil
	}
	s.logger.Error("a write hangs, though the time to stop is over: what it writes to is in use until it goes on")
	go func() {
		s.workers.Wait()
		if err := release(); err != nil {
			s.logger.Error("a write that hung has come to its end", "error", err)
			return
		}
		s.logger.Info("a write that hung has come to its end: what it wrote to is free again")
	}()
	return nil
}

// PassOn implements heritable: nothing is shared.
func (s *sender) PassOn(Sink) {}

// Retire implements heritable.
func (s *sender) Retire(ctx context.Context, heir Sink) error {
	s.heir.Store(&heir)
	s.queue.Close()
	for { // what waits, whatever the senders do meanwhile
		b, err := s.queue.Get(0)
		if b == nil || err != nil {
			return s.Close(ctx)
		}
		s.bequeath(b)
	}
}

// leave ends the account of documents, as a bulk body, that could not be stored while there was time: the heir gets a copy, or they are counted
// as dropped.
func (w *worker) leave(docs int, since time.Time, bodies ...[]byte) {
	heir := w.heir.Load()
	if heir == nil || docs == 0 {
		w.abandon(docs)
		return
	}
	b := w.pool.Get()
	b.docs, b.since = docs, since
	for _, body := range bodies {
		b.data = append(b.data, body...)
	}
	if !w.count(docs, func() { w.pool.give(*heir, b) }) {
		w.pool.Put(b)
	}
}

// Alive implements Sink.
func (s *sender) Alive() error { return s.beats.Err() }

// Stats implements Sink.
func (s *sender) Stats() []Stats {
	return s.figures(s.held()) // before the counters: what is settled in between is then seen twice, not nowhere
}

func (s *sender) figures(held Held) []Stats {
	s.mu.Lock()
	problem := s.problem
	s.mu.Unlock()
	return []Stats{{
		Name: s.name, Sent: s.sent.Load(), SentBytes: s.sentBytes.Load(), Requests: s.requests.Load(),
		Retried: s.retried.Load(), Dropped: s.dropped.snapshot(), Rejected: s.rejected.snapshot(),
		Errors: s.failures.snapshot(), Held: held, Problem: problem,
	}}
}

// fail records what keeps the sink from delivering, and logs it when it is new and then from time to time.
func (s *sender) fail(cause, text string) {
	s.failures.add(cause, 1)
	now := time.Now()
	s.mu.Lock()
	say := s.problem.Cause != cause || now.Sub(s.problemLog) >= logEvery
	if s.problem.Cause == "" {
		s.problem.Since = now
	}
	s.problem.Cause, s.problem.Text, s.failedAt = cause, text, now
	if say {
		s.problemLog = now
	}
	since := s.problem.Since
	s.mu.Unlock()
	if say {
		h := s.queue.Held()
		s.logger.Warn(text, "cause", cause, "for", now.Sub(since).Round(time.Second).String(),
			"buffered_bytes", h.Bytes, "limit_bytes", h.Limit)
	}
}

// recovered ends the problem.
func (s *sender) recovered() { s.recoveredBy(time.Now()) }

// recoveredBy ends the problem, unless something failed after what shows that all is well began.
func (s *sender) recoveredBy(began time.Time) {
	s.mu.Lock()
	if s.failedAt.After(began) {
		s.mu.Unlock()
		return
	}
	was := s.problem
	s.problem = Problem{}
	s.mu.Unlock()
	if was.Cause != "" {
		s.logger.Info("output works again", "was", was.Cause, "for", time.Since(was.Since).Round(time.Second).String())
	}
}

// reject counts documents that will never be taken, with one of the reasons. It returns false when they are counted as left.
func (w *worker) reject(kind, sample string, n int) bool {
	if n == 0 {
		return true
	}
	if !w.count(n, func() {
		w.dropped.add(CauseRejected, n)
		w.rejected.add(kind, n)
	}) {
		return false
	}
	w.mu.Lock()
	w.rejectedN += n
	total, say := w.rejectedN, time.Since(w.rejectedLog) >= logEvery
	if say {
		w.rejectedN, w.rejectedLog = 0, time.Now()
	}
	w.mu.Unlock()
	if say {
		w.logger.Error(w.what+" are rejected", "rejected_"+w.what, total, "kind", kind, "sample", sample)
	}
	return true
}

// backoff is the growing, randomised time between tries.
type backoff struct{ first, most time.Duration }

func (b backoff) orDefault() backoff {
	if b.first <= 0 {
		b.first = 250 * time.Millisecond
	}
	if b.most <= 0 {
		b.most = 30 * time.Second
	}
	return b
}

// delay is the time before try number n, from 1: doubled each time, half of it random.
func (b backoff) delay(n int) time.Duration {
	d := b.first
	for ; n > 1 && d < b.most; n-- {
		d *= 2
	}
	d = min(d, b.most)
	return d/2 + rand.N(d/2+1) //nolint:gosec // G404: jitter needs no secrecy.
}
