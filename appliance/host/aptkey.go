package host

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Keyring are the OpenPGP public keys that may sign a repository.
type Keyring struct {
	Content      []byte   // as apt reads it from a file .gpg: packets, not armored
	Fingerprints []string // of the primary keys, hexadecimal digits in upper case, sorted
}

// Tags of OpenPGP packets, RFC 9580 section 5.
const (
	tagSecretKey    = 5
	tagPublicKey    = 6
	tagSecretSubkey = 7
)

const armorBegin = "-----BEGIN PGP "

// ReadKeyring reads public keys, armored or not. It knows every key in it by its fingerprint: one that it does not understand is an error, and so is
// a private key.
func ReadKeyring(content []byte) (Keyring, error) {
	if bytes.Contains(content, []byte(armorBegin)) {
		var err error
		if content, err = dearmor(content); err != nil {
			return Keyring{}, err
		}
	}
	k := Keyring{Content: content}
	packets := packet.NewOpaqueReader(bytes.NewReader(content))
	for {
		p, err := packets.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Keyring{}, fmt.Errorf("this is not an OpenPGP key: %w", err)
		}
		switch p.Tag {
		case tagSecretKey, tagSecretSubkey:
			return Keyring{}, errors.New("this has a private key; a repository is checked with the public one (gpg --export)")
		case tagPublicKey:
			parsed, err := p.Parse()
			if err != nil {
				return Keyring{}, fmt.Errorf("key %d: %w", len(k.Fingerprints)+1, err)
			}
			key, ok := parsed.(*packet.PublicKey)
			if !ok {
				return Keyring{}, fmt.Errorf("key %d is of an unknown kind", len(k.Fingerprints)+1)
			}
			k.Fingerprints = append(k.Fingerprints, strings.ToUpper(hex.EncodeToString(key.Fingerprint)))
		}
	}
	if len(k.Fingerprints) == 0 {
		return Keyring{}, errors.New("there is no OpenPGP public key in it")
	}
	slices.Sort(k.Fingerprints)
	return k, nil
}

// dearmor joins what is in all armored blocks.
func dearmor(text []byte) ([]byte, error) {
	var all []byte
	rest := bytes.NewReader(text)
	for blocks := bytes.Count(text, []byte(armorBegin)); blocks > 0; blocks-- {
		block, err := armor.Decode(rest)
		if err != nil {
			return nil, fmt.Errorf("the armor of the key: %w", err)
		}
		body, err := io.ReadAll(block.Body)
		if err != nil {
			return nil, fmt.Errorf("the armor of the key: %w", err)
		}
		all = append(all, body...)
		// The decoder has read ahead; the next block begins behind this one.
		end := bytes.Index(text, []byte("-----END PGP "))
		text = text[end+1:]
		rest.Reset(text)
	}
	return all, nil
}

// Problems says what will keep apt from accepting signatures by these keys at this time: one that expired or was revoked.
func (k Keyring) Problems(now time.Time) []string {
	entities, err := openpgp.ReadKeyRing(bytes.NewReader(k.Content))
	if err != nil {
		return nil // apt may understand what the library does not; the fingerprints are known
	}
	var problems []string
	for _, e := range entities {
		name := Fingerprint(hex.EncodeToString(e.PrimaryKey.Fingerprint))
		identity := e.PrimaryIdentity()
		switch {
		case e.Revoked(now):
			problems = append(problems, "key "+name+" was revoked")
		case identity != nil && identity.SelfSignature != nil && e.PrimaryKey.KeyExpired(identity.SelfSignature, now):
			problems = append(problems, "key "+name+" has expired")
		}
	}
	return problems
}

// Fingerprint is a fingerprint as it is compared: hexadecimal digits in upper case, without the spaces that people write between them.
func Fingerprint(text string) string {
	return strings.ToUpper(strings.Join(strings.Fields(text), ""))
}

// ValidFingerprint tells whether it is one of OpenPGP version 4 (40 digits) or 6 (64 digits). Shorter ids of keys can be forged.
func ValidFingerprint(text string) error {
	digits, err := hex.DecodeString(Fingerprint(text))
	if err != nil || len(digits) != 20 && len(digits) != 32 {
		return fmt.Errorf("%q is not the fingerprint of an OpenPGP key: 40 hexadecimal digits (64 with version 6)", text)
	}
	return nil
}

// keyringFormat shows the keys of a file by their fingerprints.
type keyringFormat struct{}

// Facts implements Format.
func (keyringFormat) Facts(content []byte) (map[string]string, error) {
	if len(content) == 0 {
		return map[string]string{"keys": "none"}, nil
	}
	k, err := ReadKeyring(content)
	if err != nil {
		return nil, err
	}
	// Keys with the same fingerprint differ when one was renewed.
	return map[string]string{"keys": strings.Join(k.Fingerprints, ", "), "content": digest(ContentSource(content))}, nil
}
