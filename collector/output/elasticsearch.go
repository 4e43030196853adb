package output

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"
	"github.com/klauspost/compress/gzip"

	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// requestTime is how long a bulk request may take. The server waits up to a minute for shards by itself; giving up
// earlier would send documents twice that are stored in the end.
const requestTime = 90 * time.Second

// ElasticsearchConfig says how to reach Elasticsearch and what to keep while it is away.
type ElasticsearchConfig struct {
	Connection
	Name      string            // of the output, in logs and figures; empty is elasticsearch
	Documents *schema.Documents // what is written; nil is flows
	Index     string            // name written to: an index, an alias or a data stream
	// Setup makes template and target before the first document, where they are missing: TargetAuto or another one of the targets. Empty:
	// somebody else does.
	Setup   string
	Gzip    bool // compress bodies
	Workers int  // requests at a time; at least 1
	Queue   Queue
	Pool    *Pool
	// Spool keeps batches on disk before they are sent; nil: they wait in Queue only. The output closes it.
	Spool *spool.Spool
	// DeadLetters is where documents go that Elasticsearch refuses for good; an empty path: nowhere.
	DeadLetters DeadLetterConfig
	// Retention bounds what flows take on Elasticsearch's disks.
	Retention RetentionConfig
	// RetryFirst and RetryMost bound the time between tries; 0 is 250 ms and 30 s.
	RetryFirst, RetryMost time.Duration
}

// Elasticsearch sends buffers as bulk requests. A buffer is sent until every document is stored or refused for good.
// When the connection breaks after a request was sent, it is sent again: documents may then be stored twice, but none
// is lost.
type Elasticsearch struct {
	*sender
	client  *Client
	config  ElasticsearchConfig
	limiter *limiter
	target  target

	compressors compressors

	// While the last request failed, or nobody knows whether the target is fit, only the holder of the turn sends one: an outage is probed, not
	// stormed.
	turn      chan struct{}
	down      atomic.Bool
	tries     atomic.Int32 // requests that failed in a row
	contacted atomic.Bool
	passedOn  atomic.Bool // the spool is the heir's

	spoolError string // why the spool takes nothing; guarded by mu
	spoolLog   time.Time

	dead  *deadLetters // nil: none
	guard *guard       // nil: none

	// Of the first worker only: looks at the server's root before the first request.
	greets    int
	greetAt   time.Time
	ungreeted bool // the last look at the server failed
}

// NewElasticsearch checks the configuration and starts the senders. It does not wait for the server: whether that
// can be reached shows in Stats.
func NewElasticsearch(c ElasticsearchConfig) (*Elasticsearch, error) {
	c.Workers, c.Name = max(c.Workers, 1), cmp.Or(c.Name, "elasticsearch")
	if c.Documents == nil {
		c.Documents = schema.Flows
	}
	c.Idle = c.Workers
	client, err := NewClient(c.Connection)
	if err != nil {
		return nil, err
	}
	e := &Elasticsearch{config: c, client: client, limiter: newLimiter(c.Workers), turn: make(chan struct{}, 1), compressors: newCompressors(c.Workers)}
	if e.dead, err = openDeadLetters(c.DeadLetters, c.Logger); err != nil {
		return nil, err
	}
	if e.guard, err = startGuard(c, client); err != nil {
		return nil, errors.Join(err, e.dead.close())
	}
	e.sender = newSender(c.Name, c.Queue, c.Pool, c.Logger, backoff{c.RetryFirst, c.RetryMost})
	e.what = c.Documents.Plural
	if c.Spool == nil {
		e.start(c.Workers, e.deliver, e.greet)
	} else {
		e.startSpooled(c.Workers)
	}
	return e, nil
}

// Stats implements Sink.
func (e *Elasticsearch) Stats() []Stats {
	// In the order that documents move: what does so in between is then seen twice, not nowhere.
	held := e.held()
	var kept spool.Held
	own := e.config.Spool != nil && !e.passedOn.Load()
	if own {
		kept = e.config.Spool.Held()
	}
	all := e.figures(held)
	s := &all[0]
	s.Duplicates, s.DeadLetters, s.Limit, s.Retention = e.duplicates.Load(), e.dead.stats(), e.limiter.current(), e.guard.figures()
	if own {
		e.addSpool(s, kept)
	}
	s.Unreached = e.config.Spool == nil && !e.contacted.Load()
	return all
}

// Spool is where batches wait on disk, or nil.
func (e *Elasticsearch) Spool() *spool.Spool { return e.config.Spool }

// Alive implements Sink.
func (e *Elasticsearch) Alive() error {
	if err := errors.Join(e.sender.Alive(), e.guard.alive()); err != nil || e.config.Spool == nil {
		return err
	}
	return e.config.Spool.Alive()
}

// PassOn implements heritable. A spool that both have is the heir's, and what is in it is the heir's to tell.
func (e *Elasticsearch) PassOn(heir Sink) {
	next, ok := heir.(*Elasticsearch)
	e.passedOn.Store(ok && next.config.Spool == e.config.Spool)
}

// Retire implements heritable. What is in a spool of its own goes over to the heir's, if it has one.
func (e *Elasticsearch) Retire(ctx context.Context, heir Sink) error {
	next, ok := heir.(*Elasticsearch)
	err := e.sender.Retire(ctx, heir)
	if e.config.Spool != nil && !e.passedOn.Load() && e.ended.Load() {
		if ok && next.config.Spool != nil {
			err = errors.Join(err, next.config.Spool.Take(ctx, e.config.Spool))
		}
		if left := e.config.Spool.Held().Documents; left > 0 {
			e.logger.Warn("flows stay in the spool of before: they are sent once output.elasticsearch.spool.directory names it again", "directory", e.config.Spool.Directory(), "flows", left)
		}
	}
	return errors.Join(err, e.letGo(e.release))
}

// Close implements Sink. What is in the spool is sent as long as Elasticsearch takes it, and kept otherwise.
func (e *Elasticsearch) Close(ctx context.Context) error {
	return errors.Join(e.sender.Close(ctx), e.letGo(e.release))
}

// release closes what the senders used.
func (e *Elasticsearch) release() (err error) {
	e.guard.close()
	if e.config.Spool != nil && !e.passedOn.Load() {
		err = e.config.Spool.Close()
	}
	e.client.Close()
	return errors.Join(err, e.dead.close())
}

// part is a run of documents that is sent in one request.
type part struct {
	data []byte // nil while only the sealed form is there
	docs int

	sealed []byte // as it is sent; nil: to be made from data
	gzip   bool   // sealed is compressed
}

// deliver sends one buffer until each document is settled. It works inside the buffer: documents that are to be sent
// again are moved to its front. What is compressed does not need the buffer any more, and can be opened: the next batch is gathered in it
// while this one is sent.
func (e *Elasticsearch) deliver(w *worker, b *Buffer) {
	p := part{data: b.data, docs: b.docs}
	if err := e.seal(w, &p); err == nil && p.gzip {
		p.data = nil
		e.pool.reclaim(b)
	}
	e.leaveParts(w, e.deliverAll(w, p), b.since)
}

// deliverAll sends parts until each of their documents is settled. It returns what is left when the time to stop is over, or when a packer
// is to try the spool again.
func (e *Elasticsearch) deliverAll(w *worker, parts ...part) (left []part) {
	for len(parts) > 0 {
		last := len(parts) - 1
		p := &parts[last]
		settled, split := e.settle(w, p)
		switch {
		case split:
			half := p.docs / 2
			at := skipDocuments(p.data, half)
			first, second := part{data: p.data[:at], docs: half}, part{data: p.data[at:], docs: p.docs - half}
			parts = append(parts[:last], second, first)
		case !settled:
			return parts
		default:
			parts = parts[:last]
		}
	}
	return nil
}

// leaveParts ends the account of parts that were not stored while there was time. The last of them comes first.
func (e *Elasticsearch) leaveParts(w *worker, parts []part, since time.Time) {
	bodies := make([][]byte, 0, len(parts))
	for i := range parts {
		if p := &parts[len(parts)-1-i]; p.open() == nil {
			bodies = append(bodies, p.data)
		}
	}
	if len(parts) > 0 {
		w.leave(documents(parts), since, bodies...)
	}
}

func documents(parts []part) (n int) {
	for _, p := range parts {
		n += p.docs
	}
	return n
}

// seal makes the form that is sent.
func (e *Elasticsearch) seal(w *worker, p *part) (err error) {
	switch {
	case p.sealed != nil:
	case e.config.Gzip:
		p.gzip = true
		w.sealed, err = e.compressors.append(w.sealed[:0], p.data)
		p.sealed = w.sealed
	default:
		p.gzip, p.sealed = false, p.data
	}
	return err
}

// open makes the documents accessible again. What is sealed may be read by others: a copy is opened.
func (p *part) open() error {
	if p.data != nil {
		return nil
	}
	if !p.gzip {
		p.data = bytes.Clone(p.sealed)
		return nil
	}
	r, err := gzip.NewReader(bytes.NewReader(p.sealed))
	if err == nil {
		p.data, err = io.ReadAll(r)
	}
	return err
}

// settle sends one part until it is settled, unless the time to stop is over before, or this is a packer and one request did not do. Split
// says that the part is too large for one request, or that one of its documents makes Elasticsearch refuse all.
func (e *Elasticsearch) settle(w *worker, p *part) (settled, split bool) {
	tries := 0 // answers in a row that left documents to send again, though Elasticsearch is there
	for {
		if err := e.seal(w, p); err != nil { // cannot happen when writing to memory
			w.reject("compression", err.Error(), p.docs)
			return true, false
		}
		if !e.take(w) {
			return false, false
		}
		sent := time.Now()
		v := e.attempt(w, p)
		if v.overload {
			e.limiter.overloaded(sent)
		}
		if v.cause != "" {
			wait := 0
			switch {
			case w.abort.Err() != nil: // a request cut off while stopping is no news about Elasticsearch
			case v.cause == causeOverloaded: // it is there: others go on, fewer at a time
				tries++
				wait = tries
				e.fail(v.cause, v.text)
			default:
				e.bad(v.cause, v.text)
				wait = int(e.tries.Load())
			}
			ok := w.packs || w.pause(wait) // a packer pauses before it tries the spool
			e.give(w)
			if !ok || w.packs || e.leaves() {
				return false, false
			}
			if !v.unsent {
				w.retried.Add(uint64(p.docs))
			}
			continue
		}
		if v.tooLarge || v.refused != "" || v.items != nil {
			if err := p.open(); err != nil { // it has a checksum of its own
				e.good(w)
				w.reject("compression", err.Error(), p.docs)
				return true, false
			}
		}
		switch {
		case v.tooLarge:
			e.good(w)
			if p.docs > 1 {
				return false, true
			}
			e.refuse(w, item{Status: http.StatusRequestEntityTooLarge, Error: &itemError{Type: "too_large", Reason: fmt.Sprintf("one document of %d bytes (413)", len(p.data))}}, p.data)
			return true, false
		case v.refused != "":
			e.good(w)
			if p.docs > 1 {
				return false, true // to find the one that is at fault
			}
			e.refuse(w, item{Status: http.StatusBadRequest, Error: &itemError{Type: "bad_request", Reason: v.refused}}, p.data)
			return true, false
		}
		// Elasticsearch took the request and answered for each document.
		if !v.overload {
			e.limiter.stored()
		}
		kept := e.tally(w, p, v.items)
		if kept == 0 {
			e.good(w)
			return true, false
		}
		p.sealed = nil
		tries++
		if v.itemCause == causeNoIndex {
			e.target.known.Store(false)
		}
		e.give(w)
		e.fail(v.itemCause, v.itemText)
		if w.packs || !w.pause(tries) { // the spool may take the rest
			return false, false
		}
		w.retried.Add(uint64(kept))
	}
}

// alone says that one request at a time is enough, to find out.
func (e *Elasticsearch) alone() bool { return e.down.Load() || !e.target.known.Load() }

// take waits until a request may be sent: for its place among those in flight, and for the turn where that counts. It returns false when the
// time to stop is over. A packer does not wait for long, and for the turn not at all: its disk may work again. It takes it when it is free,
// as those that empty the spool may have nothing to find out with.
func (e *Elasticsearch) take(w *worker) bool {
	alive := func() { w.beat.Beat(idleWait + grace) }
	ctx := e.abort
	if w.packs {
		patience := grace
		if e.alone() {
			patience = idleWait
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	if !e.limiter.acquire(ctx, alive) {
		return false
	}
	for e.abort.Err() == nil && (w.packs || e.heir.Load() == nil) {
		if !e.alone() {
			return true
		}
		if w.packs {
			select {
			case e.turn <- struct{}{}:
				w.turn = true
				return true
			default:
			}
			break
		}
		alive()
		t := time.NewTimer(idleWait)
		select {
		case e.turn <- struct{}{}:
			t.Stop()
			w.turn = true
			return true
		case <-e.abort.Done():
		case <-t.C:
		}
		t.Stop()
	}
	e.limiter.release()
	return false
}

// give ends what take began.
func (e *Elasticsearch) give(w *worker) {
	e.pass(w)
	e.limiter.release()
}

// pass passes the turn on if this worker has it.
func (e *Elasticsearch) pass(w *worker) {
	if w.turn {
		w.turn = false
		<-e.turn
	}
}

func (e *Elasticsearch) good(w *worker) {
	e.contacted.Store(true)
	e.tries.Store(0)
	e.down.Store(false)
	e.give(w)
	e.recovered()
}

func (e *Elasticsearch) bad(cause, text string) {
	e.down.Store(true)
	e.tries.Add(1)
	e.fail(cause, text)
}

// greet looks at the server and the target once there is no work, so that a wrong address, a wrong password or a missing template shows
// before the first flow arrives.
func (e *Elasticsearch) greet(w *worker) {
	if e.contacted.Load() && e.target.known.Load() || time.Now().Before(e.greetAt) || e.stopping() {
		return
	}
	select {
	case e.turn <- struct{}{}:
		w.turn = true
		defer e.pass(w)
	default: // another one finds out
		return
	}
	began := time.Now()
	e.greets++
	e.greetAt = time.Now().Add(e.retry.delay(e.greets))
	w.beat.Beat(lookTime + grace)
	var cause, text string
	r, err := e.client.do(w.abort, http.MethodGet, "/", nil)
	switch {
	case err != nil:
		cause, text = e.lookProblem(err)
	case !r.ok() && r.status != http.StatusForbidden: // a role that may only write need not be allowed to see the root
		cause, text = e.statusProblem(r.status, r.body)
	default:
		cause, text = e.look(w)
	}
	switch {
	case w.abort.Err() != nil:
	case cause != "":
		e.ungreeted = true
		e.fail(cause, text)
	default:
		e.contacted.Store(true)
		if e.ungreeted { // what a request for documents ran into is not over because the server answers
			e.ungreeted = false
			e.recoveredBy(began)
		}
	}
}

// attempt makes one request, after a look at the target where that is not known.
func (e *Elasticsearch) attempt(w *worker, p *part) verdict {
	if w.turn && !e.target.known.Load() {
		if cause, text := e.look(w); cause != "" {
			return verdict{cause: cause, text: text, unsent: true}
		}
	}
	return e.send(w, p)
}

// send makes one bulk request and judges the answer.
func (e *Elasticsearch) send(w *worker, p *part) verdict {
	ctx, cancel := context.WithTimeout(w.abort, requestTime)
	defer cancel()
	// The client lets the first request wait for another one's look at the server's root.
	w.beat.Beat(2*requestTime + grace)
	e.requests.Add(1)
	header := http.Header{"Content-Type": {"application/x-ndjson"}}
	if p.gzip {
		header.Set("Content-Encoding", "gzip")
	}
	res, err := esapi.BulkRequest{
		Index:      e.config.Index,
		Body:       bytes.NewReader(p.sealed),
		FilterPath: []string{"errors", "items.*.status", "items.*.error.type", "items.*.error.reason", "items.*.error.caused_by.reason", "error", "status"},
		Header:     header,
	}.Do(ctx, e.client)
	if err != nil {
		return unanswered(err)
	}
	defer drainBody(res.Body)
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return unanswered(err)
	}
	v := e.judge(res.StatusCode, res.Header, answer, p.docs)
	if v.cause == "" && !v.tooLarge && v.refused == "" {
		e.sentBytes.Add(uint64(len(p.sealed)))
	}
	return v
}

// unanswered is the verdict where there was no answer.
func unanswered(err error) verdict {
	cause, text := connectionProblem(err)
	return verdict{cause: cause, text: text, overload: cause == "timeout"}
}
