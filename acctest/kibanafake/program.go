package kibanafake

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Exit codes of Kibana: of a setting that it does not know (config/ensure_valid_configuration), and of any other error that ends it (core/bootstrap).
const (
	exitUnknownSetting = 64
	exitFatal          = 1
)

// Run is bin/kibana: it reads kibana.yml and the keystore of $KBN_PATH_CONF, refuses what Kibana refuses, waits for an Elasticsearch that knows its user, and
// serves then. What real Kibana keeps in Elasticsearch's index .kibana it keeps in path.data. Arguments are those of the package's service.
func Run(ctx context.Context, args []string) int {
	if os.Geteuid() == 0 { // src/cli/cli
		fmt.Fprintln(os.Stderr, "Kibana should not be run as root.  Use --allow-root to continue.")
		return exitFatal
	}
	settings, err := loadSettings()
	for _, argument := range args {
		if name, value, ok := strings.Cut(strings.TrimPrefix(argument, "--"), "="); ok && name == "logging.dest" {
			settings.log = strings.Trim(value, `"`)
		}
	}
	log := &logger{path: settings.log}
	if err == nil {
		err = settings.check()
	}
	if err == nil {
		err = settings.serve(ctx, log)
	}
	if err == nil {
		return 0
	}
	log.write("fatal", "root", "Error: "+err.Error())
	fmt.Fprintf(os.Stderr, "\n FATAL  Error: %v\n\n", err) // core/bootstrap onRootShutdown
	var unknown *unknownSettingsError
	if errors.As(err, &unknown) {
		return exitUnknownSetting
	}
	return exitFatal
}

// logger writes lines of 7.x's own form of log.
type logger struct {
	path string
	mu   sync.Mutex
}

func (l *logger) write(level, of, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line, err := json.Marshal(map[string]any{"type": "log", "@timestamp": now(), "tags": []string{level, of}, "pid": os.Getpid(), "message": message})
	if err != nil {
		return // never: it is all text
	}
	out := os.Stdout
	if l.path != "" && l.path != "stdout" {
		file, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
		if err == nil {
			out = file
			defer file.Close() //nolint:errcheck // a log
		}
	}
	fmt.Fprintln(out, string(line))
}

// serve listens, and is ready once Elasticsearch is.
func (s *programSettings) serve(ctx context.Context, log *logger) error {
	elasticsearch, err := s.elasticsearch()
	if err != nil {
		return err
	}
	server := New(Options{
		Name: s.text("server.name"), BasePath: s.rewrittenBasePath(), StatusAnonymous: s.text("status.allowAnonymous") == "true",
		Authenticate: elasticsearch.authenticate,
	})
	if !elasticsearch.secured() {
		server.options.Authenticate = nil
	}
	if err := server.keepIn(filepath.Join(s.textOr("path.data", "/var/lib/kibana"), "saved-objects.json")); err != nil {
		return err
	}
	server.SetReady(false)
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	log.write("info", "http", "http server running at "+listener.Addr().String())
	web := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	go s.watch(ctx, server, elasticsearch, log)
	select {
	case <-ctx.Done():
		err := web.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	case err := <-ended:
		return err
	}
}

// watch asks Elasticsearch as Kibana does, each 2.5 seconds (elasticsearch.healthCheck.delay): nothing is ready before it is, and no status is green after it is not.
func (s *programSettings) watch(ctx context.Context, server *Server, elasticsearch *elasticsearch, log *logger) {
	const delay = 2500 * time.Millisecond
	ready, said := false, ""
	for {
		err := elasticsearch.nodes(ctx)
		switch err {
		case nil:
			server.SetTrouble("")
			if !ready {
				ready = true
				server.SetReady(true)
				log.write("info", "status", "Kibana is now available")
			}
			said = ""
		default: // elasticsearch/version_check/ensure_es_version
			message := "Unable to retrieve version information from Elasticsearch nodes. " + err.Error()
			server.SetTrouble(message)
			if message != said {
				log.write("error", "savedobjects-service", message)
			}
			said = message
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return
		}
	}
}

func (s *programSettings) listen(ctx context.Context) (net.Listener, error) {
	var listening net.ListenConfig
	address := net.JoinHostPort(s.textOr("server.host", "localhost"), s.textOr("server.port", "5601"))
	listener, err := listening.Listen(ctx, "tcp", address)
	if err != nil {
		if strings.Contains(err.Error(), "address already in use") { // core/root
			err = fmt.Errorf("Port %s is already in use. Another instance of Kibana may be running!", s.textOr("server.port", "5601")) //nolint:revive,staticcheck // Kibana's words
		}
		return nil, err
	}
	if s.text("server.ssl.enabled") != "true" {
		return listener, nil
	}
	pair, err := tls.LoadX509KeyPair(s.text("server.ssl.certificate"), s.text("server.ssl.key"))
	if err != nil {
		return nil, errors.Join(nodeError(err), listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}), nil
}

// nodeError words an error of a file as Node does.
func nodeError(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("ENOENT: no such file or directory, %w", err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("EACCES: permission denied, %w", err)
	}
	return err
}

// kept is what outlives the program.
type kept struct {
	Spaces  map[string]Space     `json:"spaces"`
	Objects map[string][]*Object `json:"objects"` // by space
}

// keepIn reads what there is, and writes it with each change.
func (s *Server) keepIn(file string) error {
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nodeError(err)
	}
	if err == nil {
		var was kept
		if err := json.Unmarshal(content, &was); err != nil {
			return err
		}
		s.spaces = was.Spaces
		for space, objects := range was.Objects {
			for _, object := range objects {
				s.objects[key{space, object.Type, object.ID}] = object
			}
		}
	}
	s.changed = func() { s.pending = file }
	return nil
}

// store writes what has changed, before the answer to the request that changed it.
func (s *Server) store() error {
	if s.pending == "" {
		return nil
	}
	is := kept{Spaces: s.spaces, Objects: map[string][]*Object{}}
	for k, object := range s.objects {
		is.Objects[k.space] = append(is.Objects[k.space], object)
	}
	content, err := json.Marshal(is)
	if err != nil {
		return err
	}
	file := s.pending
	s.pending = ""
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
