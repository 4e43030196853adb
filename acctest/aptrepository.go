package acctest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
)

// AptSigner signs repositories.
type AptSigner struct {
	Key         string // armored public key
	Fingerprint string // in upper case
	entity      *openpgp.Entity
}

// NewAptSigner makes a key of its own.
func NewAptSigner() (*AptSigner, error) {
	entity, err := openpgp.NewEntity("flowstack tests", "", "tests@flowstack.example", nil)
	if err != nil {
		return nil, fmt.Errorf("make an OpenPGP key: %w", err)
	}
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, fmt.Errorf("make an OpenPGP key: %w", err)
	}
	if err := errors.Join(entity.Serialize(w), w.Close()); err != nil {
		return nil, fmt.Errorf("make an OpenPGP key: %w", err)
	}
	return &AptSigner{Key: out.String() + "\n", Fingerprint: strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint)), entity: entity}, nil
}

// AptRepository is a signed repository of Debian packages, with the suite "stable" and the component "main", served over HTTP.
type AptRepository struct {
	signer *AptSigner

	mu       sync.Mutex
	index    bytes.Buffer // Packages
	files    map[string][]byte
	packages map[string]string // where those that are files of this machine lie
}

// NewAptRepository makes an empty one.
func NewAptRepository(signer *AptSigner) *AptRepository {
	return &AptRepository{signer: signer, files: map[string][]byte{}, packages: map[string]string{}}
}

// Add builds packages and publishes them.
func (r *AptRepository) Add(debs ...Deb) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, deb := range debs {
		control, content, err := deb.Build()
		if err != nil {
			return fmt.Errorf("package %s %s: %w", deb.Name, deb.Version, err)
		}
		name := path.Join("pool", deb.Name+"_"+deb.Version+"_all.deb")
		r.files[name] = content
		r.list(control, name, int64(len(content)), sha256.Sum256(content))
	}
	return r.publish()
}

// AddFiles publishes packages that lie on this machine.
func (r *AptRepository) AddFiles(ctx context.Context, files ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, file := range files {
		control, err := command(ctx, "dpkg-deb", "--field", file)
		if err != nil {
			return fmt.Errorf("package %s: %w", file, err)
		}
		size, digest, err := digestOf(file)
		if err != nil {
			return fmt.Errorf("package %s: %w", file, err)
		}
		name := path.Join("pool", filepath.Base(file))
		r.packages[name] = file
		r.list(string(control), name, size, digest)
	}
	return r.publish()
}

func digestOf(file string) (size int64, digest [sha256.Size]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, digest, err
	}
	defer f.Close() //nolint:errcheck // read only
	hash := sha256.New()
	size, err = io.Copy(hash, f)
	return size, [sha256.Size]byte(hash.Sum(nil)), err
}

// list adds a package to the index.
func (r *AptRepository) list(control, name string, size int64, digest [sha256.Size]byte) {
	fmt.Fprintf(&r.index, "%sFilename: %s\nSize: %d\nSHA256: %x\n\n", control, name, size, digest)
}

// publish signs the index.
func (r *AptRepository) publish() error {
	const name = "main/binary-amd64/Packages"
	index := bytes.Clone(r.index.Bytes())
	r.files["dists/stable/"+name] = index
	release := fmt.Sprintf("Origin: flowstack tests\nSuite: stable\nCodename: stable\nDate: %s\nArchitectures: amd64\nComponents: main\nSHA256:\n %x %d %s\n",
		time.Now().UTC().Format(time.RFC1123), sha256.Sum256(index), len(index), name)
	var signed bytes.Buffer
	w, err := clearsign.Encode(&signed, r.signer.entity.PrivateKey, nil)
	if err != nil {
		return fmt.Errorf("sign the repository: %w", err)
	}
	_, err = w.Write([]byte(release))
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("sign the repository: %w", err)
	}
	r.files["dists/stable/InRelease"] = signed.Bytes()
	return nil
}

// ServeHTTP implements http.Handler.
func (r *AptRepository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	name := strings.TrimPrefix(path.Clean(req.URL.Path), "/")
	r.mu.Lock()
	content, ok := r.files[name]
	file, lies := r.packages[name]
	r.mu.Unlock()
	switch {
	case ok:
		_, _ = w.Write(content) // apt sees what is missing
	case lies:
		http.ServeFile(w, req, file)
	default:
		http.NotFound(w, req)
	}
}

// ServeOn serves the repository on an address inside a host, until the returned function is called.
func (r *AptRepository) ServeOn(ctx context.Context, h *Host, address string) (stop func() error, err error) {
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	closeServer := func() error {
		err := server.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
	var d net.Dialer
	passing, err := h.Serve(ctx, address, func(ctx context.Context) (net.Conn, error) {
		return d.DialContext(ctx, "tcp", listener.Addr().String())
	})
	if err != nil {
		return nil, errors.Join(err, closeServer())
	}
	return func() error { return errors.Join(passing(), closeServer()) }, nil
}
