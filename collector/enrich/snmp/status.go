package snmp

import (
	"errors"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// credentialName is under which systemd hands over the credentials (LoadCredential=).
const credentialName = "snmp"

// Stats are figures of a client.
type Stats struct {
	Asked      uint64           // questions for a whole table begun
	Answered   uint64           // of them, answered
	Failed     map[Cause]uint64 // of them, not answered with anything of use; every cause is there
	Deferred   uint64           // exporters that found the queue full, and waited for the next second
	Evicted    uint64           // exporters forgotten for others, because of max_exporters or max_bytes
	Crowded    uint64           // questions for a name of an exporter beyond max_exporters
	Refused    uint64           // tables of interfaces cut off at max_interfaces, or left out because of max_bytes
	Generation uint64           // grows whenever something that was settled became something else

	Exporters  int // known
	Named      int // of them, with a table
	Interfaces int // of all tables
	Bytes      int // of memory for all interfaces, known and wanted, about
	Silent     int // exporters that did not answer when they were asked last
	Queued     int // exporters waiting to be asked

	LastError     string // empty when nothing failed so far
	LastErrorTime time.Time
}

// Stats returns the figures.
func (c *Client) Stats() Stats {
	if c == nil {
		return (&Stats{}).filled()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats.filled()
	s.Exporters, s.Interfaces, s.Bytes, s.Queued = c.exporters.Len(), c.links, c.bytes+c.notes, len(c.queue)
	c.exporters.Oldest(func(_ netip.Addr, e **exporter) bool {
		if (*e).device != nil {
			s.Named++
		}
		if (*e).failures > 0 {
			s.Silent++
		}
		return true
	})
	return s
}

// filled is a copy with every cause.
func (s *Stats) filled() Stats {
	filled := *s
	filled.Failed = maps.Clone(s.Failed)
	if filled.Failed == nil {
		filled.Failed = map[Cause]uint64{}
	}
	for _, cause := range Causes {
		filled.Failed[cause] += 0
	}
	return filled
}

// Status describes the file of credentials.
type Status struct {
	Path        string // empty: there is none, nobody is asked
	Credentials int    // in use
	Error       string // why the file cannot be used; the credentials of before stay in use
	Warning     string // who can read it that should not
}

// Status describes the file of credentials.
func (c *Client) Status() Status {
	if c == nil {
		return Status{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return Status{Path: c.file.path, Credentials: c.credentials.Len(), Error: c.file.err, Warning: c.file.warning}
}

// Generation grows whenever something that was settled became something else. Whoever keeps names asks again when it did.
func (c *Client) Generation() uint64 {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats.Generation
}

// credentialsFile watches the file. Its path does not change; seen belongs to whoever loads, err and warning are guarded by the client's mutex.
type credentialsFile struct {
	path         string
	optional     bool        // none is none, not a mistake
	seen         os.FileInfo // nil: not there
	unread       bool        // it could not be read
	err, warning string
}

// newCredentialsFile takes the file of the settings, or else that of the service's credentials directory.
func newCredentialsFile(path string) *credentialsFile {
	if path != "" {
		return &credentialsFile{path: path}
	}
	if directory := os.Getenv("CREDENTIALS_DIRECTORY"); directory != "" {
		return &credentialsFile{path: filepath.Join(directory, credentialName), optional: true}
	}
	return &credentialsFile{}
}

// changed tells whether the file is another than the one that was read. One that could not be read is tried each time: that its owner changed,
// or the rights on a directory above, shows in nothing else.
func (f *credentialsFile) changed() bool {
	if f.path == "" {
		return false
	}
	if f.unread {
		return true
	}
	now, err := os.Stat(f.path)
	if err != nil || f.seen == nil {
		return (err == nil) != (f.seen != nil)
	}
	return !os.SameFile(now, f.seen) || !now.ModTime().Equal(f.seen.ModTime()) || now.Size() != f.seen.Size() || now.Mode() != f.seen.Mode()
}

// load takes the file into use, if it can be used.
func (c *Client) load() {
	f := c.file
	if f.path == "" {
		return
	}
	f.seen, _ = os.Stat(f.path) // before the content: a file that changes meanwhile is then read again
	credentials, warning, err := ReadCredentials(f.path)
	c.mu.Lock()
	defer c.mu.Unlock()
	var mistakes yamlfile.Errors
	f.unread = err != nil && !errors.As(err, &mistakes)
	if err != nil {
		before := f.err
		if f.err = err.Error(); f.optional && c.credentials == nil && errors.Is(err, fs.ErrNotExist) {
			f.err, f.unread = "", false
			return
		}
		if f.err != before { // it is tried again every few seconds
			c.logger.Error("the SNMP credentials cannot be used, those of before stay in use", "error", err)
		}
		return
	}
	f.err, f.warning = "", warning
	if warning != "" {
		c.logger.Warn("the SNMP credentials are open to others", "warning", warning)
	}
	c.logger.Info("SNMP credentials read", "path", f.path, "credentials", credentials.Len())
	c.use(credentials)
}

// use takes credentials into use: those that failed are asked at once with what is new, those without a credential are forgotten.
func (c *Client) use(credentials *Credentials) {
	c.credentials = credentials
	c.stats.Generation++
	now := c.now()
	c.exporters.Oldest(func(agent netip.Addr, v **exporter) bool {
		e := *v
		switch {
		case credentials.For(agent) == nil:
			c.exporters.Delete(agent)
			c.drop(e)
		case e.failures > 0:
			e.failures, e.due = 0, now
		}
		return true
	})
}
