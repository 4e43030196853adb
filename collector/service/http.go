package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/page"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive"
)

// httpTime bounds every step of a request to the metrics and health server.
const httpTime = 10 * time.Second

// maxHTTPConnections bounds what those who look, or only connect, take of the files that the process may have open. Others wait.
const maxHTTPConnections = 128

// httpServer serves pages, /metrics, /livez and /readyz. What it serves, and whether with TLS, may change while it does.
type httpServer struct {
	server   *http.Server
	listener *net.TCPListener
	now      atomic.Pointer[serving]
	ended    *atomic.Pointer[error] // why it serves no more, though nobody closed it
	logger   *slog.Logger
}

// serving is what settings say about the server of metrics and health.
type serving struct {
	pages   http.Handler
	secured *tls.Config // nil without TLS
}

// openHTTP makes a server and binds its socket. The error names the setting and the reason.
func (s *service) openHTTP(ctx context.Context, c config.HTTP) (*httpServer, error) {
	now, err := s.serving(c)
	if err != nil {
		return nil, err
	}
	h := &httpServer{logger: s.logger, ended: new(atomic.Pointer[error])}
	h.now.Store(now)
	if h.listener, err = bindHTTP(ctx, c.Address); err != nil {
		return nil, err
	}
	h.server = &http.Server{
		Handler: http.HandlerFunc(h.answer), ConnContext: withSecured,
		ReadTimeout: httpTime, ReadHeaderTimeout: httpTime, WriteTimeout: 2 * httpTime, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	return h, nil
}

// serving makes what is served.
func (s *service) serving(c config.HTTP) (*serving, error) {
	guard, err := guardOf(c, s.logger)
	if err != nil {
		return nil, err
	}
	now := &serving{pages: guard.Protect(s.pages(c))}
	if c.TLS.CertificateFile != "" {
		files, err := openCertificates("http.tls", config.TLS{CertificateFile: c.TLS.CertificateFile, KeyFile: c.TLS.KeyFile}, s.logger)
		if err != nil {
			return nil, err
		}
		now.secured = files.config()
	}
	return now, nil
}

func bindHTTP(ctx context.Context, address string) (*net.TCPListener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("unable to listen on %s (http.address): %w", address, receive.Reason(err))
	}
	listener, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unable to listen on %s (http.address): not a TCP socket", address), l.Close())
	}
	return listener, nil
}

// pages are what is served.
func (s *service) pages(c config.HTTP) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: httpTime}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.alive(); err != nil {
			reply(w, http.StatusServiceUnavailable, err.Error()+"\n")
			return
		}
		reply(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		ready, text := s.ready()
		code := http.StatusOK
		if !ready {
			code = http.StatusServiceUnavailable
		}
		reply(w, code, text)
	})
	if c.Pprof {
		profiles(mux)
	}
	mux.Handle("/", page.New(page.Options{Source: &pages{&s.state}, Search: s.searcher, Logger: s.logger}))
	return mux
}

// searcher is what pages search; nil when flows are not kept.
func (s *service) searcher() page.Searcher {
	if kept := s.recent(); kept != nil {
		return kept
	}
	return nil
}

// guardOf says who may look.
func guardOf(c config.HTTP, logger *slog.Logger) (page.Guard, error) {
	password := func() (string, error) { return secret("http.password_file", c.PasswordFile, httpPasswordCredential) }
	if c.Username != "" {
		switch text, err := password(); {
		case err != nil:
			return page.Guard{}, err
		case text == "":
			return page.Guard{}, errors.New("http.username needs a password: set http.password_file, or the systemd credential " + httpPasswordCredential)
		}
	}
	if !c.Loopback() && c.Insecure && (c.Username == "" || c.TLS.CertificateFile == "") {
		logger.Warn("others than this host may see all traffic on http.address without a password, or on the way: http.insecure is true", "address", c.Address)
	}
	return page.Guard{Username: c.Username, Password: password, Loopback: c.Loopback(), Hosts: c.Hosts, Open: []string{"/livez"}, Logger: logger}, nil
}

// changeHTTP puts the server of metrics and health that settings want into the place of the one of before. Where the address stays, so does the
// server: what it serves is exchanged between two requests.
func (s *service) changeHTTP(before, cfg config.Config, made *parts) {
	switch {
	case equal(before.HTTP, cfg.HTTP):
		return
	case made.serving != nil:
		s.http.change(made.serving)
		return
	}
	if old := s.http; old != nil {
		old.leave()
		s.background.Go(func() {
			ctx, cancel := context.WithTimeout(s.watching, httpTime) // a stop of the service does not wait
			defer cancel()
			_ = old.server.Shutdown(ctx) // who is not answered by then is not
			if err := old.close(); err != nil {
				s.logger.Warn("unable to close the server of the page, metrics and health", "error", err)
			}
		})
	}
	s.http = made.http
	if s.http == nil {
		s.served.Store(nil)
		s.lookAway()
		return
	}
	s.beginHTTP()
	s.logger.Info("serving the page, metrics and health", "http", s.http.address().String())
}

// beginHTTP lets the server serve.
func (s *service) beginHTTP() {
	s.look()
	s.served.Store(s.http.ended)
	s.background.Go(s.http.serve)
}

func reply(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// Who asked may be gone.
	_, _ = io.WriteString(w, text)
}

func (h *httpServer) address() netip.AddrPort {
	if a, ok := h.listener.Addr().(*net.TCPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// serve answers requests until close. Without it nobody sees what becomes of flows, so its end counts as that of a stage: systemd starts the
// service anew, which loses no packet.
func (h *httpServer) serve() {
	limited := netutil.LimitListener(h.listener, maxHTTPConnections)
	if err := h.server.Serve(securedListener{limited, h}); !errors.Is(err, http.ErrServerClosed) {
		err = fmt.Errorf("HTTP server has ended: %w", err)
		h.ended.Store(&err)
		h.logger.Error("the page, metrics and health are no longer served", "error", err)
	}
}

// answer answers a request with what is served now. A connection that was busy when that changed is still secured as it was before, or not at all.
func (h *httpServer) answer(w http.ResponseWriter, r *http.Request) {
	now := h.now.Load()
	if secured, ok := r.Context().Value(securedKey{}).(*tls.Config); ok && secured != now.secured {
		w.Header().Set("Connection", "close")
		if secured == nil { // what net/http says to who connects now
			http.Error(w, "this is an HTTPS server now; ask again with https://", http.StatusBadRequest)
			return
		}
	}
	now.pages.ServeHTTP(w, r)
}

// change exchanges what is served. Who has a connection from before, with TLS or without, makes a new one.
func (h *httpServer) change(next *serving) {
	h.now.Store(next)
	h.server.SetKeepAlivesEnabled(false) // closes those that wait
	h.server.SetKeepAlivesEnabled(true)
}

// leave takes no further connection, and closes those that wait. Requests that are under way go on until close.
func (h *httpServer) leave() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.server.Shutdown(ended) // waits for nobody
	_ = h.listener.Close()       // it may be closed
}

func (h *httpServer) close() error {
	if err := errors.Join(h.server.Close(), h.listener.Close()); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// securedListener secures each connection as settings say when it comes.
type securedListener struct {
	net.Listener
	server *httpServer
}

func (l securedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	secured := l.server.now.Load().secured
	c = accepted{c, secured}
	if secured != nil {
		return tls.Server(c, secured), nil
	}
	return c, nil
}

// accepted is a connection, and what secures it; nil without TLS.
type accepted struct {
	net.Conn
	secured *tls.Config
}

// securedKey is that of accepted.secured in the context of requests.
type securedKey struct{}

func withSecured(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if a, ok := c.(accepted); ok {
		return context.WithValue(ctx, securedKey{}, a.secured)
	}
	return ctx
}
