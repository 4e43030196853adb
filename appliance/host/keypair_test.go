package host

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// certifier makes certificates that a key signs itself.
type certifier struct {
	known   []byte
	serial  int64
	problem error
	issued  *int
}

func (certifier) Noun() string { return "certificate" }

func (c certifier) Issues() bool { return c.known == nil }

func (c certifier) parse(content []byte) *x509.Certificate {
	block, _ := pem.Decode(content)
	if block == nil {
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return certificate
}

func (c certifier) PublicKey() crypto.PublicKey {
	if certificate := c.parse(c.known); certificate != nil {
		return certificate.PublicKey
	}
	return nil
}

func (c certifier) Wanted() map[string]string {
	if certificate := c.parse(c.known); certificate != nil {
		return map[string]string{"serial": certificate.SerialNumber.String(), "key": "matches"}
	}
	return map[string]string{"serial": OtherThan(strconv.FormatInt(c.serial-1, 10)), "key": "matches"}
}

func (c certifier) Observed(content []byte, public crypto.PublicKey) map[string]string {
	certificate := c.parse(content)
	if certificate == nil {
		return map[string]string{"serial": "none"}
	}
	facts := map[string]string{"serial": certificate.SerialNumber.String(), "key": "another"}
	if SameKey(public, certificate.PublicKey) {
		facts["key"] = "matches"
	}
	return facts
}

func (c certifier) Chain(_ context.Context, key crypto.Signer) ([]byte, error) {
	if c.problem != nil {
		return nil, c.problem
	}
	if c.known != nil {
		if !SameKey(key.Public(), c.PublicKey()) {
			return nil, errors.New("for another key")
		}
		return c.known, nil
	}
	*c.issued++
	template := &x509.Certificate{SerialNumber: big.NewInt(c.serial), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}

// pairOf is a pair in a folder of its own.
func pairOf(t *testing.T, c certifier) (KeyPair, string) {
	t.Helper()
	folder := t.TempDir()
	owner, group := me(t)
	return KeyPair{
		Key: filepath.Join(folder, "x.key"), Certificate: filepath.Join(folder, "x.crt"), Algorithm: "ecdsa-p256", Owner: owner, Group: group, Certifier: c,
	}, folder
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// settled applies an item some of whose facts are open.
func settled(t *testing.T, l *local, pair KeyPair) Observation {
	t.Helper()
	o, err := Apply(t.Context(), l, Desired{pair})
	if err != nil {
		t.Fatal(err)
	}
	if changes := o.Facts.Changes(Desired{pair}.Settled(o.Facts).Facts()); len(changes) > 0 {
		t.Fatalf("after an Apply without error there is still %+v", changes)
	}
	return o
}

func TestKeyPair(t *testing.T) {
	l, issued := newLocal(t), 0
	pair, folder := pairOf(t, certifier{serial: 2, issued: &issued})
	o := settled(t, l, pair)
	first := content(t, pair.Key)
	if !strings.HasPrefix(first, "-----BEGIN PRIVATE KEY-----\n") || o.Facts[pair.KeyFact("mode")] != "0600" || o.Facts[pair.Fact("serial")] != "2" ||
		o.Facts[pair.KeyFact("type")] != "ecdsa-p256" || o.Facts[pair.Fact("key")] != "matches" || pair.Noted(o.Notes) != content(t, pair.Certificate) {
		t.Errorf("%.40q, facts %v", first, o.Facts)
	}
	settled(t, l, pair) // what is there will do
	if issued != 1 {
		t.Errorf("issued %d times", issued)
	}

	renewed := pair
	renewed.Certifier = certifier{serial: 3, issued: &issued}
	if settled(t, l, renewed); content(t, pair.Key) != first || issued != 2 {
		t.Errorf("renewed with another key, %d certificates", issued)
	}
	renewed.Certifier, renewed.Rotate = certifier{serial: 4, issued: &issued}, true
	if settled(t, l, renewed); content(t, pair.Key) == first || issued != 3 {
		t.Errorf("rotated with the same key, %d certificates", issued)
	}
	renewed.Algorithm, renewed.Rotate = "rsa-2048", false
	if o := settled(t, l, renewed); o.Facts[pair.KeyFact("type")] != "rsa-2048" || issued != 4 {
		t.Errorf("another kind of key: %v", o.Facts)
	}

	// A certificate that is known is put back; for a key that is not there it is of no use.
	known := renewed
	known.Certifier = certifier{known: []byte(content(t, pair.Certificate))}
	if err := os.Remove(pair.Certificate); err != nil {
		t.Fatal(err)
	}
	apply(t, l, Desired{known})
	key := content(t, pair.Key)
	if err := os.Remove(pair.Key); err != nil {
		t.Fatal(err)
	}
	_, err := Apply(t.Context(), l, Desired{known})
	wantError(t, err, "for another key")
	known.Given = []byte(key)
	apply(t, l, Desired{known})

	remove(t, l, Desired{known}, o.Before)
	if left := entries(t, folder); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestKeyPairFailures: whatever goes wrong, the old pair stays, and nothing lies about.
func TestKeyPairFailures(t *testing.T) {
	l, issued := newLocal(t), 0
	pair, folder := pairOf(t, certifier{serial: 2, issued: &issued})
	settled(t, l, pair)
	key, certificate := content(t, pair.Key), content(t, pair.Certificate)
	rotated := pair
	rotated.Rotate, rotated.Certifier = true, certifier{serial: 3, problem: errors.New("nobody signs")}
	_, err := Apply(t.Context(), l, Desired{rotated})
	wantError(t, err, "certificate "+pair.Certificate, "nobody signs")
	l.stdin = func(in io.Reader) io.Reader { // a link that is cut in the middle of a certificate
		text, err := io.ReadAll(in)
		if err != nil || !strings.Contains(string(text), "BEGIN CERTIFICATE") {
			return strings.NewReader(string(text))
		}
		return strings.NewReader(string(text[:len(text)-100]))
	}
	rotated.Certifier = certifier{serial: 3, issued: &issued}
	_, err = Apply(t.Context(), l, Desired{rotated})
	wantError(t, err, "bytes arrived")
	l.stdin = nil
	if content(t, pair.Key) != key || content(t, pair.Certificate) != certificate || len(entries(t, folder)) != 2 {
		t.Errorf("after failures there are %q", entries(t, folder))
	}

	if err := os.WriteFile(pair.Key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := pair
	foreign.Foreign = true
	_, err = Apply(t.Context(), l, Desired{foreign})
	wantError(t, err, pair.Key, "no private key that openssl can read", "choose another path")
	if err := os.WriteFile(pair.Key, []byte(key), 0o640); err != nil {
		t.Fatal(err)
	}
	foreign.Algorithm = "rsa-2048"
	_, err = Apply(t.Context(), l, Desired{foreign})
	wantError(t, err, "of the kind ecdsa-p256 and not rsa-2048")
	found := pair
	found.Found, found.Key = true, filepath.Join(folder, "other.key")
	_, err = Apply(t.Context(), l, Desired{found})
	wantError(t, err, "other.key is not there")
	if err := os.Symlink("/etc/passwd", found.Key); err != nil {
		t.Fatal(err)
	}
	_, err = Apply(t.Context(), l, Desired{found})
	wantError(t, err, "symbolic link", "not replaced")
}

// TestOpensslIsInstalled where it is missing, before anything else.
// TestKeyIsNotWrittenThroughALink: the directory may be of the account that uses the key. A link that it puts where the new key is made first leads nowhere.
func TestKeyIsNotWrittenThroughALink(t *testing.T) {
	for _, given := range []bool{false, true} {
		l := newLocal(t)
		pair, folder := pairOf(t, certifier{serial: 2, issued: new(int)})
		if given {
			other, _ := pairOf(t, certifier{serial: 2, issued: new(int)})
			settled(t, l, other)
			pair.Given = []byte(content(t, other.Key))
		}
		l.write("victim", "of root\n")
		victim := filepath.Join(l.root, "victim")
		l.moved["made=${keyleft}key"] = "made=${keyleft}key; ln -s -- " + victim + " \"$made\""
		if _, err := Apply(t.Context(), l, Desired{pair}); err == nil {
			t.Errorf("given %t: a key was made in the place of a link", given)
		}
		if l.read("victim") != "of root\n" {
			t.Errorf("given %t: it was written to what the link leads to", given)
		}
		if left := entries(t, folder); len(left) > 0 {
			t.Errorf("given %t: %q is left", given, left)
		}
	}
}

func TestOpensslIsInstalled(t *testing.T) {
	l, issued := newLocal(t), 0
	pair, _ := pairOf(t, certifier{serial: 2, issued: &issued})
	settled(t, l, pair)
	l.moved["command -v openssl"] = "test -e " + filepath.Join(l.root, "state", "packages", "openssl")
	if facts := probe(t, l, Desired{pair}); facts[pair.keyID()] != "unreadable: there is no openssl on the host" {
		t.Errorf("facts %v", facts)
	}
	renewed := pair
	renewed.Certifier = certifier{serial: 3, issued: &issued}
	_, err := Apply(t.Context(), l, Desired{renewed})
	wantError(t, err, "install openssl", "Unable to locate package openssl")
	if err := os.MkdirAll(filepath.Join(l.root, "state", "available"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.write("state/available/openssl", "3.0.19-1\n")
	key := content(t, pair.Key)
	if settled(t, l, renewed); content(t, pair.Key) != key || issued != 2 {
		t.Errorf("a key that could not be read without openssl is replaced, or %d certificates are issued", issued)
	}
}

// TestKeyThatWasThere: a key of the right kind is used, and stays; the certificate that was there before comes back.
func TestKeyThatWasThere(t *testing.T) {
	l, issued := newLocal(t), 0
	pair, folder := pairOf(t, certifier{serial: 2, issued: &issued})
	settled(t, l, pair)
	key := content(t, pair.Key)
	for path, text := range map[string]string{pair.Key: key, pair.Certificate: "theirs\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	foreign := pair
	foreign.Foreign, foreign.KeyMode = true, 0o400
	o := settled(t, l, foreign)
	if content(t, pair.Key) != key || o.Facts[pair.KeyFact("mode")] != "0400" {
		t.Errorf("another key, or mode %s", o.Facts[pair.KeyFact("mode")])
	}
	remove(t, l, Desired{foreign}, o.Before)
	info, err := os.Stat(pair.Key)
	if err != nil || info.Mode() != 0o600 || content(t, pair.Key) != key || content(t, pair.Certificate) != "theirs\n" || len(entries(t, folder)) != 2 {
		t.Errorf("after the removal: %v, %v, %q", info, err, entries(t, folder))
	}
}

// TestOpenKey signs with keys of each kind that hosts make, with what is on any Debian.
func TestOpenKey(t *testing.T) {
	l := newLocal(t)
	for _, name := range KeyAlgorithms()[:2] {
		issued := 0
		pair, _ := pairOf(t, certifier{serial: 2, issued: &issued})
		pair.Algorithm = name
		settled(t, l, pair)
		key, err := OpenKey(t.Context(), l, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		if got := KeyAlgorithmOf(key.Public()); got != name {
			t.Errorf("%s reads as %s", name, got)
		}
		request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
		if err != nil {
			t.Fatal(err)
		}
		if parsed, err := x509.ParseCertificateRequest(request); err != nil || parsed.CheckSignature() != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok := key.Public().(*rsa.PublicKey); ok {
			digest := sha256.Sum256(nil)
			_, err := key.Sign(rand.Reader, digest[:], &rsa.PSSOptions{Hash: crypto.SHA256})
			wantError(t, err, "PKCS #1")
		}
	}
	_, err := OpenKey(t.Context(), l, "/nowhere.key")
	wantError(t, err, "private key /nowhere.key", "openssl pkey")
}

func TestRegister(t *testing.T) {
	l := newLocal(t)
	folder := t.TempDir()
	register := Register{Path: filepath.Join(folder, "issued")}
	wantError(t, AddLine(t.Context(), l, register.Path, "x"), register.Path, "not a regular file that is there")
	o := apply(t, l, Desired{register})
	for _, line := range []string{"one", "two", "one"} {
		if err := AddLine(t.Context(), l, register.Path, line); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, AddLine(t.Context(), l, register.Path, "a\nb"), "line feeds")
	if got := apply(t, l, Desired{register}).Notes[register.ID()]; got != "one\ntwo\n" {
		t.Errorf("the register has %q", got)
	}
	texts, err := ReadTexts(t.Context(), l, register.Path, filepath.Join(folder, "none"))
	if err != nil || !cmp.Equal(texts, map[string]string{register.Path: "one\ntwo\n"}) {
		t.Errorf("texts %q, %v", texts, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "large"), make([]byte, MaxPreviousContent+1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = ReadTexts(t.Context(), l, filepath.Join(folder, "large"))
	wantError(t, err, "large", "more than")
	if err := os.Chmod(register.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := apply(t, l, Desired{register}).Notes[register.ID()]; got != "one\ntwo\n" {
		t.Errorf("after its mode was repaired the register has %q", got)
	}
	remove(t, l, Desired{register}, o.Before)
	if left := entries(t, folder); !cmp.Equal(left, []string{"large"}) {
		t.Errorf("left: %q", left)
	}
}

func TestNames(t *testing.T) {
	answered := func(values ...string) answer {
		var a answer
		for i := 0; i < len(values); i += 2 {
			a.values = append(a.values, value{values[i], []byte(values[i+1])})
		}
		return a
	}
	const inet6 = "20010db8000000000000000000000001 02 40 00 80     eth0\n20010db800000000a1b2c3d4e5f60718 02 40 00 01     eth0\n"
	n, err := parseNames(answered("hostname", "flow1", "fqdn", "flow1.example.net.\n", "addresses", "192.0.2.1 fe80::1 2001:db8::1 2001:db8::a1b2:c3d4:e5f6:718 127.0.0.1",
		"inet6", inet6, "clock", "1700000000\n"))
	if err != nil || n.Hostname != "flow1" || n.FQDN != "flow1.example.net" || fmt.Sprint(n.Addresses) != "[192.0.2.1 2001:db8::1]" || n.Clock.Unix() != 1700000000 {
		t.Errorf("%+v, %v", n, err)
	}
	for _, fqdn := range []string{"", "flow1", "localhost.localdomain"} {
		if n, err := parseNames(answered("hostname", "flow1", "fqdn", fqdn, "clock", "1")); err != nil || n.FQDN != "" {
			t.Errorf("%q is the name %q, %v", fqdn, n.FQDN, err)
		}
	}
	for _, wrong := range []answer{
		{failed: "no hostname"},
		answered("clock", "x"), answered("clock", "1", "addresses", "x"), answered("clock", "1", "inet6", "x\n"),
		answered("clock", "1", "inet6", "00 02 40 00 80 eth0\n"), answered("clock", "1", "inet6", "zz 02 40 00 01 eth0\n"), answered("clock", "1", "inet6", "00 02 40 00 zz eth0\n"),
	} {
		if n, err := parseNames(wrong); err == nil {
			t.Errorf("%v reads as %+v", wrong, n)
		}
	}
	if n, err := TakeNames(t.Context(), newLocal(t)); err != nil || n.Hostname == "" || n.Clock.IsZero() {
		t.Errorf("this machine: %+v, %v", n, err)
	}
}
