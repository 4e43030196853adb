package output

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	elasticsearch "github.com/elastic/go-elasticsearch/v7"
	"github.com/elastic/go-elasticsearch/v7/esapi"
	"github.com/klauspost/compress/gzip"

	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
)

const (
	// requestTime is how long a bulk request may take. The server waits up to a minute for shards by itself; giving up
	// earlier would send documents twice that are stored in the end.
	requestTime = 90 * time.Second
	dialTime    = 10 * time.Second
	// answerLimit bounds what is read of an answer: about 100 bytes an item, and errors.
	answerLimit = 64 << 20
)

// ElasticsearchConfig says how to reach Elasticsearch and what to keep while it is away.
type ElasticsearchConfig struct {
	Addresses []string // URLs of nodes of one cluster
	Username  string   // for messages
	// Secrets reads how to prove who this is. It is called again when Elasticsearch refuses what it said before; nil: nothing is proven.
	Secrets func() (Secrets, error)
	// PEM files, which are read again when they change. CAFile has certificates that sign the servers'; empty is the system's. The others are
	// what is shown to servers that ask; empty shows none.
	CAFile, ClientCertificateFile, ClientKeyFile string
	Index                                        string // name written to: an index, an alias or a data stream
	Gzip                                         bool   // compress bodies
	Workers                                      int    // requests at a time; at least 1
	UserAgent                                    string // what the server's logs call this client
	Queue                                        Queue
	Pool                                         *Pool
	// Spool keeps batches on disk before they are sent; nil: they wait in Queue only. The output closes it.
	Spool *spool.Spool
	// DeadLetters is where documents go that Elasticsearch refuses for good; an empty path: nowhere.
	DeadLetters DeadLetterConfig
	// RetryFirst and RetryMost bound the time between tries; 0 is 250 ms and 30 s.
	RetryFirst, RetryMost time.Duration
	Logger                *slog.Logger
}

// Elasticsearch sends buffers as bulk requests. A buffer is sent until every document is stored or refused for good.
// When the connection breaks after a request was sent, it is sent again: documents may then be stored twice, but none
// is lost.
type Elasticsearch struct {
	*sender
	client    *elasticsearch.Client
	transport *transport
	config    ElasticsearchConfig

	// While the last request failed, only the holder of the turn sends one: an outage is probed, not stormed.
	turn      chan struct{}
	down      atomic.Bool
	tries     atomic.Int32 // requests that failed in a row
	contacted atomic.Bool

	spoolError string // why the spool takes nothing; guarded by mu
	spoolLog   time.Time

	dead *deadLetters // nil: none

	// Of the first worker only: looks at the server's root before the first request.
	greets  int
	greetAt time.Time
}

// NewElasticsearch checks the configuration and starts the senders. It does not wait for the server: whether that
// can be reached shows in Stats.
func NewElasticsearch(c ElasticsearchConfig) (*Elasticsearch, error) {
	transport, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	if c.UserAgent != "" {
		header.Set("User-Agent", c.UserAgent)
	}
	e := &Elasticsearch{config: c, transport: transport, turn: make(chan struct{}, 1)}
	e.client, err = elasticsearch.NewClient(elasticsearch.Config{
		Addresses: c.Addresses, Header: header,
		DisableRetry: true, // the senders retry, with the state of each document in view
		Transport:    plainEOF{transport},
	})
	if err != nil {
		return nil, fmt.Errorf("unable to use output.elasticsearch.addresses: %w", err)
	}
	if e.dead, err = openDeadLetters(c.DeadLetters, c.Logger); err != nil {
		return nil, err
	}
	e.sender = newSender("elasticsearch", c.Queue, c.Pool, c.Logger, backoff{c.RetryFirst, c.RetryMost})
	if c.Spool == nil {
		e.start(max(c.Workers, 1), e.deliver, e.greet)
	} else {
		e.startSpooled(max(c.Workers, 1))
	}
	return e, nil
}

// Stats implements Sink.
func (e *Elasticsearch) Stats() []Stats {
	var kept spool.Held
	if e.config.Spool != nil {
		kept = e.config.Spool.Held() // before the counters, as in the sender
	}
	all := e.sender.Stats()
	s := &all[0]
	s.Duplicates, s.DeadLetters = e.duplicates.Load(), e.dead.stats()
	if e.config.Spool != nil {
		e.addSpool(s, kept)
	}
	return all
}

// Close implements Sink. What is in the spool is sent as long as Elasticsearch takes it, and kept otherwise.
func (e *Elasticsearch) Close(ctx context.Context) error {
	err := e.sender.Close(ctx)
	if e.config.Spool != nil {
		err = errors.Join(err, e.config.Spool.Close())
	}
	return errors.Join(err, e.dead.close())
}

// compressor holds what one worker needs to compress bodies.
type compressor struct {
	buffer bytes.Buffer
	gz     *gzip.Writer
}

// compress returns the compressed form of data, which is good until the next call.
func (c *compressor) compress(data []byte) ([]byte, error) {
	c.buffer.Reset()
	if c.gz == nil {
		var err error
		if c.gz, err = gzip.NewWriterLevel(&c.buffer, gzip.BestSpeed); err != nil {
			return nil, err
		}
	} else {
		c.gz.Reset(&c.buffer)
	}
	if _, err := c.gz.Write(data); err != nil {
		return nil, err
	}
	if err := c.gz.Close(); err != nil {
		return nil, err
	}
	return c.buffer.Bytes(), nil
}

// part is a run of documents that is sent in one request.
type part struct {
	data []byte // nil while only the sealed form is there
	docs int

	sealed []byte // as it is sent; nil: to be made from data
	gzip   bool   // sealed is compressed
}

// deliver sends one buffer until each document is settled. It works inside the buffer: documents that are to be sent
// again are moved to its front.
func (e *Elasticsearch) deliver(w *worker, b *Buffer) {
	if left := documents(e.deliverAll(w, part{data: b.data, docs: b.docs})); left > 0 {
		e.abandon(left)
	}
}

// deliverAll sends parts until each of their documents is settled. It returns what is left when the time to stop is over, or when a packer
// finds that Elasticsearch is away.
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
		p.sealed, err = w.gzip.compress(p.data)
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

// settle sends one part until it is settled, unless the time to stop is over before, or this is a packer and Elasticsearch is away. Split
// says that the part is too large for one request, or that one of its documents makes Elasticsearch refuse all.
func (e *Elasticsearch) settle(w *worker, p *part) (settled, split bool) {
	partial := 0 // answers in a row that left single documents to send again
	for {
		if err := e.seal(w, p); err != nil { // cannot happen when writing to memory
			e.reject("compression", err.Error(), p.docs)
			return true, false
		}
		if w.packs && e.down.Load() || !e.take(w) {
			return false, false
		}
		v := e.send(w, p)
		if v.cause != "" {
			// While stopping, a request cut off is no news about Elasticsearch.
			if w.abort.Err() == nil {
				e.bad(v.cause, v.text)
			}
			ok := w.pause(int(e.tries.Load()))
			e.give(w)
			if !ok || w.packs || e.leaves() {
				return false, false
			}
			w.retried.Add(uint64(p.docs))
			continue
		}
		if v.tooLarge || v.refused != "" || v.items != nil {
			if err := p.open(); err != nil { // it has a checksum of its own
				e.reject("compression", err.Error(), p.docs)
				return true, false
			}
		}
		switch {
		case v.tooLarge:
			e.good(w)
			if p.docs > 1 {
				return false, true
			}
			e.refuse(item{Status: http.StatusRequestEntityTooLarge, Error: &itemError{Type: "too_large", Reason: fmt.Sprintf("one document of %d bytes (413)", len(p.data))}}, p.data)
			return true, false
		case v.refused != "":
			e.good(w)
			if p.docs > 1 {
				return false, true // to find the one that is at fault
			}
			e.refuse(item{Status: http.StatusBadRequest, Error: &itemError{Type: "bad_request", Reason: v.refused}}, p.data)
			return true, false
		}
		// Elasticsearch took the request and answered for each document.
		kept := e.account(p, v.items)
		if kept == 0 {
			e.good(w)
			return true, false
		}
		p.sealed = nil
		partial++
		e.give(w)
		e.fail(v.itemCause, v.itemText)
		if !w.pause(partial) {
			return false, false
		}
		w.retried.Add(uint64(kept))
	}
}

// take waits for the turn while Elasticsearch is away. It returns false when the time to stop is over.
func (e *Elasticsearch) take(w *worker) bool {
	for {
		if e.abort.Err() != nil {
			return false
		}
		if !e.down.Load() {
			return true
		}
		w.beat.Beat(idleWait + grace)
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
}

// give passes the turn on if this worker has it.
func (e *Elasticsearch) give(w *worker) {
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

// greet asks for the server's root once there is no work, so that a wrong address or password shows before the first
// flow arrives.
func (e *Elasticsearch) greet(w *worker) {
	if e.contacted.Load() || time.Now().Before(e.greetAt) {
		return
	}
	e.greets++
	e.greetAt = time.Now().Add(e.retry.delay(e.greets))
	ctx, cancel := context.WithTimeout(w.abort, 2*dialTime)
	defer cancel()
	w.beat.Beat(2*dialTime + grace)
	res, err := esapi.InfoRequest{}.Do(ctx, e.client)
	if err != nil {
		if w.abort.Err() == nil {
			e.fail(connectionProblem(err))
		}
		return
	}
	defer drainBody(res.Body)
	switch {
	case res.StatusCode == http.StatusForbidden, res.StatusCode < 300:
		// A role that may only write need not be allowed to see the root.
		e.contacted.Store(true)
		e.recovered()
	default:
		answer, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // the status says enough
		e.fail(e.statusProblem(res.StatusCode, answer))
	}
}

func drainBody(body io.ReadCloser) {
	// For the connection to be used again; nothing depends on it.
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 1<<20))
	_ = body.Close()
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
		cause, text := connectionProblem(err)
		return verdict{cause: cause, text: text}
	}
	defer drainBody(res.Body)
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		cause, text := connectionProblem(err)
		return verdict{cause: cause, text: text}
	}
	v := e.judge(res.StatusCode, res.Header, answer, p.docs)
	if v.cause == "" && !v.tooLarge && v.refused == "" {
		e.sentBytes.Add(uint64(len(p.sealed)))
	}
	return v
}

// connectionProblem names why there was no answer.
func connectionProblem(err error) (cause, text string) {
	var (
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		timeout net.Error
		dns     *net.DNSError
		sys     *os.SyscallError
		record  tls.RecordHeaderError
	)
	const away = "Elasticsearch away: "
	switch {
	case errors.As(err, &unknown):
		return "tls", "Elasticsearch's certificate is signed by an unknown authority: set output.elasticsearch.ca_file"
	case errors.As(err, &host), errors.As(err, &invalid):
		return "tls", "Elasticsearch's certificate is not accepted: " + err.Error()
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "tls", "Elasticsearch does not speak TLS at this address: use http:// in output.elasticsearch.addresses"
	case strings.Contains(err.Error(), "the client noticed that the server is not"):
		return "not_elasticsearch", "the server at output.elasticsearch.addresses is not Elasticsearch 7, or a proxy removes the X-Elastic-Product header"
	case strings.Contains(err.Error(), "cannot retrieve informations from Elasticsearch"):
		return "server_error", away + "it is not ready"
	case errors.As(err, &dns):
		return "connection", away + "unable to resolve " + dns.Name
	case errors.As(err, &sys):
		return "connection", away + sys.Err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout", away + "no answer in time"
	}
	return "connection", away + err.Error()
}
