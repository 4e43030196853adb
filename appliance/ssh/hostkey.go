package ssh

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// HostKeyError means that a host did not prove to be the right one. Nothing was sent to it.
type HostKeyError struct {
	Host    string   // with port
	Offered string   // the key the host offered, in authorized_keys form
	Finger  string   // its fingerprint, SHA256:…
	Known   []string // fingerprints of the keys that would have been accepted
}

func (e *HostKeyError) Error() string {
	var b strings.Builder
	if len(e.Known) == 0 {
		fmt.Fprintf(&b, "no host key is known for %s, so it is not trusted.", e.Host)
	} else {
		fmt.Fprintf(&b, "%s offered a host key that is not the expected one (expected %s). It was reinstalled, or something else answers at its address.",
			e.Host, strings.Join(e.Known, " or "))
	}
	fmt.Fprintf(&b, " The key offered has the fingerprint %s. Compare it with what ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub "+
		"(or the file of its type) prints on the host's console; if they agree, write\n\n  host_keys = [%q]", e.Finger, e.Offered)
	return b.String()
}

// trust decides which host keys are accepted.
type trust struct {
	keys        []gossh.PublicKey
	authorities []gossh.PublicKey
	known       gossh.HostKeyCallback // from known_hosts; may be nil
	insecure    bool
}

func newTrust(c Config, prefix string) (*trust, error) {
	t := &trust{insecure: c.InsecureIgnoreHostKey}
	for i, line := range c.HostKeys {
		key, err := parseKey(fmt.Sprintf("%sHostKeys[%d]", prefix, i), line)
		if err != nil {
			return nil, err
		}
		t.keys = append(t.keys, key)
	}
	for i, line := range c.HostCertificateAuthorities {
		key, err := parseKey(fmt.Sprintf("%sHostCertificateAuthorities[%d]", prefix, i), line)
		if err != nil {
			return nil, err
		}
		t.authorities = append(t.authorities, key)
	}
	if c.KnownHosts != "" {
		known, err := parseKnownHosts(c.KnownHosts)
		if err != nil {
			return nil, &ConfigError{prefix + "KnownHosts", err.Error()}
		}
		t.known = known
	}
	if t.insecure && (len(t.keys) > 0 || len(t.authorities) > 0 || t.known != nil) {
		return nil, &ConfigError{prefix + "InsecureIgnoreHostKey", "contradicts the host keys that are given"}
	}
	return t, nil
}

// parseKnownHosts goes through a file because the library reads only files.
func parseKnownHosts(content string) (callback gossh.HostKeyCallback, err error) {
	file, err := os.CreateTemp("", "known_hosts")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	_, err = file.WriteString(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	callback, err = knownhosts.New(file.Name())
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), file.Name()+":", "line "))
	}
	return callback, nil
}

// check is the gossh.HostKeyCallback of a hop.
func (t *trust) check(host string, remote net.Addr, offered gossh.PublicKey) error {
	if t.insecure {
		return nil
	}
	if cert, ok := offered.(*gossh.Certificate); ok && t.signed(host, cert) == nil {
		return nil
	}
	for _, key := range t.keys {
		if bytes.Equal(key.Marshal(), offered.Marshal()) {
			return nil
		}
	}
	if t.known != nil && t.known(host, remote, offered) == nil {
		return nil
	}
	if cert, ok := offered.(*gossh.Certificate); ok {
		offered = cert.Key
	}
	return &HostKeyError{
		Host:    host,
		Offered: strings.TrimSpace(string(gossh.MarshalAuthorizedKey(offered))),
		Finger:  gossh.FingerprintSHA256(offered),
		Known:   t.fingerprints(host, remote),
	}
}

func (t *trust) signed(host string, cert *gossh.Certificate) error {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	checker := gossh.CertChecker{IsHostAuthority: func(key gossh.PublicKey, _ string) bool {
		return slices.ContainsFunc(t.authorities, func(a gossh.PublicKey) bool { return bytes.Equal(a.Marshal(), key.Marshal()) })
	}}
	if cert.CertType != gossh.HostCert || !checker.IsHostAuthority(cert.SignatureKey, host) {
		return errors.New("not signed by an accepted authority")
	}
	return checker.CheckCert(name, cert)
}

func (t *trust) fingerprints(host string, remote net.Addr) []string {
	wanted := t.wanted(host, remote)
	list := make([]string, 0, len(wanted)+len(t.authorities))
	for _, key := range wanted {
		list = append(list, gossh.FingerprintSHA256(key))
	}
	for _, key := range t.authorities {
		list = append(list, "a certificate of "+gossh.FingerprintSHA256(key))
	}
	return list
}

// wanted lists the plain keys that would be accepted for a host.
func (t *trust) wanted(host string, remote net.Addr) []gossh.PublicKey {
	keys := slices.Clone(t.keys)
	var mismatch *knownhosts.KeyError
	if t.known != nil && errors.As(t.known(host, remote, nobody{}), &mismatch) {
		for _, k := range mismatch.Want {
			keys = append(keys, k.Key)
		}
	}
	return keys
}

// algorithms asks the server for a key of a type we know, so that a pinned ed25519 key works with a server that would rather show
// another. Empty leaves the choice to the library.
func (t *trust) algorithms(host string, remote net.Addr) []string {
	var list []string
	for _, key := range t.wanted(host, remote) {
		switch key.Type() {
		case gossh.KeyAlgoRSA:
			list = append(list, gossh.KeyAlgoRSASHA512, gossh.KeyAlgoRSASHA256)
		default:
			list = append(list, key.Type())
		}
	}
	if len(t.authorities) > 0 {
		list = append(list, gossh.CertAlgoED25519v01, gossh.CertAlgoECDSA256v01, gossh.CertAlgoECDSA384v01, gossh.CertAlgoECDSA521v01,
			gossh.CertAlgoRSASHA512v01, gossh.CertAlgoRSASHA256v01)
	}
	return list
}

// nobody is a key that no known_hosts file has.
type nobody struct{}

func (nobody) Type() string                          { return "nobody" }
func (nobody) Marshal() []byte                       { return []byte("nobody") }
func (nobody) Verify([]byte, *gossh.Signature) error { return errors.New("no key") }
