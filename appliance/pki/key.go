package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// NormalizeKey reads a private key, PEM, as PKCS #8, PKCS #1 or SEC 1, and writes it as PKCS #8, which Elasticsearch, Kibana and openssl read.
// An encrypted one is refused: nobody could use it on the host.
func NormalizeKey(text []byte) (normal []byte, public crypto.PublicKey, err error) {
	block, rest := pem.Decode(text)
	for block != nil && block.Type == "EC PARAMETERS" { // openssl ecparam -genkey writes them before the key
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, nil, errors.New("there is no PEM private key in it")
	}
	var key any
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return nil, nil, errors.New("the private key has a passphrase: give it without one (openssl pkey -in KEY)")
	case block.Type == "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, nil, fmt.Errorf("there is a %s where a private key belongs", block.Type)
	}
	if err != nil {
		return nil, nil, errors.New("the private key cannot be read") // what the parser says may quote it
	}
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		public = key.Public()
	case *rsa.PrivateKey:
		public = key.Public()
	default:
		return nil, nil, errors.New("the private key is neither for ECDSA nor for RSA")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), public, nil
}
