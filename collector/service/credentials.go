package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// passwordCredential is the name under which systemd hands over the password (LoadCredential=).
const passwordCredential = "elasticsearch-password"

// password reads the password for Elasticsearch: from the file that is set, else from the service's credentials
// directory, else there is none. A line end after the password does not belong to it.
func password(file string) (string, error) {
	setting, optional := "output.elasticsearch.password_file", false
	if file == "" {
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", nil
		}
		setting, optional, file = "credential", true, filepath.Join(dir, passwordCredential)
	}
	b, err := os.ReadFile(file) //nolint:gosec // G703: the operator names the file
	if optional && errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("unable to read %s: %w", setting, err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
