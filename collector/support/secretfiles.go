package support

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// secretSettings are the ends of names of settings that name a file with a secret.
var secretSettings = []string{"password_file", "api_key_file", "key_file", "credentials_file"}

// SecretFiles are the files whose contents must not be in a bundle: those that settings name, what text, the file of settings, names as if it were one even where
// it cannot be read as settings, and what systemd hands to the service. Not all have to be there.
func SecretFiles(settings map[string]string, text []byte, credentials ...string) []string {
	files := namedPaths(text)
	for name, path := range settings {
		if path != "" && slices.ContainsFunc(secretSettings, func(end string) bool { return strings.HasSuffix(name, end) }) {
			files = append(files, path)
		}
	}
	for _, folder := range credentials {
		found, err := filepath.Glob(filepath.Join(folder, "*"))
		if err == nil {
			files = append(files, found...)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// namedPath is a path behind a name that has to do with secrets, misspelt or not.
var namedPath = regexp.MustCompile(`(?i)(?:pas|word|key|cred|secret|token)[\w.-]*["']?\s*[:=]\s*(?:"(/[^"\n]*)"|'(/[^'\n]*)'|["']?(/[^\n]*))`)

// namedPaths finds paths in a text. Where one ends in a line is not always to be told: each end that it may have makes one.
func namedPaths(text []byte) []string {
	var paths []string
	for _, m := range namedPath.FindAllSubmatch(text, -1) {
		if quoted := slices.Concat(m[1], m[2]); len(quoted) > 0 {
			paths = append(paths, string(quoted))
			continue
		}
		rest := m[3]
		paths = append(paths, string(bytes.TrimSpace(rest)))
		for at, c := range rest {
			if strings.IndexByte(" \t\r,}]#\"'", c) >= 0 {
				paths = append(paths, string(rest[:at]))
			}
		}
	}
	return paths
}

// ReadSecrets reads files, as SecretFiles names them. What is not there, or is no file, has no secret. One that cannot be read cannot be looked for: that is an
// error.
func ReadSecrets(paths []string) ([][]byte, error) {
	secrets := make([][]byte, 0, len(paths))
	for _, path := range paths {
		info, err := os.Stat(path)
		if err == nil && !info.Mode().IsRegular() || isNone(err) {
			continue
		}
		var secret []byte
		if err == nil {
			secret, err = os.ReadFile(path)
		}
		if err != nil {
			return nil, fmt.Errorf("unable to read a secret that is to be left out; run this as root: %w", err)
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// isNone tells whether there is no such file, or cannot be one.
func isNone(err error) bool {
	return slices.ContainsFunc([]error{fs.ErrNotExist, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.EINVAL}, func(one error) bool { return errors.Is(err, one) })
}
