package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

const sinkAddress = "127.0.0.1:9200"

// sink answers bulk requests as Elasticsearch 7 does when all is well, and as cheaply as can be. It counts documents itself: those of
// compressed bodies afterwards, so that this takes nothing from what is measured.
type sink struct {
	server *http.Server

	mu     sync.Mutex
	bodies [][]byte // compressed, not counted yet
	plain  int      // lines of those that were not
	octets int
	failed error
}

func startSink(ctx context.Context) (*sink, error) {
	s := &sink{}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp4", sinkAddress)
	if err != nil {
		return nil, err
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.fail(err)
		}
	}()
	return s, nil
}

func (s *sink) close() error { return s.server.Close() }

func (s *sink) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = errors.Join(s.failed, err)
}

// ServeHTTP implements http.Handler.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	answer := `{"name":"sink","version":{"number":"7.17.0","build_flavor":"default","build_type":"tar"},"tagline":"You Know, for Search"}`
	switch {
	case strings.HasSuffix(r.URL.Path, "/_mapping"): // as if it were set up
		answer = `{"flows":{"mappings":{"properties":{"source":{"properties":{"ip":{"type":"ip"}}}}}}}`
	case strings.HasSuffix(r.URL.Path, "/_bulk"):
		answer = `{"errors":false}`
		if err := s.take(r); err != nil {
			s.fail(err)
		}
	}
	if _, err := io.WriteString(w, answer); err != nil {
		s.fail(err)
	}
}

func (s *sink) take(r *http.Request) error {
	body := make([]byte, max(r.ContentLength, 0))
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.octets += len(body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		s.bodies = append(s.bodies, body)
	} else {
		s.plain += bytes.Count(body, []byte("\n"))
	}
	return nil
}

// documents returns how many there were since the last call, and their octets as they were sent.
func (s *sink) documents() (documents, octets int, err error) {
	s.mu.Lock()
	bodies, lines := s.bodies, s.plain
	octets, err = s.octets, s.failed
	s.bodies, s.plain, s.octets, s.failed = nil, 0, 0, nil
	s.mu.Unlock()
	block := make([]byte, 1<<20)
	for _, body := range bodies {
		r, gerr := gzip.NewReader(bytes.NewReader(body))
		if gerr != nil {
			return 0, 0, gerr
		}
		for {
			n, rerr := r.Read(block)
			lines += bytes.Count(block[:n], []byte("\n"))
			if errors.Is(rerr, io.EOF) {
				break
			}
			if rerr != nil {
				return 0, 0, rerr
			}
		}
	}
	return lines / 2, octets, err // one of each two says what to do with the other
}
