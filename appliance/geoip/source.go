package geoip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
)

// MaxMind is where MaxMind's databases are downloaded from.
const MaxMind = "https://download.maxmind.com"

// Source is where a database comes from: a file, a URL, or an edition of MaxMind's.
type Source struct {
	File string // on this machine

	URL         string
	ChecksumURL string // where the SHA-256 of what URL has is published
	SHA256      string // of the file, or of what URL has; empty: whatever the file is, or what ChecksumURL says

	Edition string // such as GeoLite2-City
	Base    string // instead of MaxMind

	Account string // with Key: HTTP basic authentication; Key alone is a bearer token
	Key     string
}

// Moves tells whether other databases come without a change of the source.
func (s Source) Moves() bool { return s.ChecksumURL != "" || s.Edition != "" }

// Same tells whether another source has the same databases. Who asks makes no difference.
func (s Source) Same(other Source) bool {
	s.Account, s.Key, other.Account, other.Key = "", "", "", ""
	return s == other
}

// String names the source for people. It leaves out what may be secret.
func (s Source) String() string {
	switch {
	case s.File != "":
		return s.File
	case s.Edition != "":
		return s.Edition + " of " + s.base()
	}
	return withoutQuery(s.URL)
}

func (s Source) base() string {
	if s.Base == "" {
		return MaxMind
	}
	return strings.TrimSuffix(s.Base, "/")
}

func (s Source) download() string {
	if s.Edition == "" {
		return s.URL
	}
	return s.base() + "/geoip/databases/" + url.PathEscape(s.Edition) + "/download?suffix=tar.gz"
}

func (s Source) checksum() string {
	if s.Edition == "" {
		return s.ChecksumURL
	}
	return s.download() + ".sha256"
}

// secretParameter are names of parameters of URLs that hold secrets.
var secretParameter = regexp.MustCompile(`(?i)^(access_?)?(token|key|secret|password|license_?key|api_?key|auth)$`)

// CheckURL refuses what is no URL to download from, one with a secret in it, which would be in the state, and, unless what comes
// from it is recognised by a digest known beforehand, one that anybody on the way may answer.
func CheckURL(text string, recognised bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("it is not a URL") // what is wrong with it may show a secret
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return errors.New("it is not a URL that begins with https:// or http://")
	case u.User != nil:
		return errors.New("it has a user or a password in it, which would be in the state: use account_id and license_key_wo")
	case u.Scheme == "http" && !recognised && !loopback(u.Hostname()):
		return errors.New("without TLS anybody on the way may answer in its place: use https")
	}
	for name := range u.Query() {
		if secretParameter.MatchString(name) {
			return fmt.Errorf("its parameter %s would be in the state: use license_key_wo, which is sent as a bearer token, or with account_id by basic authentication", name)
		}
	}
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func withoutQuery(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "the URL"
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}

// Digest asks the source for the SHA-256 of the file that it has now.
func (s Source) Digest(ctx context.Context) (string, error) {
	switch {
	case s.File != "":
		digest, err := fileDigest(ctx, s.File)
		if err == nil && s.SHA256 != "" && digest != s.SHA256 {
			err = fmt.Errorf("its SHA-256 is %s, not %s", digest, s.SHA256)
		}
		return digest, err
	case s.SHA256 != "":
		return s.SHA256, nil
	}
	text, err := s.get(ctx, s.checksum(), maxChecksum)
	if err != nil {
		return "", err
	}
	digest, err := parseChecksum(string(text), path.Base(withoutQuery(s.download())))
	if err != nil {
		return "", fmt.Errorf("%s: %w", withoutQuery(s.checksum()), err)
	}
	return digest, nil
}

// maxChecksum is the size in bytes of the largest list of checksums.
const maxChecksum = 1 << 20

var sha256Pattern = regexp.MustCompile(`\b[0-9A-Fa-f]{64}\b`)

// parseChecksum finds the SHA-256 in what sha256sum prints, in JSON, or standing alone. Where there are several, that in a line with the name counts.
func parseChecksum(text, name string) (string, error) {
	found := sha256Pattern.FindAllString(text, -1)
	if len(found) > 1 {
		all := found
		found = nil
		for line := range strings.Lines(text) {
			if fields := strings.Fields(line); len(fields) == 2 && strings.TrimPrefix(fields[1], "*") == name {
				found = append(found, sha256Pattern.FindString(fields[0]))
			}
		}
		if len(found) != 1 {
			return "", fmt.Errorf("there are %d SHA-256 digests, and not one of them for %s", len(all), name)
		}
	}
	if len(found) == 0 || found[0] == "" {
		return "", errors.New("there is no SHA-256 digest (64 hexadecimal digits) in it")
	}
	return strings.ToLower(found[0]), nil
}

// Published is a file as its source has it.
type Published struct {
	Path   string
	SHA256 string
}

// locks let each source be asked, and each file be checked, once at a time, so that many hosts cost one download and one check.
var locks sync.Map // of *sync.Mutex by URL or path

func lock(what string) (unlock func()) {
	found, _ := locks.LoadOrStore(what, new(sync.Mutex))
	mutex, _ := found.(*sync.Mutex)
	mutex.Lock()
	return mutex.Unlock
}

// Get brings the file with this digest to this machine; with none it is the one that the source has now.
func (c *Cache) Get(ctx context.Context, s Source, digest string) (Published, error) {
	p, err := c.get(ctx, s, digest)
	if err != nil {
		return p, fmt.Errorf("%s: %w", s, err)
	}
	return p, nil
}

func (c *Cache) get(ctx context.Context, s Source, digest string) (Published, error) {
	if s.File == "" {
		defer lock(s.download())()
		if path := c.find(ctx, digest); path != "" {
			return Published{path, digest}, nil
		}
	}
	now, err := s.Digest(ctx)
	if err != nil {
		return Published{}, err
	}
	if digest != "" && now != digest {
		return Published{}, fmt.Errorf("it has another file now, with the SHA-256 %s, than was planned, %s: plan again", now, digest)
	}
	if s.File != "" {
		return Published{s.File, now}, nil
	}
	if path := c.find(ctx, now); path != "" {
		return Published{path, now}, nil
	}
	return c.download(ctx, s, now)
}

func (c *Cache) download(ctx context.Context, s Source, digest string) (p Published, err error) {
	body, err := s.request(ctx, s.download())
	if err != nil {
		return Published{}, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	if _, err = c.add(body, digest); err != nil {
		return Published{}, err
	}
	return Published{c.path(digest), digest}, nil
}

// Open opens the database of a source for a host: the one with this Info, in the file with this digest.
func (c *Cache) Open(ctx context.Context, s Source, digest string, kind Kind, info Info) (io.ReadCloser, error) {
	p, err := c.Get(ctx, s, digest)
	if err != nil {
		return nil, err
	}
	now, err := c.Inspect(ctx, p.Path, p.SHA256, kind)
	if err == nil && now != info {
		err = errors.New("it is not the database that was planned: plan again")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	packed, err := open(p.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	return packed, nil
}
