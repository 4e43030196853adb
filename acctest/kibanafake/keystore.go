package kibanafake

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Keystore is bin/kibana-keystore (src/cli_keystore): create, list, add [-f] [-x] KEY, remove KEY. Errors go to standard error and end with another code
// than 0 only where commander does that: "not found" is said with code 0.
func Keystore(_ context.Context, args []string) int {
	file := keystoreFile()
	var flags, words []string
	for _, argument := range args {
		if strings.HasPrefix(argument, "-") {
			flags = append(flags, argument)
			continue
		}
		words = append(words, argument)
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(flags, name) })
	}
	if len(words) == 0 {
		fmt.Println("Usage: bin/kibana-keystore [options] [command]")
		return 0
	}
	entries, exists, err := readKeystore(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "UnableToReadKeystore: unable to read keystore")
		return 1
	}
	switch {
	case words[0] == "create": // an existing one is asked about
		if exists && !has("-s", "--silent") {
			fmt.Println("A Kibana keystore already exists. Overwrite? [y/N]")
			return 0
		}
		err = writeKeystore(file, map[string]any{})
		fmt.Println("Created Kibana keystore in " + file)
	case !exists:
		fmt.Fprintln(os.Stderr, "ERROR: Kibana keystore not found. Use 'create' command to create one.")
		return 0
	case words[0] == "list":
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			fmt.Println(name)
		}
	case words[0] == "remove" && len(words) > 1:
		delete(entries, words[1])
		err = writeKeystore(file, entries)
	case words[0] == "add" && len(words) > 1:
		err = add(file, entries, words[1], has("-f", "--force"), has("-x", "--stdin"))
	default:
		fmt.Fprintln(os.Stderr, "unknown command "+words[0])
		return 64
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// add trims what it is given, and takes it for JSON if it is (src/cli_keystore/add).
func add(file string, entries map[string]any, name string, force, stdin bool) error {
	if _, there := entries[name]; there && !force {
		fmt.Println("Setting " + name + " already exists, exiting without modifying keystore.")
		return nil
	}
	if !stdin {
		return errors.New("this one does not ask a person")
	}
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(string(content))
	var value any
	if json.Unmarshal([]byte(text), &value) != nil || value == nil {
		value = text
	}
	entries[name] = value
	return writeKeystore(file, entries)
}

// keystoreFile is where Kibana looks for it (src/cli_keystore/get_keystore, @kbn/utils getConfigPath): beside the settings.
func keystoreFile() string { return filepath.Join(configFolder(), "kibana.keystore") }

func configFolder() string {
	if folder := os.Getenv("KBN_PATH_CONF"); folder != "" {
		return folder
	}
	return "/etc/kibana"
}

// Sizes of src/cli/keystore/keystore.
const (
	saltSize, nonceSize, tagSize, keySize = 64, 12, 16, 32
	iterations                            = 10000
)

func sealer(salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha512.New, "", salt, iterations, keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func writeKeystore(file string, entries map[string]any) error {
	plain, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	random := make([]byte, saltSize+nonceSize)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	salt, nonce := random[:saltSize], random[saltSize:]
	gcm, err := sealer(salt)
	if err != nil {
		return err
	}
	sealed := gcm.Seal(nil, nonce, plain, nil)
	encrypted, tag := sealed[:len(sealed)-tagSize], sealed[len(sealed)-tagSize:]
	return os.WriteFile(file, []byte("1:"+base64.StdEncoding.EncodeToString(slices.Concat(salt, nonce, tag, encrypted))), 0o600)
}

func readKeystore(file string) (entries map[string]any, exists bool, err error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return map[string]any{}, false, nil
	}
	if err != nil {
		return nil, true, err
	}
	_, text, _ := strings.Cut(strings.TrimSpace(string(content)), ":")
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) < saltSize+nonceSize+tagSize {
		return nil, true, errors.New("damaged")
	}
	gcm, err := sealer(data[:saltSize])
	if err != nil {
		return nil, true, err
	}
	nonce, rest := data[saltSize:saltSize+nonceSize], data[saltSize+nonceSize:]
	plain, err := gcm.Open(nil, nonce, slices.Concat(rest[tagSize:], rest[:tagSize]), nil)
	if err != nil {
		return nil, true, err
	}
	return entries, true, json.Unmarshal(plain, &entries)
}
