package kibana

import (
	"net"
	"strconv"
)

// Endpoint is where a Kibana with these settings answers, as seen from its own host.
func Endpoint(settings map[string]string) string {
	scheme := "http"
	if Secure(settings) {
		scheme = "https"
	}
	name := settings["server.host"]
	switch name {
	case "", "0", "0.0.0.0", "localhost":
		name = "127.0.0.1"
	case "::":
		name = "::1"
	}
	port := settings[serverPort]
	if port == "" {
		port = strconv.Itoa(DefaultPort)
	}
	base := ""
	if settings["server.rewriteBasePath"] == "true" { // else a proxy in front takes it away
		base = settings[basePath]
	}
	return scheme + "://" + net.JoinHostPort(name, port) + base
}

// Secure tells whether a Kibana with these settings speaks TLS.
func Secure(settings map[string]string) bool { return settings[tlsEnabled] == "true" }

// CertificateFile is the file with the certificate of a Kibana with these settings; empty when there is none, or it is in a PKCS#12 file.
func CertificateFile(settings map[string]string) string { return settings[tlsCertificate] }
