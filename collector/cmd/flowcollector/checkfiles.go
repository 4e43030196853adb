package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich/snmp"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// checkFiles checks the files that settings name, prints what is wrong, and says how many mistakes that are. Databases are not among them: they may come later.
func checkFiles(cmd *cobra.Command, file string, cfg config.Config) (n int) {
	content := func(check func(string, []byte) yamlfile.Errors) func(string) error {
		return func(path string) error {
			data, err := enrich.ReadFile(path)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if list := check(path, data); len(list) > 0 {
				return list
			}
			return nil
		}
	}
	for _, own := range []struct {
		key, path string
		check     func(path string) error
	}{
		{"decode.elements_file", cfg.Decode.ElementsFile, func(path string) error { _, err := element.Builtin().AddFile(path); return err }},
		{"enrich.networks_file", cfg.Enrich.NetworksFile, content(enrich.CheckNetworks)},
		{"enrich.exporters_file", cfg.Enrich.ExportersFile, content(enrich.CheckExporters)},
		{"enrich.applications_file", cfg.Enrich.ApplicationsFile, content(enrich.CheckApplications)},
		{"enrich.as_file", cfg.Enrich.ASFile, content(enrich.CheckSystems)},
		{"enrich.snmp.credentials_file", cfg.Enrich.SNMP.CredentialsFile, func(path string) error { _, _, err := snmp.ReadCredentials(path); return err }},
		{"output.elasticsearch.ca_file", cfg.Output.Elasticsearch.CAFile, certificates},
		{"output.elasticsearch.password_file", cfg.Output.Elasticsearch.PasswordFile, secret},
		{"output.elasticsearch.api_key_file", cfg.Output.Elasticsearch.APIKeyFile, secret},
		{"output.elasticsearch.retention.api_key_file", cfg.Output.Elasticsearch.Retention.APIKeyFile, secret},
		{"output.elasticsearch.client_certificate_file", cfg.Output.Elasticsearch.ClientCertificateFile, pair(cfg.Output.Elasticsearch.ClientKeyFile)},
		{"output.kafka.ca_file", cfg.Output.Kafka.CAFile, certificates},
		{"output.kafka.password_file", cfg.Output.Kafka.PasswordFile, secret},
		{"output.kafka.client_certificate_file", cfg.Output.Kafka.ClientCertificateFile, pair(cfg.Output.Kafka.ClientKeyFile)},
		{"listen.tls.client_ca_file", cfg.Listen.TLS.ClientCAFile, certificates},
		{"listen.tls.certificate_file", cfg.Listen.TLS.CertificateFile, pair(cfg.Listen.TLS.KeyFile)},
		{"http.password_file", cfg.HTTP.PasswordFile, secret},
		{"http.tls.certificate_file", cfg.HTTP.TLS.CertificateFile, pair(cfg.HTTP.TLS.KeyFile)},
	} {
		if own.path == "" || strings.HasPrefix(own.path, "/run/credentials/") { // which is there while the service runs
			continue
		}
		more, err := printed(cmd, own.check(own.path))
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s: %s\n", file, own.key, err)
			more = 1
		}
		n += more
	}
	return n
}

// unlessForbidden is no error where who asks may not read a file that the service may.
func unlessForbidden(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// certificates checks a file of them, PEM.
func certificates(path string) error {
	content, err := os.ReadFile(path)
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(content) {
		err = fmt.Errorf("there is no PEM certificate in %s", path)
	}
	return unlessForbidden(err)
}

// secret checks that there is one in a file.
func secret(path string) error {
	content, err := os.ReadFile(path)
	if err == nil && len(bytes.TrimSpace(content)) == 0 {
		err = fmt.Errorf("there is nothing in %s", path)
	}
	return unlessForbidden(err)
}

// pair checks a certificate with its private key.
func pair(key string) func(path string) error {
	return func(path string) error {
		_, err := tls.LoadX509KeyPair(path, key)
		return unlessForbidden(err)
	}
}
