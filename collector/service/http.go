package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// httpTime bounds every step of a request to the metrics and health server.
const httpTime = 10 * time.Second

// httpServer serves /metrics, /livez and /readyz.
type httpServer struct {
	server   *http.Server
	listener *net.TCPListener
	logger   *slog.Logger
}

// openHTTP binds the server. The error names the address and the reason.
func (s *service) openHTTP(ctx context.Context, c config.HTTP) (*httpServer, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = plain(op)
		}
		return nil, fmt.Errorf("unable to listen on %s (http.address): %w", c.Address, err)
	}
	listener, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unable to listen on %s (http.address): not a TCP socket", c.Address), l.Close())
	}
	return s.serverOn(listener, c), nil
}

// serverOn makes a server of a socket that is bound.
func (s *service) serverOn(l *net.TCPListener, c config.HTTP) *httpServer {
	return &httpServer{
		server: &http.Server{
			Handler: s.pages(c), ReadTimeout: httpTime, ReadHeaderTimeout: httpTime, WriteTimeout: 2 * httpTime,
			IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
			ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
		},
		listener: l, logger: s.logger,
	}
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
	return mux
}

// changeHTTP puts the server of metrics and health that settings want into the place of the one of before. Where the address stays, so does the
// socket: who connects meanwhile waits.
func (s *service) changeHTTP(before, cfg config.Config, made *parts) {
	old := s.http
	switch {
	case equal(before.HTTP, cfg.HTTP):
		return
	case made.http != nil:
		s.http = made.http
	case cfg.HTTP.Address == "":
		s.http = nil
	default:
		s.http = s.serverOn(old.listener, cfg.HTTP)
		old.leave()
		old = nil
	}
	if old != nil {
		if err := old.close(); err != nil {
			s.logger.Warn("unable to close the server of metrics and health", "error", err)
		}
	}
	if s.http != nil {
		s.background.Go(s.http.serve)
		s.logger.Info("serving metrics and health", "http", s.http.address().String())
	}
}

// plain takes the system's reason out of a network error.
func plain(op *net.OpError) error {
	if inner := errors.Unwrap(op.Err); inner != nil {
		return inner
	}
	return op.Err
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

// serve answers requests until close or leave. Losing this server is no reason to stop collecting, so it is only logged.
func (h *httpServer) serve() {
	_ = h.listener.SetDeadline(time.Time{}) // a server of before may have left it with another
	if err := h.server.Serve(keptListener{h.listener}); err != nil && !errors.Is(err, http.ErrServerClosed) {
		h.logger.Error("metrics and health are no longer served", "error", err)
	}
}

func (h *httpServer) close() error {
	if err := errors.Join(h.server.Close(), h.listener.Close()); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// leave ends the server and keeps the socket. Requests under way are answered, for httpTime at most.
func (h *httpServer) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), httpTime)
	defer cancel()
	if h.server.Shutdown(ctx) != nil {
		_ = h.server.Close() // too long
	}
}

// keptListener is a socket that outlives the server: closing it only ends Accept.
type keptListener struct{ *net.TCPListener }

func (l keptListener) Close() error { return l.SetDeadline(time.Unix(1, 0)) }
