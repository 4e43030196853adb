package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"
)

// selfSigned is a certificate for the loopback that is its own authority.
func selfSigned(t *testing.T) (certificate tls.Certificate, authority []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestAuthorityIsReadWhenNeeded: as late as the first certificate that cannot be verified, again after the next one, and not in between.
func TestAuthorityIsReadWhenNeeded(t *testing.T) {
	certificate, authority := selfSigned(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Connection", "close") // each question shakes hands
	}))
	s.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{certificate}}, nil
	}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)

	var file []byte // nil: there is none
	reads := 0
	client := func(trust Trust) *Client {
		c, err := New(Config{Endpoint: s.URL, Dial: new(net.Dialer).DialContext, Trust: trust})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := client(Trust{Authority: func(context.Context) ([]byte, error) {
		reads++
		if file == nil {
			return nil, fs.ErrNotExist
		}
		return file, nil
	}})
	ask := func(c *Client) error {
		_, err := c.Call(t.Context(), esapi.InfoRequest{})
		return err
	}
	var unknown x509.UnknownAuthorityError
	if err := ask(c); !errors.As(err, &unknown) || !errors.Is(err, fs.ErrNotExist) || Starting(err) || reads == 0 {
		t.Errorf("without the file: %v after %d reads", err, reads)
	}
	file, reads = authority, 0
	if err := ask(c); err != nil || reads != 1 {
		t.Errorf("with the file: %v after %d reads", err, reads)
	}
	if err := ask(c); err != nil || reads != 1 {
		t.Errorf("once more: %v after %d reads", err, reads)
	}
	certificate, authority = selfSigned(t)
	if err := ask(c); !errors.As(err, &unknown) {
		t.Errorf("a certificate of an authority that the file does not have: %v", err)
	}
	file, reads = authority, 0
	if err := ask(c); err != nil || reads != 1 {
		t.Errorf("with the new authority: %v after %d reads", err, reads)
	}
	_, other := selfSigned(t)
	if err := ask(client(Trust{Certificates: other})); !errors.As(err, &unknown) {
		t.Errorf("with certificates given, of another authority: %v", err)
	}
	if err := ask(client(Trust{Certificates: authority})); err != nil {
		t.Errorf("with certificates given: %v", err)
	}
}
