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
	retentionCredential     = "elasticsearch-retention-api-key"
	kafkaPasswordCredential = "kafka-password"
	httpPasswordCredential  = "http-password"
)

// secrets reads how the collector proves to Elasticsearch who it is: by an API key where there is one, else by user and password.
func secrets(es config.Elasticsearch) (output.Secrets, error) {
	key, err := apiKey("output.elasticsearch.api_key_file", es.APIKeyFile, apiKeyCredential)
	if err != nil || key != "" {
		return output.Secrets{APIKey: key}, err
	}
	password, err := secret("output.elasticsearch.password_file", es.PasswordFile, passwordCredential)
	return output.Secrets{Username: es.Username, Password: password}, err
}

// retentionSecrets reads how the collector proves that it may remove indices: by a key for that alone, where there is one.
func retentionSecrets(es config.Elasticsearch) (output.Secrets, error) {
	key, err := apiKey("output.elasticsearch.retention.api_key_file", es.Retention.APIKeyFile, retentionCredential)
	if err != nil || key != "" {
		return output.Secrets{APIKey: key}, err
	}
	return secrets(es)
}

// apiKey reads an API key, in the encoded form; empty: there is none.
func apiKey(setting, file, credential string) (string, error) {
	key, err := secret(setting, file, credential)
	if strings.Contains(key, ":") { // id:key, as the server gave them
		key = base64.StdEncoding.EncodeToString([]byte(key))
	}
	return key, err
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
