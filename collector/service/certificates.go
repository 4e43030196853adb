package service

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/filestamp"
)

// certificatesInterval is how often, at most, the files are looked at for a change. It takes a handshake to look at all.
const certificatesInterval = 10 * time.Second

// certificates is what listen.tls or http.tls names, read again when a file changes.
type certificates struct {
	name     string // of the settings
	settings config.TLS
	logger   *slog.Logger
	clock    func() time.Time

	mu      sync.Mutex
	looked  time.Time // at the files
	logged  time.Time // that they are of no use
	seen    filestamp.Stamps
	current *tls.Config
}

// openCertificates reads the files. The error names the setting.
func openCertificates(name string, settings config.TLS, logger *slog.Logger) (*certificates, error) {
	c := &certificates{name: name, settings: settings, logger: logger, clock: time.Now}
	c.looked = c.clock()
	if err := c.read(); err != nil {
		return nil, err
	}
	if settings.ClientCAFile == "" && name == "listen.tls" {
		logger.Warn("exporters are not asked for a certificate: whoever reaches listen.ipfix_tls can send flows; set listen.tls.client_ca_file")
	}
	return c, nil
}

// config is the TLS configuration of a listener. Each handshake takes the files as they are then.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.latest(), nil },
	}
}

// latest is the configuration of the files as they are, or were when they last were of use.
func (c *certificates) latest() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock()
	if now.Sub(c.looked) < certificatesInterval {
		return c.current
	}
	c.looked = now
	if filestamp.Of(c.paths()...).Equal(c.seen) {
		return c.current
	}
	switch err := c.read(); {
	case err == nil:
		c.logged = time.Time{}
		c.logger.Info("certificates read again", "setting", c.name)
	case now.Sub(c.logged) >= logEvery:
		c.logged = now
		c.logger.Error("the certificates changed and cannot be used, those of before stay in force", "setting", c.name, "error", err)
	}
	return c.current
}

func (c *certificates) paths() []string {
	paths := []string{c.settings.CertificateFile, c.settings.KeyFile}
	if c.settings.ClientCAFile != "" {
		paths = append(paths, c.settings.ClientCAFile)
	}
	return paths
}

// read takes the files into use, all or none.
func (c *certificates) read() error {
	seen := filestamp.Of(c.paths()...)
	var texts [][]byte
	for i, path := range c.paths() {
		setting := c.name + [...]string{".certificate_file", ".key_file", ".client_ca_file"}[i]
		text, err := os.ReadFile(path) //nolint:gosec // G703: the operator names the file
		if err != nil {
			return fmt.Errorf("unable to read %s: %w", setting, err)
		}
		texts = append(texts, text)
	}
	pair, err := tls.X509KeyPair(texts[0], texts[1])
	if err != nil {
		return fmt.Errorf("unable to use %s.certificate_file %s with %s.key_file %s: %w", c.name, c.settings.CertificateFile, c.name, c.settings.KeyFile, err)
	}
	settings := &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		// Whoever comes back shows the certificate again: a ticket would outlive a change of client_ca_file.
		SessionTicketsDisabled: true,
	}
	if c.settings.MinVersion == "1.3" {
		settings.MinVersion = tls.VersionTLS13
	}
	if c.settings.ClientCAFile != "" {
		settings.ClientAuth, settings.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !settings.ClientCAs.AppendCertsFromPEM(texts[2]) {
			return fmt.Errorf("unable to use %s.client_ca_file %s: there is no certificate in PEM form in it", c.name, c.settings.ClientCAFile)
		}
	}
	if end := pair.Leaf.NotAfter; c.clock().After(end) {
		c.logger.Warn("the certificate of "+c.name+".certificate_file has expired", "not_after", end)
	}
	c.seen, c.current = seen, settings
	return nil
}
