package receive

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

// mutual is the configuration of a collector that takes the clients of an authority only.
func mutual(t *testing.T, authority *certtest.Authority) *tls.Config {
	t.Helper()
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{authority.Server(t, "collector").TLS(t)},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	}
}

// exporter opens a TLS connection with the certificates given, and does the handshake as far as the client sees it.
func (s *streams) exporter(t *testing.T, authority *certtest.Authority, certificates ...tls.Certificate) (*tls.Conn, error) {
	t.Helper()
	return shake(t, s.dial(t), authority, certificates...)
}

// shake is exporter over a TCP connection that is there.
func shake(t *testing.T, raw net.Conn, authority *certtest.Authority, certificates ...tls.Certificate) (*tls.Conn, error) {
	t.Helper()
	c := tls.Client(raw, &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: authority.Pool(), ServerName: "127.0.0.1",
		// Sent whatever authorities the collector names.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(certificates) == 0 {
				return &tls.Certificate{}, nil
			}
			return &certificates[0], nil
		},
	})
	return c, c.HandshakeContext(t.Context())
}

func TestMutualTLS(t *testing.T) {
	ours, others := certtest.New(t), certtest.New(t)
	for name, test := range map[string]struct {
		certificates []tls.Certificate
		refused      string // what the log says; empty: accepted
	}{
		"a good certificate":       {[]tls.Certificate{ours.Client(t, "exporter").TLS(t)}, ""},
		"no certificate":           {nil, "client didn't provide a certificate"},
		"another authority":        {[]tls.Certificate{others.Client(t, "exporter").TLS(t)}, "certificate signed by unknown authority"},
		"a server's certificate":   {[]tls.Certificate{ours.Server(t, "exporter").TLS(t)}, "incompatible key usage"},
		"a certificate of its own": {[]tls.Certificate{others.Server(t, "exporter").TLS(t)}, "failed to verify certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := listenStream(t, StreamOptions{TLS: mutual(t, ours)})
			c, err := s.exporter(t, ours, test.certificates...)
			if err != nil {
				t.Fatal(err) // with TLS 1.3 the client learns of the refusal when it reads
			}
			if test.refused != "" {
				closed(t, c)
				eventually(t, "the refusal", func() bool { return s.Stats().Closed["handshake"] == 1 })
				if s.total() != 0 || !strings.Contains(s.log.String(), test.refused) {
					t.Errorf("%d messages, log:\n%s", s.total(), s.log)
				}
				return
			}
			first, second := ipfix(20, 'a'), ipfix(65535, 'b')
			stream := append(bytes.Clone(first), second...)
			write(t, c, stream[:10], stream[10:30], stream[30:])
			eventually(t, "both messages", func() bool { return s.total() == 2 })
			if got := s.received[1]; got[0] != string(first) || got[1] != string(second) {
				t.Error("messages differ from what was sent")
			}
			_ = c.Close()
			eventually(t, "the end", func() bool { return s.Stats().Closed["ended"] == 1 })
			if log := s.log.String(); log != "" {
				t.Errorf("log:\n%s", log)
			}
		})
	}
}

func TestTLSRefusesWhatIsNoTLSAndWhatIsTooOld(t *testing.T) {
	authority := certtest.New(t)
	config := mutual(t, authority)
	config.MinVersion = tls.VersionTLS13
	s := listenStream(t, StreamOptions{TLS: config})
	plain := s.dial(t)
	write(t, plain, ipfix(16, 'a'))
	for { // an alert, and the end
		if _, err := plain.Read(make([]byte, 100)); err != nil {
			break
		}
	}
	eventually(t, "the refusal", func() bool { return s.Stats().Closed["handshake"] == 1 })
	old := tls.Client(s.dial(t), &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, RootCAs: authority.Pool(), ServerName: "127.0.0.1"})
	if err := old.HandshakeContext(t.Context()); err == nil {
		t.Error("TLS 1.2 is taken though the least is 1.3")
	}
	eventually(t, "another refusal", func() bool { return s.Stats().Closed["handshake"] == 2 })
	if s.total() != 0 || !strings.Contains(s.log.String(), "first record does not look like a TLS handshake") {
		t.Errorf("%d messages, log:\n%s", s.total(), s.log)
	}
}

// Peers that never go on with their handshake leave room for exporters: for those that are connected, and for more.
func TestHandshakesAreBounded(t *testing.T) {
	authority := certtest.New(t)
	s := listenStream(t, StreamOptions{TLS: mutual(t, authority), MaxConnections: 8})
	certificate := authority.Client(t, "exporter").TLS(t)
	send := func(raw net.Conn, want int) {
		t.Helper()
		c, err := shake(t, raw, authority, certificate)
		if err != nil {
			t.Fatal(err)
		}
		write(t, c, ipfix(16, 'a'))
		eventually(t, "the message", func() bool { return s.total() == want })
	}
	for i := range 3 { // more than may be in their handshake
		send(s.dial(t), i+1)
	}
	slow := s.dialFrom(t, "127.0.0.2")
	s.dialFrom(t, "127.0.0.3")
	for i := range 100 {
		closed(t, s.dialFrom(t, fmt.Sprintf("127.0.1.%d", i)))
	}
	if st := s.Stats(); st.Refused["handshakes"] != 100 || st.Refused["too_many"] != 0 || st.Connections != 5 {
		t.Errorf("%+v", st)
	}
	if log := s.log.String(); strings.Count(log, "as many are in their TLS handshake as may be") != 1 {
		t.Errorf("log of 100 connections:\n%s", log)
	}
	send(slow, 4)
	send(s.dial(t), 5)
}

// A stop during a handshake does not wait until the peer goes on with it.
func TestStopDuringAHandshake(t *testing.T) {
	s := listenStream(t, StreamOptions{TLS: mutual(t, certtest.New(t))})
	c := s.dial(t)
	eventually(t, "the connection", func() bool { return s.Stats().Connections == 1 })
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	closed(t, c)
	if s.Stats().Closed["handshake"] != 1 {
		t.Errorf("%+v", s.Stats())
	}
}

func TestTLSStopWaitsForTheMessageInHand(t *testing.T) {
	authority := certtest.New(t)
	s := listenStream(t, StreamOptions{TLS: mutual(t, authority)})
	s.grace = time.Hour
	c, err := s.exporter(t, authority, authority.Client(t, "exporter").TLS(t))
	if err != nil {
		t.Fatal(err)
	}
	s.stopWithinMessage(t, c)
}

// TestTLSCutWithinAMessage: the peer vanishes without the word that TLS has for it.
func TestTLSCutWithinAMessage(t *testing.T) {
	authority := certtest.New(t)
	s := listenStream(t, StreamOptions{TLS: mutual(t, authority)})
	c, err := s.exporter(t, authority, authority.Client(t, "exporter").TLS(t))
	if err != nil {
		t.Fatal(err)
	}
	write(t, c, ipfix(16, 'a'), ipfix(500, 'b')[:400])
	eventually(t, "the message", func() bool { return s.total() == 1 })
	_ = c.NetConn().(*net.TCPConn).SetLinger(0)
	_ = c.NetConn().Close()
	eventually(t, "the cut", func() bool { return s.Stats().Closed["cut"] == 1 })
}
