package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// Loopback tells whether only programs of this host get to the server.
func (h *HTTP) Loopback() bool {
	at, err := netip.ParseAddrPort(h.Address)
	return err == nil && at.Addr().Unmap().IsLoopback()
}

func (h *HTTP) validate() []problem {
	var found []problem
	for _, file := range []struct{ key, value, otherKey, other string }{
		{"http.tls.certificate_file", h.TLS.CertificateFile, "http.tls.key_file", h.TLS.KeyFile},
		{"http.tls.key_file", h.TLS.KeyFile, "http.tls.certificate_file", h.TLS.CertificateFile},
	} {
		if file.value == "" && file.other != "" {
			found = append(found, problem{file.key, "is needed for " + file.otherKey})
		}
	}
	if h.PasswordFile != "" && h.Username == "" {
		found = append(found, problem{"http.password_file", "needs http.username"})
	}
	if h.Pprof && !h.Loopback() && (h.TLS.CertificateFile == "" || h.Username == "") {
		found = append(found, problem{"http.pprof", "needs a loopback address in http.address, such as 127.0.0.1:8080, or http.tls and a password: profiles are nobody else's business"})
	}
	if h.Address == "" || h.Insecure || h.Loopback() || found != nil {
		return found
	}
	var missing []string
	if h.TLS.CertificateFile == "" {
		missing = append(missing, "http.tls.certificate_file and http.tls.key_file")
	}
	if h.Username == "" {
		missing = append(missing, "http.username and its password (http.password_file, or the systemd credential http-password)")
	}
	if missing != nil {
		found = append(found, problem{"http.address", fmt.Sprintf(
			"%s lets others than this host see all traffic: set %s; or use 127.0.0.1 or [::1]; or say http.insecure: true", h.Address, strings.Join(missing, ", and "))})
	}
	return found
}

// hostName is a name as in a URL, without a port.
func hostName(v any) error {
	name := v.(string)
	legal := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_'
	}
	if name == "" || len(name) > 253 || strings.ContainsFunc(strings.ToLower(name), func(r rune) bool { return !legal(r) }) {
		return fmt.Errorf("%q is not a name of a host; write it without a port, like flows.example.org", name)
	}
	return nil
}
