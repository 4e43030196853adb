package host

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// KeyPair is a private key and the certificate for it, or a request for one. The key is made on the host and never leaves it; certificates are made elsewhere, with
// nothing but signatures of the key. A new pair takes the old one's place by two renames, one after the other: who reads in between sees a
// certificate and a key that do not match, and has to read again. The host needs openssl; where it is missing, Debian's package is installed, and
// stays: others may have come to need it.
type KeyPair struct {
	Key         string      // path, absolute and clean; its directory must be there
	KeyMode     fs.FileMode // permission bits; 0 is 0600
	Algorithm   string      // one of KeyAlgorithms; a key of another kind is replaced by a new one. Empty: any will do
	Certificate string      // path
	Mode        fs.FileMode // of the certificate; 0 is 0644
	Owner       string      // of both, user name or number; empty is root
	Group       string      // of both, group name or number; empty is root

	// Given is the private key, PEM without a passphrase, where it is not to be made on the host. It is written where the host has not the
	// key of the certificate.
	Given []byte
	// Found: the key is somebody else's. It has to be there, and is neither made nor changed nor removed.
	Found bool
	// Foreign: what is there is not ours. A key of the right kind is used, and stays; any other is not replaced.
	Foreign bool
	// Rotate makes a new key for each new certificate.
	Rotate bool
	// Certifier says what the certificate has to be.
	Certifier Certifier
}

// Certifier is what a KeyPair's certificate has to be. Facts are named "NOUN PATH: NAME".
type Certifier interface {
	// Noun is what the file has, for the names of facts: "certificate".
	Noun() string
	// PublicKey is the key that the certificate is for; nil: whatever key there is.
	PublicKey() crypto.PublicKey
	// Wanted are the facts of the certificate. Those that only the issuing will tell are open: OtherThan those that are not good enough.
	Wanted() map[string]string
	// Observed are the facts of what is in the file. Public is that of the key beside it; nil: it is not known.
	Observed(content []byte, public crypto.PublicKey) map[string]string
	// Chain is the content of the file for the key: it may be known already, or be issued now.
	Chain(ctx context.Context, key crypto.Signer) ([]byte, error)
	// Issues tells whether Chain issues a new certificate, for whatever key.
	Issues() bool
}

// ID implements Item.
func (k KeyPair) ID() string { return k.certificateID() }

func (k KeyPair) keyID() string { return "key " + k.Key }

func (k KeyPair) certificateID() string { return k.Certifier.Noun() + " " + k.Certificate }

// KeyFact names a fact about the key: empty, whether it is there; type; public key (its fingerprint); mode; owner.
func (k KeyPair) KeyFact(name string) string { return factOf(k.keyID(), name) }

// Fact names a fact about the certificate.
func (k KeyPair) Fact(name string) string { return factOf(k.certificateID(), name) }

func factOf(id, name string) string {
	if name == "" {
		return id
	}
	return id + ": " + name
}

func (k KeyPair) keyAttributes() attributes {
	return attributes{mode: k.KeyMode, standard: 0o600, owner: k.Owner, group: k.Group}
}

func (k KeyPair) file() File {
	return File{Path: k.Certificate, Mode: k.Mode, Owner: k.Owner, Group: k.Group, Content: []byte{}}
}

func (k KeyPair) validate() error {
	errs := []error{ValidPath(k.Key), k.keyAttributes().validate(), k.file().validate()}
	if k.Algorithm != "" {
		_, err := algorithmOf(k.Algorithm)
		errs = append(errs, err)
	}
	if k.Certificate == k.Key {
		errs = append(errs, errors.New("the private key and the certificate cannot be one file"))
	}
	return errors.Join(errs...)
}

func (k KeyPair) want() Facts {
	facts := Facts{k.keyID(): Present, k.KeyFact("type"): OtherThan(""), k.KeyFact("public key"): OtherThan("")}
	if public := k.Certifier.PublicKey(); public != nil {
		facts[k.KeyFact("type")], facts[k.KeyFact("public key")] = KeyAlgorithmOf(public), KeyFingerprint(public)
	}
	if k.Algorithm != "" {
		facts[k.KeyFact("type")] = k.Algorithm
	}
	if !k.Found {
		k.keyAttributes().want(facts, k.keyID())
	}
	facts[k.certificateID()] = Present
	k.file().attributes().want(facts, k.certificateID())
	for name, value := range k.Certifier.Wanted() {
		facts[k.Fact(name)] = value
	}
	return facts
}

// settledPair is a KeyPair whose open facts are what a host showed.
type settledPair struct {
	KeyPair
	facts Facts
}

func (k settledPair) want() Facts { return k.facts }

// settled implements settler.
func (k KeyPair) settled(got Facts) Item {
	facts := k.want()
	for fact, value := range facts {
		if not, ok := strings.CutPrefix(value, openMark+otherThan); ok && got.value(fact) != not && got.value(fact) != Absent {
			facts[fact] = got[fact]
		}
	}
	return settledPair{k, facts}
}

func (k KeyPair) request(bool) request {
	return request{kind: "keypair", args: []string{strconv.Itoa(MaxPreviousContent), k.Key, k.Certificate}}
}

// pairState is what a host has of a pair.
type pairState struct {
	key, certificate stat
	public           crypto.PublicKey // nil: there is none, or it could not be told why
	unreadable       string           // why public is not known though there is a key
	withoutOpenssl   bool
	content          []byte
}

func (k KeyPair) state(a answer) (s pairState, err error) {
	keyAnswer, certificateAnswer := a.part("key."), a.part("certificate.")
	_, s.withoutOpenssl = keyAnswer.bytes("without-openssl")
	if s.key, err = parseStat(keyAnswer); err != nil {
		return s, err
	}
	if text, ok := keyAnswer.bytes("public"); ok {
		if s.public, err = parsePublicKey(text); err != nil {
			s.unreadable = err.Error()
		}
	} else {
		s.unreadable = keyAnswer.line("unreadable")
	}
	if s.certificate, err = parseStat(certificateAnswer); err != nil {
		return s, err
	}
	s.content, _ = certificateAnswer.bytes("content")
	return s, nil
}

func (k KeyPair) observe(a answer) (Facts, error) {
	s, err := k.state(a)
	if err != nil {
		return nil, err
	}
	facts := Facts{}
	for name := range k.want() {
		facts[name] = Absent
	}
	facts[k.keyID()] = s.key.describe("regular file")
	if s.key.kind == "regular file" {
		if !k.Found {
			k.keyAttributes().observe(facts, k.keyID(), s.key)
		}
		if s.public == nil {
			facts[k.keyID()] = Unreadable + ": " + s.unreadable
		} else {
			facts[k.KeyFact("type")], facts[k.KeyFact("public key")] = KeyAlgorithmOf(s.public), KeyFingerprint(s.public)
		}
	}
	facts[k.certificateID()] = s.certificate.describe("regular file")
	if s.certificate.kind == "regular file" {
		k.file().attributes().observe(facts, k.certificateID(), s.certificate)
		for name, value := range k.Certifier.Observed(s.content, s.public) {
			facts[k.Fact(name)] = value
		}
	}
	return facts, nil
}

// note implements noter: what is in the file of the certificate.
func (k KeyPair) note(a answer) Facts {
	if content, ok := a.bytes("certificate.content"); ok {
		return Facts{k.certificateID(): string(content)}
	}
	return nil
}

// Noted is what notes have of the file of the certificate; empty where it is not there.
func (k KeyPair) Noted(notes Facts) string { return notes[k.certificateID()] }

func (k KeyPair) record(a answer, b *Before) error {
	s, err := k.state(a)
	if err == nil {
		err = k.acceptable(s)
	}
	if err != nil {
		return err
	}
	if !k.Found {
		before := DirectoryBefore{Existed: s.key.kind == "regular file"}
		if before.Existed {
			before.Mode, before.Owner = s.key.modeText(), s.key.user+":"+s.key.group
		}
		put(&b.Keys, k.Key, before)
	}
	before := FileBefore{Existed: s.certificate.kind == "regular file"}
	if before.Existed {
		before.Mode, before.Owner = s.certificate.modeText(), s.certificate.user+":"+s.certificate.group
		before.Content, before.Kept = s.content, s.content != nil
	}
	put(&b.Files, k.Certificate, before)
	return nil
}

// acceptable tells why what is there is neither used nor replaced.
func (k KeyPair) acceptable(s pairState) error {
	for path, got := range map[string]stat{k.Key: s.key, k.Certificate: s.certificate} {
		if got.kind != "" && got.kind != "regular file" {
			return fmt.Errorf("%s is a %s, which is not replaced", path, got.describe(""))
		}
	}
	there := s.key.kind != ""
	switch {
	case k.Found && there && s.public == nil && !s.withoutOpenssl:
		return fmt.Errorf("private key %s: %s", k.Key, s.unreadable)
	case !k.Foreign || !there:
		return nil
	case s.public == nil && !s.withoutOpenssl:
		return fmt.Errorf("there is a file %s already, and %s: remove it, or choose another path", k.Key, s.unreadable)
	case s.public != nil && k.Algorithm != "" && KeyAlgorithmOf(s.public) != k.Algorithm:
		return fmt.Errorf("there is a private key %s already, of the kind %s and not %s: remove it, or ask for a key of its kind",
			k.Key, KeyAlgorithmOf(s.public), k.Algorithm)
	}
	return nil
}

// needsKey tells whether a key has to be made before the certificate.
func (k KeyPair) needsKey(s pairState) bool {
	switch {
	case k.Found:
		return false
	case s.public == nil, k.Algorithm != "" && KeyAlgorithmOf(s.public) != k.Algorithm:
		return true
	}
	return k.Rotate && k.Certifier.Issues()
}

func (k KeyPair) apply(ctx context.Context, e *engine, a answer) error {
	s, err := k.state(a)
	if err != nil {
		return err
	}
	if s.withoutOpenssl {
		if err := e.packages(ctx, "install openssl", nil, "fetch", "openssl", "", "no", "no", "keep"); err != nil {
			return err
		}
		_, answers, err := e.probe(ctx, Desired{k}, false)
		if err != nil {
			return err
		}
		a = answers[0]
		if s, err = k.state(a); err != nil {
			return err
		}
	}
	if err := k.acceptable(s); err != nil {
		return err
	}
	if k.Found && s.public == nil {
		return fmt.Errorf("the private key %s is not there", k.Key)
	}
	if k.needsKey(s) && k.Given == nil {
		if !k.Certifier.Issues() { // a new key would be of no use
			_, err := k.Certifier.Chain(ctx, onlyPublic{s.public})
			return err
		}
		return k.renew(ctx, e, true, nil)
	}
	if k.Given != nil && !SameKey(k.Certifier.PublicKey(), s.public) {
		return k.renew(ctx, e, true, k.Given)
	}
	if err := k.attributes(ctx, e, s); err != nil {
		return err
	}
	facts, err := k.observe(a)
	if err != nil {
		return err
	}
	if k.sameCertificate(facts) {
		return nil
	}
	return k.renew(ctx, e, false, nil)
}

// onlyPublic is a Signer that signs nothing.
type onlyPublic struct{ public crypto.PublicKey }

func (k onlyPublic) Public() crypto.PublicKey { return k.public }

func (onlyPublic) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("there is no private key")
}

// sameCertificate tells whether the certificate is as wanted, its mode and owner left aside.
func (k KeyPair) sameCertificate(got Facts) bool {
	want := k.settled(got).want()
	for _, change := range got.Changes(want) {
		switch change.Fact {
		case k.Fact("mode"), k.Fact("owner"), k.KeyFact("mode"), k.KeyFact("owner"):
		default:
			return false
		}
	}
	return true
}

// attributes puts mode and owner of what is there right.
func (k KeyPair) attributes(ctx context.Context, e *engine, s pairState) error {
	set := func(path string, t attributes) error {
		return e.run(ctx, "set mode and owner", attributesScript, nil, path, "file", t.modeText(), t.ownerText(), "no")
	}
	if !k.Found && s.key.kind != "" {
		if err := set(k.Key, k.keyAttributes()); err != nil {
			return err
		}
	}
	if s.certificate.kind != "" {
		return set(k.Certificate, k.file().attributes())
	}
	return nil
}

// renew makes what is missing beside its place, then puts it there.
func (k KeyPair) renew(ctx context.Context, e *engine, newKey bool, given []byte) (err error) {
	left := leftovers(k.Key)
	key := keyOnHost{ctx: ctx, runner: e.runner, path: k.Key}
	var public []byte
	if newKey {
		key.path = left + "key"
		defer func() {
			if err != nil {
				err = errors.Join(err, e.run(ctx, "forget the new key", keyPairScript, nil, "drop", k.Key, left))
			}
		}()
		public, err = k.make(ctx, e, given)
	} else {
		public, err = openssl(ctx, e.runner, nil, "pkey", "-in", k.Key, "-passin", "pass:", "-pubout")
	}
	if err != nil {
		return err
	}
	if key.public, err = parsePublicKey(public); err != nil {
		return err
	}
	chain, err := k.Certifier.Chain(ctx, key)
	if err != nil {
		return err
	}
	t := k.file().attributes()
	return e.run(ctx, "put the certificate into its place", keyPairScript, measured(chain),
		"put", k.Key, left, k.Certificate, leftovers(k.Certificate), t.modeText(), t.ownerText(), yesNo(newKey))
}

// make makes a key beside its place, and returns the public one.
func (k KeyPair) make(ctx context.Context, e *engine, given []byte) ([]byte, error) {
	t := k.keyAttributes()
	args := []string{"make", k.Key, leftovers(k.Key), t.modeText(), t.ownerText()}
	if given != nil {
		return e.output(ctx, "write the private key", keyPairScript, bytes.NewReader(measured(given)), append(args, "given")...)
	}
	algorithm, err := algorithmOf(k.Algorithm)
	if err != nil {
		return nil, err
	}
	args = append(append(args, "generate"), algorithm.genpkey...)
	return e.output(ctx, "make a private key", keyPairScript, bytes.NewReader(nil), args...)
}

// measured is content after a line that says how much it is: it may be cut off on its way.
func measured(content []byte) []byte {
	return append(fmt.Appendf(nil, "%d %x\n", len(content), sha256.Sum256(content)), content...)
}

func (k KeyPair) remove(ctx context.Context, e *engine, b Before) error {
	if err := k.file().remove(ctx, e, b); err != nil {
		return err
	}
	if k.Found {
		return nil
	}
	if before := b.Keys[k.Key]; before.Existed {
		return e.run(ctx, "restore mode and owner", attributesScript, nil, k.Key, "file", before.Mode, before.Owner, "no")
	}
	return e.run(ctx, "remove", removeScript, nil, "file", k.Key, leftovers(k.Key), "no", BackupSuffix)
}

func (k KeyPair) left(got Facts, b Before) []string {
	var left []string
	if before := b.Files[k.Certificate]; got[k.certificateID()] != Absent && (!before.Existed || !before.Kept) {
		left = append(left, k.certificateID()+" is still there")
	}
	if !k.Found && got[k.keyID()] != Absent && !b.Keys[k.Key].Existed {
		left = append(left, k.keyID()+" is still there")
	}
	return left
}
