package host

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// keyAlgorithm is a kind of private key that hosts make. Java 8's and Node.js's TLS know all of them.
type keyAlgorithm struct {
	name    string
	genpkey []string // arguments of openssl genpkey
}

var keyAlgorithms = []keyAlgorithm{
	{"ecdsa-p256", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"}},
	{"rsa-2048", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}},
	{"rsa-3072", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"}},
	{"rsa-4096", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"}},
}

// KeyAlgorithms are the names of the kinds of private keys that hosts make, the usual one first.
func KeyAlgorithms() []string {
	names := make([]string, len(keyAlgorithms))
	for i, a := range keyAlgorithms {
		names[i] = a.name
	}
	return names
}

func algorithmOf(name string) (keyAlgorithm, error) {
	i := slices.IndexFunc(keyAlgorithms, func(a keyAlgorithm) bool { return a.name == name })
	if i < 0 {
		return keyAlgorithm{}, fmt.Errorf("%q is not a key algorithm: there are %s", name, strings.Join(KeyAlgorithms(), ", "))
	}
	return keyAlgorithms[i], nil
}

// KeyAlgorithmOf names the kind of a key, also of one that hosts would not make.
func KeyAlgorithmOf(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return "ecdsa-" + strings.ToLower(strings.ReplaceAll(key.Params().Name, "-", ""))
	case *rsa.PublicKey:
		return fmt.Sprintf("rsa-%d", key.N.BitLen())
	case ed25519.PublicKey:
		return "ed25519"
	}
	return "unknown"
}

// KeyFingerprint is the SHA-256 of a public key in hexadecimal, as openssl pkey -pubout -outform DER | sha256sum says.
func KeyFingerprint(public crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil { // no key that was read from PKIX
		return "unknown"
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// SameKey tells whether two public keys are one.
func SameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface {
		Equal(other crypto.PublicKey) bool
	})
	return ok && b != nil && key.Equal(b)
}

func parsePublicKey(text []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("openssl printed no public key but %q", excerpt(text))
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// OpenKey makes a Signer of a private key on a host, which stays there: what is to be signed goes to the host, and signatures come back. It signs
// as long as ctx lasts.
func OpenKey(ctx context.Context, runner Runner, path string) (crypto.Signer, error) {
	out, err := openssl(ctx, runner, nil, "pkey", "-in", path, "-passin", "pass:", "-pubout")
	if err != nil {
		return nil, fmt.Errorf("private key %s: %w", path, err)
	}
	public, err := parsePublicKey(out)
	if err != nil {
		return nil, fmt.Errorf("private key %s: %w", path, err)
	}
	return keyOnHost{ctx, runner, path, public}, nil
}

// keyOnHost implements crypto.Signer, whose methods have no context.
type keyOnHost struct {
	ctx    context.Context
	runner Runner
	path   string
	public crypto.PublicKey
}

// Public implements crypto.Signer.
func (k keyOnHost) Public() crypto.PublicKey { return k.public }

// Sign implements crypto.Signer: ECDSA, or RSA with PKCS #1 v1.5.
func (k keyOnHost) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	args := []string{"pkeyutl", "-sign", "-inkey", k.path, "-passin", "pass:"}
	switch k.public.(type) {
	case *ecdsa.PublicKey:
	case *rsa.PublicKey:
		if _, pss := options.(*rsa.PSSOptions); pss {
			return nil, errors.New("the host signs with PKCS #1 v1.5 only")
		}
		hash := strings.ToLower(strings.ReplaceAll(options.HashFunc().String(), "-", "")) // sha256
		args = append(args, "-pkeyopt", "rsa_padding_mode:pkcs1", "-pkeyopt", "digest:"+hash)
	default:
		return nil, fmt.Errorf("a key of the kind %s does not sign digests", KeyAlgorithmOf(k.public))
	}
	signature, err := openssl(k.ctx, k.runner, digest, args...)
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", k.path, err)
	}
	return signature, nil
}

func openssl(ctx context.Context, runner Runner, stdin []byte, args ...string) ([]byte, error) {
	result, err := runner.Run(ctx, ssh.Command{Argv: append([]string{"openssl"}, args...), Stdin: bytes.NewReader(stdin), Root: true})
	if err != nil {
		return nil, err
	}
	if result.ExitCode != 0 {
		return nil, &ssh.ExitError{Program: "openssl " + args[0], ExitCode: result.ExitCode, Stderr: string(result.Stderr)}
	}
	return result.Stdout, nil
}
