package service

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
)

// Names under which systemd hands over secrets (LoadCredential=).
const (
	passwordCredential      = "elasticsearch-password"
	apiKeyCredential        = "elasticsearch-api-key"
	kafkaPasswordCredential = "kafka-password"
	httpPasswordCredential  = "http-password"
)

// secrets reads how the collector proves to Elasticsearch who it is: by an API key where there is one, else by user and password.
func secrets(es config.Elasticsearch) (output.Secrets, error) {
	key, err := secret("output.elasticsearch.api_key_file", es.APIKeyFile, apiKeyCredential)
	if err != nil {
		return output.Secrets{}, err
	}
	if strings.Contains(key, ":") { // id:key, as the server gave them
		key = base64.StdEncoding.EncodeToString([]byte(key))
	}
	if key != "" {
		return output.Secrets{APIKey: key}, nil
	}
	password, err := secret("output.elasticsearch.password_file", es.PasswordFile, passwordCredential)
	return output.Secrets{Username: es.Username, Password: password}, err
}

// secret reads a secret: from the file that a setting names, else from the service's credentials directory, else there is none. A line end
// after the secret does not belong to it.
func secret(setting, file, credential string) (string, error) {
	optional := false
	if file == "" {
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", nil
		}
		setting, optional, file = "credential "+credential, true, filepath.Join(dir, credential)
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
