package geoip

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// keep is how long files stay in the cache that nobody asks for: MaxMind wants old databases deleted within 30 days of a new one.
const keep = 30 * 24 * time.Hour

// checks is the version of what check demands. What passed an older one is checked again.
const checks = 1

// Cache keeps, in a folder of the user's, files as they were published, by their digest, and what was found out about them. So several hosts,
// and plans and applies, cost one download and one check.
type Cache struct {
	Dir string
	now func() time.Time
}

// NewCache makes the cache: below $FLOWSTACK_CACHE, or else the user's cache folder ($XDG_CACHE_HOME, ~/.cache).
func NewCache() (*Cache, error) {
	base := os.Getenv("FLOWSTACK_CACHE")
	if base == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("there is no folder to cache databases in: %w; set FLOWSTACK_CACHE to one", err)
		}
		base = filepath.Join(user, "flowstack")
	}
	c := &Cache{filepath.Join(base, "geoip"), time.Now}
	return c, os.MkdirAll(c.Dir, 0o700) //nolint:gosec // the user says where
}

var digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (c *Cache) path(digest string) string { return filepath.Join(c.Dir, digest) }

// find returns the path of a published file with this digest; empty: it is not there.
func (c *Cache) find(ctx context.Context, digest string) string {
	if !digestPattern.MatchString(digest) {
		return ""
	}
	path := c.path(digest)
	if got, err := fileDigest(ctx, path); err != nil || got != digest {
		return "" // it was never there, or is damaged and will be replaced
	}
	now := c.now()
	_ = os.Chtimes(path, now, now) // in use; if it cannot be noted, it is downloaded once more some day
	return path
}

// add keeps what content has, and returns its digest. It is an error when that is not want, unless want is empty.
func (c *Cache) add(content io.Reader, want string) (digest string, err error) {
	c.prune()
	tmp, err := os.CreateTemp(c.Dir, ".download-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(tmp, sum), io.LimitReader(content, maxPublished+1))
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", err
	}
	if n > maxPublished {
		return "", fmt.Errorf("it has more than %d bytes", maxPublished)
	}
	digest = hex.EncodeToString(sum.Sum(nil))
	if want != "" && digest != want {
		return "", fmt.Errorf("its SHA-256 is %s (%d bytes), not %s", digest, n, want)
	}
	return digest, os.Rename(tmp.Name(), c.path(digest))
}

// prune removes what nobody asked for in a long time.
func (c *Cache) prune() {
	entries, _ := os.ReadDir(c.Dir)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && c.now().Sub(info.ModTime()) > keep {
			_ = os.Remove(filepath.Join(c.Dir, entry.Name())) // another process may have been faster
		}
	}
}

// Inspect unpacks a published file and checks that it has a sound database of the kind. digest is the file's; what was found out before of one
// with the same is not found out again. Errors do not name the file.
func (c *Cache) Inspect(ctx context.Context, path, digest string, kind Kind) (Info, error) {
	note := c.path(fmt.Sprintf("%s-%s-%d.json", digest, kind, checks))
	defer lock(note)()
	var info Info
	if text, err := os.ReadFile(note); err == nil && json.Unmarshal(text, &info) == nil && digestPattern.MatchString(info.SHA256) {
		return info, nil
	}
	info, err := c.inspect(ctx, path, kind)
	if err != nil {
		return Info{}, err
	}
	text, err := json.Marshal(info)
	if err != nil {
		return Info{}, err
	}
	return info, writeFile(note, text)
}

func (c *Cache) inspect(ctx context.Context, path string, kind Kind) (info Info, err error) {
	packed, err := open(path)
	if err != nil {
		return Info{}, err
	}
	defer func() { err = errors.Join(err, packed.Close()) }()
	tmp, err := os.CreateTemp(c.Dir, ".check-*")
	if err != nil {
		return Info{}, err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name())) }()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(tmp, sum), interruptible{ctx, packed})
	if err = errors.Join(err, tmp.Close()); err != nil {
		return Info{}, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	if info, err = check(tmp.Name(), kind, c.now()); err != nil {
		return Info{}, err
	}
	info.Size, info.SHA256 = size, hex.EncodeToString(sum.Sum(nil))
	return info, nil
}

func writeFile(path string, content []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".note-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(tmp.Name()))
	}
	return err
}

// fileDigest is the SHA-256 of a file in hexadecimal digits. Whoever asks names the file.
func fileDigest(ctx context.Context, path string) (string, error) {
	file, err := host.LocalSource(ctx, path)
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return "", pe.Err
	}
	if err != nil {
		return "", err
	}
	return file.SHA256, nil
}

// interruptible ends with its context.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if err := context.Cause(i.ctx); err != nil {
		return 0, err
	}
	return i.Reader.Read(p)
}
