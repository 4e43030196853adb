package acctest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
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

// Deb is a package to build, for all architectures.
type Deb struct {
	Name, Version string
	Depends       string
	Files         map[string]string // absolute path → content; those below /etc are configuration files
	Postinst      string            // a script; empty: none
}

// AptRepository is a signed repository of Debian packages, with the suite "stable" and the component "main", served over HTTP.
type AptRepository struct {
	signer *AptSigner

	mu    sync.Mutex
	index bytes.Buffer // Packages
	files map[string][]byte
}

// NewAptRepository makes an empty one.
func NewAptRepository(signer *AptSigner) *AptRepository {
	return &AptRepository{signer: signer, files: map[string][]byte{}}
}

// Add builds packages and publishes them.
func (r *AptRepository) Add(ctx context.Context, debs ...Deb) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, deb := range debs {
		control, content, err := deb.Build(ctx)
		if err != nil {
			return fmt.Errorf("package %s %s: %w", deb.Name, deb.Version, err)
		}
		name := path.Join("pool", deb.Name+"_"+deb.Version+"_all.deb")
		r.files[name] = content
		fmt.Fprintf(&r.index, "%sFilename: %s\nSize: %d\nSHA256: %x\n\n", control, name, len(content), sha256.Sum256(content))
	}
	return r.publish()
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

// Build gives the package's control file and the package.
func (d Deb) Build(ctx context.Context) (control string, content []byte, err error) {
	dir, remove, err := TemporaryDir(ctx)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, remove(context.WithoutCancel(ctx))) }()
	control = fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: flowstack tests <tests@flowstack.example>\n", d.Name, d.Version)
	if d.Depends != "" {
		control += "Depends: " + d.Depends + "\n"
	}
	control += "Description: a package for tests\n"
	tree := filepath.Join(dir, "tree")
	files := map[string]string{"/DEBIAN/control": control}
	for _, name := range slices.Sorted(maps.Keys(d.Files)) {
		files[name] = d.Files[name]
		if strings.HasPrefix(name, "/etc/") {
			files["/DEBIAN/conffiles"] += name + "\n"
		}
	}
	if d.Postinst != "" {
		files["/DEBIAN/postinst"] = d.Postinst
	}
	for name, text := range files {
		file := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", nil, err
		}
		mode := os.FileMode(0o644)
		if name == "/DEBIAN/postinst" {
			mode = 0o755
		}
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			return "", nil, err
		}
	}
	deb := filepath.Join(dir, "package.deb")
	if _, err := command(ctx, "dpkg-deb", "--build", "--root-owner-group", tree, deb); err != nil {
		return "", nil, err
	}
	content, err = os.ReadFile(deb)
	return control, content, err
}

// ServeHTTP implements http.Handler.
func (r *AptRepository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	content, ok := r.files[strings.TrimPrefix(path.Clean(req.URL.Path), "/")]
	r.mu.Unlock()
	if !ok {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(content) // apt sees what is missing
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
