package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// AuthorityFile is where a node's host has the certificates of the authority that signs the node's.
const AuthorityFile = "/etc/elasticsearch/certs/ca.crt"

// handshakeTimeout bounds one TLS handshake.
const handshakeTimeout = 30 * time.Second

// Trust says whose certificates are accepted.
type Trust struct {
	// Certificates, PEM, are the only ones. Empty: those of the machine this runs on, and what Authority reads.
	Certificates []byte
	// Authority reads further certificates, PEM, from where the node has them. It is asked when a certificate cannot be verified, since the authority
	// may have been made, or replaced, a moment ago. Nil: there are none.
	Authority func(ctx context.Context) ([]byte, error)
}

// trusting makes TLS connections, and learns new authorities.
type trusting struct {
	connect   DialFunc
	authority func(ctx context.Context) ([]byte, error)

	mu    sync.Mutex
	roots *x509.CertPool
	read  []byte // what authority said last
}

func newTrusting(connect DialFunc, trust Trust) (*trusting, error) {
	if len(trust.Certificates) > 0 {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(trust.Certificates) {
			return nil, &FieldError{"Trust", "there is no PEM certificate in it"}
		}
		return &trusting{connect: connect, roots: roots}, nil
	}
	return &trusting{connect: connect, roots: systemRoots(), authority: trust.Authority}, nil
}

func systemRoots() *x509.CertPool {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return x509.NewCertPool() // a machine without any
	}
	return roots
}

// dial is http.Transport.DialTLSContext.
func (t *trusting) dial(ctx context.Context, network, address string) (net.Conn, error) {
	t.mu.Lock()
	roots := t.roots
	t.mu.Unlock()
	conn, err := t.handshake(ctx, network, address, roots)
	var unknown x509.UnknownAuthorityError
	if err == nil || t.authority == nil || !errors.As(err, &unknown) {
		return conn, err
	}
	newer, failed := t.learn(ctx, roots)
	if failed != nil {
		return nil, fmt.Errorf("%w; and the authority's own certificate cannot be read: %w", err, failed)
	}
	if newer == roots {
		return nil, err
	}
	return t.handshake(ctx, network, address, newer)
}

// learn reads the authorities anew, unless somebody else did since roots were in force; it returns roots when there is nothing new.
func (t *trusting) learn(ctx context.Context, roots *x509.CertPool) (*x509.CertPool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.roots != roots {
		return t.roots, nil
	}
	content, err := t.authority(ctx)
	if err != nil || bytes.Equal(content, t.read) {
		return roots, err
	}
	newer := systemRoots()
	if !newer.AppendCertsFromPEM(content) {
		return nil, errors.New("there is no PEM certificate in it")
	}
	t.roots, t.read = newer, content
	return newer, nil
}

func (t *trusting) handshake(ctx context.Context, network, address string, roots *x509.CertPool) (net.Conn, error) {
	plain, err := t.connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	conn := tls.Client(plain, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: name})
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = plain.Close() // of no use, and why is known
		return nil, err
	}
	return conn, nil
}
