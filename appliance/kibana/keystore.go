package kibana

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// Kibana's keystore, version 1: "1:" and the base64 of salt, nonce, tag and the AES-256-GCM ciphertext of a JSON object. The key is PBKDF2 of the
// password with HMAC-SHA-512. The package makes it without a password, so it is for keeping secrets out of kibana.yml, not out of the host's root.
// (As of elastic/kibana src/cli/keystore.)
const (
	keystoreVersion    = "1:"
	keystoreIterations = 10000
	keystoreSalt       = 64
	keystoreNonce      = 12
	keystoreTag        = 16
	keystoreKey        = 32
)

// ReadKeystore gives the entries of a keystore without a password.
func ReadKeystore(content []byte) (map[string][]byte, error) {
	text, ok := bytes.CutPrefix(bytes.Trim(bytes.TrimSpace(content), `"`), []byte(keystoreVersion))
	if !ok {
		return nil, errors.New("it is no keystore of Kibana")
	}
	data, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(data) < keystoreSalt+keystoreNonce+keystoreTag {
		return nil, errors.New("it is damaged: it is not the base64 of a keystore")
	}
	salt, rest := data[:keystoreSalt], data[keystoreSalt:]
	nonce, rest := rest[:keystoreNonce], rest[keystoreNonce:]
	tag, encrypted := rest[:keystoreTag], rest[keystoreTag:]
	key, err := pbkdf2.Key(sha512.New, "", salt, keystoreIterations, keystoreKey)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, append(bytes.Clone(encrypted), tag...), nil)
	if err != nil {
		return nil, errors.New("it has a password, or is damaged")
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(plain, &values); err != nil {
		return nil, fmt.Errorf("it does not contain settings: %w", err)
	}
	entries := make(map[string][]byte, len(values))
	for name, value := range values {
		var text string
		if json.Unmarshal(value, &text) == nil {
			entries[name] = []byte(text)
			continue
		}
		entries[name] = value // a number, or an object
	}
	return entries, nil
}
