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

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// httpTime bounds every step of a request to the metrics and health server.
const httpTime = 10 * time.Second

// httpServer serves /metrics, /livez and /readyz.
type httpServer struct {
	server   *http.Server
	listener net.Listener
	logger   *slog.Logger
}

// listenHTTP binds the server. The error names the address and the reason.
func listenHTTP(ctx context.Context, address string, s *state, registry *prometheus.Registry, logger *slog.Logger) (*httpServer, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = plain(op)
		}
		return nil, fmt.Errorf("unable to listen on %s (http.address): %w", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry, MaxRequestsInFlight: 4, Timeout: httpTime}))
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
	return &httpServer{
		server: &http.Server{
			Handler: mux, ReadTimeout: httpTime, ReadHeaderTimeout: httpTime, WriteTimeout: 2 * httpTime,
			IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
			ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		},
		listener: l, logger: logger,
	}, nil
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

// serve answers requests until close. Losing this server is no reason to stop collecting, so it is only logged.
func (h *httpServer) serve() {
	if err := h.server.Serve(h.listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		h.logger.Error("metrics and health are no longer served", "error", err)
	}
}

func (h *httpServer) close() error { return h.server.Close() }
