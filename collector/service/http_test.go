package service

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

// TLS comes and goes with the settings, at the same address.
func TestTLSOfHTTPIsTurnedOnAndOff(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	authority := certtest.New(t)
	files := newTLSFiles(t)
	files.put(t, authority.Server(t, "collector.example"), authority)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS13}}}
	secured := func() string {
		resp, err := client.Get("https://" + r.HTTP.String() + "/livez") //nolint:noctx // it ends with the collector
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(resp.StatusCode, resp.Body.Close())
	}
	if got := secured(); !strings.Contains(got, "server gave HTTP response to HTTPS client") {
		t.Errorf("TLS though nobody asked for it: %s", got)
	}
	r.reload(func(c *config.Config) {
		c.HTTP.TLS.CertificateFile, c.HTTP.TLS.KeyFile = files.CertificateFile, files.KeyFile
	})
	if got := secured(); got != "200 <nil>" {
		t.Errorf("with TLS: %s", got)
	}
	resp, err := http.Get("http://" + r.HTTP.String() + "/livez") //nolint:noctx // it ends with the collector
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS though it is asked for: %d", resp.StatusCode)
	}
	r.reload(func(c *config.Config) { c.HTTP.TLS = config.HTTPTLS{} })
	if code, _ := r.get("/livez"); code != http.StatusOK {
		t.Errorf("without TLS again: %d", code)
	}
}

// held is a request for /held that is under way until it may go on.
type held struct {
	t          *testing.T
	conn       net.Conn
	answers    *bufio.Reader
	begun, go1 chan struct{}
}

// hold returns a hook of runReloadable that has such requests wait in a handler, with what is served at first.
func hold(t *testing.T) (*held, func(*service)) {
	t.Helper()
	h := &held{t: t, begun: make(chan struct{}, 1), go1: make(chan struct{}, 1)}
	return h, func(s *service) {
		first := *s.http.now.Load()
		pages := first.pages
		first.pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/held" {
				pages.ServeHTTP(w, r)
				return
			}
			if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil { // the test may be slow
				t.Error(err)
			}
			h.begun <- struct{}{}
			<-h.go1
			reply(w, http.StatusOK, "held\n")
		})
		s.http.now.Store(&first)
	}
}

// ask begins the request, and waits until it is under way.
func (h *held) ask(at netip.AddrPort) {
	h.t.Helper()
	var err error
	h.conn, err = net.Dial("tcp", at.String()) //nolint:noctx // it ends at once
	must(h.t, err)
	h.t.Cleanup(func() { _ = h.conn.Close() })
	h.answers = bufio.NewReader(h.conn)
	h.send("/held")
	<-h.begun
}

func (h *held) send(path string) {
	h.t.Helper()
	_, err := io.WriteString(h.conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	must(h.t, err)
}

// answer returns the status of the next answer, and whether the connection is closed after it.
func (h *held) answer() (status int, last bool) {
	h.t.Helper()
	res, err := http.ReadResponse(h.answers, nil)
	if err != nil {
		h.t.Fatalf("there is no answer: %v", err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	must(h.t, errors.Join(err, res.Body.Close()))
	return res.StatusCode, res.Close
}

// A connection that was busy when TLS was turned on does not go on without it.
func TestNoConnectionGoesOnInClearText(t *testing.T) {
	h, hook := hold(t)
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }), hook)
	authority, files := certtest.New(t), newTLSFiles(t)
	files.put(t, authority.Server(t, "collector.example"), authority)
	h.ask(r.HTTP)
	r.reload(func(c *config.Config) {
		c.HTTP.TLS.CertificateFile, c.HTTP.TLS.KeyFile = files.CertificateFile, files.KeyFile
	})
	h.go1 <- struct{}{}
	if status, _ := h.answer(); status != http.StatusOK {
		t.Errorf("status %d of the request that was under way", status)
	}
	h.send("/livez")
	if status, last := h.answer(); status != http.StatusBadRequest || !last {
		t.Errorf("status %d of the next one in clear text, the last: %v", status, last)
	}
}

// A request that is under way when the server moves is answered.
func TestRequestsOutliveAMove(t *testing.T) {
	h, hook := hold(t)
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }), hook)
	h.ask(r.HTTP)
	r.reload(func(c *config.Config) { c.HTTP.Address = "127.0.0.2:0" })
	if conn, err := net.Dial("tcp", r.HTTP.String()); !errors.Is(err, syscall.ECONNREFUSED) { //nolint:noctx // it ends at once
		t.Errorf("the address of before is still listened on: %v, %v", conn, err)
	}
	h.go1 <- struct{}{}
	if status, last := h.answer(); status != http.StatusOK || !last {
		t.Errorf("status %d of the request that was under way, the last: %v", status, last)
	}
	if strings.Contains(r.log.String(), "HTTP server has ended") {
		t.Errorf("log:\n%s", r.log)
	}
}

// A stop does not wait for who is slow after a move.
func TestAStopAfterAMoveIsQuick(t *testing.T) {
	h, hook := hold(t)
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }), hook)
	h.ask(r.HTTP)
	defer func() { h.go1 <- struct{}{} }()
	r.reload(func(c *config.Config) { c.HTTP.Address = "" })
	began := time.Now()
	must(t, r.stop())
	if took := time.Since(began); took > httpTime/2 {
		t.Errorf("the stop took %s", took)
	}
}
