// Package kibanafake is a server of recorded behaviours of Kibana 7.17: there is no Kibana to run in tests as there is an Elasticsearch. Each behaviour
// names where it is from: "core" is src/core/server of a 7.12 build, whose saved objects 7.17 still has, "spaces" is x-pack/plugins/spaces/server of the same
// build, and others are said in full. What it does not know it answers as Kibana does: 404.
package kibanafake

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// DefaultVersion is the version it says it is.
const DefaultVersion = "7.17.29"

// Options is what differs from one Kibana to another.
type Options struct {
	Version  string // empty: DefaultVersion
	Name     string // server.name
	BasePath string // server.basePath, with server.rewriteBasePath
	// Authenticate asks Elasticsearch whether a user has this password; nil: there is no security.
	Authenticate    func(ctx context.Context, user, password string) (bool, error)
	StatusAnonymous bool // status.allowAnonymous
	// MaxImport is savedObjects.maxImportExportSize; 0 is Kibana's own.
	MaxImport int
}

// Server is a Kibana. It is ready when it is made, until told otherwise.
type Server struct {
	options Options

	mu       sync.Mutex
	away     bool   // not ready yet
	trouble  string // why Elasticsearch is not available; empty: it is
	spaces   map[string]Space
	objects  map[key]*Object
	clock    int // counts changes, for the versions of objects
	requests []string
	faults   []*Fault
	changed  func() // after a change, with the lock
	pending  string // a file to keep all in; empty: nothing has changed
}

// New makes a server without objects and with the default space.
func New(options Options) *Server {
	if options.Version == "" {
		options.Version = DefaultVersion
	}
	if options.MaxImport == 0 {
		options.MaxImport = 10000 // core/saved_objects/saved_objects_config
	}
	return &Server{options: options, spaces: map[string]Space{defaultSpace: theDefault}, objects: map[key]*Object{}}
}

// Fault is a trouble to come. It is over once it has happened Times times.
type Fault struct {
	Method, Path string // of the requests it befalls; Path is a beginning, without the space; empty: any
	Times        int    // 0: until Heal
	Status       int    // to answer with
	Body         string // of the answer; a plain text is not JSON
	Cut          bool   // end the connection without an answer instead
	Done         bool   // only after the request has been done: the answer gets lost
}

// Break adds a fault.
func (s *Server) Break(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault)
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// SetReady tells whether Kibana has started.
func (s *Server) SetReady(ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = !ready
}

// SetTrouble tells why Elasticsearch is not available to a Kibana that has started; empty: it is.
func (s *Server) SetTrouble(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = why
}

// Requests are those since the last call: METHOD PATH, with the space.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// fault is the one that a request meets.
func (s *Server) fault(method, path string) *Fault {
	for i, fault := range s.faults {
		if fault.Method != "" && fault.Method != method || !strings.HasPrefix(path, fault.Path) {
			continue
		}
		if fault.Times--; fault.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return fault
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if s.options.BasePath != "" {
		var ok bool
		if path, ok = strings.CutPrefix(path, s.options.BasePath); !ok {
			http.NotFound(w, r)
			return
		}
	}
	space, path := splitSpace(path)
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	fault, away := s.fault(r.Method, path), s.away
	s.mu.Unlock()
	if fault != nil && fault.Done {
		s.serve(&discarded{header: http.Header{}}, r, space, path, away)
	}
	switch {
	case fault == nil:
		s.serve(w, r, space, path, away)
	case fault.Cut:
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(fault.Status)
		_, _ = w.Write([]byte(fault.Body)) // the client sees what is missing
	}
}

// discarded is for an answer that nobody gets.
type discarded struct{ header http.Header }

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }
func (d *discarded) WriteHeader(int)             {}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, space, path string, away bool) {
	if away { // core/http/http_service: a server of its own until all plugins are set up
		w.Header().Set("Retry-After", "30")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("Kibana server is not ready yet"))
		return
	}
	w.Header().Set("kbn-name", s.options.Name) // core/http/lifecycle_handlers
	if refused := s.admit(r, path); refused != nil {
		refused.write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := s.route(r, space, path)
	if err := s.store(); err != nil {
		answer = boom(http.StatusInternalServerError, err.Error())
	}
	answer.write(w)
}

// splitSpace takes the space out of a path (spaces/common/lib/spaces_url_parser). Nobody looks whether there is such a space: only applications do
// (spaces/lib/request_interceptors/on_post_auth_interceptor).
func splitSpace(path string) (space, rest string) {
	after, ok := strings.CutPrefix(path, "/s/")
	if !ok {
		return defaultSpace, path
	}
	space, rest, _ = strings.Cut(after, "/")
	return space, "/" + rest
}

// admit asks who it is, and for the header that a form on a foreign page cannot send.
func (s *Server) admit(r *http.Request, path string) *answer {
	anonymous := path == statusPath && s.options.StatusAnonymous
	if s.options.Authenticate != nil && !anonymous {
		user, password, given := r.BasicAuth()
		if !given { // core/http: routes with the tag api, or a call with kbn-xsrf, are not sent to the login page
			return boom(http.StatusUnauthorized, "Unauthorized")
		}
		ok, err := s.options.Authenticate(r.Context(), user, password)
		switch {
		case err != nil: // as the security plugin passes on what Elasticsearch, or the way to it, answers
			return boom(http.StatusServiceUnavailable, err.Error())
		case !ok:
			return boom(http.StatusUnauthorized, "[security_exception: [security_exception] Reason: unable to authenticate user ["+user+
				"] for REST request [/_security/_authenticate]]: unable to authenticate user ["+user+"] for REST request [/_security/_authenticate]")
		}
	}
	version, xsrf := r.Header.Get("kbn-version"), r.Header.Get("kbn-xsrf")
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	switch { // core/http/lifecycle_handlers
	case !safe && version == "" && xsrf == "":
		return boom(http.StatusBadRequest, "Request must contain a kbn-xsrf header.")
	case version != "" && version != s.options.Version:
		return boom(http.StatusBadRequest, `Browser client is out of date, please refresh the page ("kbn-version" header was "`+version+
			`" but should be "`+s.options.Version+`")`).with(map[string]any{"expected": s.options.Version, "got": version})
	}
	return nil
}

func (s *Server) route(r *http.Request, space, path string) *answer {
	switch {
	case path == statusPath && r.Method == http.MethodGet:
		return s.status(r)
	case strings.HasPrefix(path, spacesPath):
		return s.space(r, strings.Trim(strings.TrimPrefix(path, spacesPath), "/"))
	case strings.HasPrefix(path, objectsPath):
		return s.object(r, space, strings.TrimPrefix(path, objectsPath))
	}
	return boom(http.StatusNotFound, "Not Found")
}

// answer is one to be sent.
type answer struct {
	status int
	body   any // JSON; nil: none
	raw    []byte
	kind   string // of raw
}

func ok(body any) *answer { return &answer{status: http.StatusOK, body: body} }

// boom is an error as hapi writes it.
func boom(status int, message string) *answer {
	return &answer{status: status, body: map[string]any{"statusCode": status, "error": http.StatusText(status), "message": message}}
}

func (a *answer) with(attributes map[string]any) *answer {
	if body, ok := a.body.(map[string]any); ok {
		body["attributes"] = attributes
	}
	return a
}

func (a *answer) write(w http.ResponseWriter) {
	content, kind := a.raw, a.kind
	if a.body != nil {
		var err error
		if content, err = json.Marshal(a.body); err != nil {
			panic(err) // a test's own object that is no JSON
		}
		kind = "application/json; charset=utf-8"
	}
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(content) // the client sees what is missing
}

// touch notes a change.
func (s *Server) touch() {
	s.clock++
	if s.changed != nil {
		s.changed()
	}
}

func now() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z") }
