// Package ssh runs programs on a host and dials through it, over one SSH connection that lives as long as the Client: strict host
// keys, bastions, sudo, bounded sessions, keepalive and reconnection.
package ssh

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// Config says how to reach a host and how to know that it is the right one. Zero values mean the defaults given.
type Config struct {
	Host string // name or address
	Port int    // default 22
	User string // default root

	// How the host proves who it is. Without any of these no key is trusted: connecting fails, and the error shows the key
	// the host offered.
	HostKeys                   []string // keys in authorized_keys form: "ssh-ed25519 AAAA…"
	KnownHosts                 string   // content of a known_hosts file
	HostCertificateAuthorities []string // keys, in authorized_keys form, that sign host certificates
	InsecureIgnoreHostKey      bool     // trust whatever answers

	// How we prove who we are; all that are given are tried in this order.
	PrivateKey  string // PEM or OpenSSH form
	Passphrase  string // of the private key
	Certificate string // OpenSSH user certificate for the private key
	Agent       bool   // keys of the agent
	AgentSocket string // default $SSH_AUTH_SOCK
	Password    string

	SudoPassword string // for users other than root, when sudo asks

	// Bastions are passed in order, each with its own keys and host keys; the last one dials the host.
	Bastions []Config

	MaxSessions       int           // commands and connections at once; default 8 (OpenSSH allows 10)
	ConnectTimeout    time.Duration // for connection and handshake of each hop; default 30 s
	KeepaliveInterval time.Duration // default 15 s; a host that misses three is given up
}

// keepaliveMisses is how many keepalives in a row may go unanswered.
const keepaliveMisses = 3

// ConfigError is a mistake in one field of a Config.
type ConfigError struct {
	Field   string // as Config names it; "Bastions[0].HostKeys[1]"
	Message string
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Message }

func (c Config) withDefaults() Config {
	if c.Port == 0 {
		c.Port = 22
	}
	if c.User == "" {
		c.User = "root"
	}
	if c.MaxSessions <= 0 {
		c.MaxSessions = 8
	}
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = 30 * time.Second
	}
	if c.KeepaliveInterval <= 0 {
		c.KeepaliveInterval = 15 * time.Second
	}
	return c
}

func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// hop is one machine on the way, checked and ready to connect.
type hop struct {
	Config
	trust *trust
	auth  *identity
}

// hops checks the whole way; the host itself comes last.
func (c Config) hops() ([]hop, error) {
	way := make([]hop, 0, len(c.Bastions)+1)
	for i, b := range c.Bastions {
		if len(b.Bastions) > 0 {
			return nil, &ConfigError{fmt.Sprintf("Bastions[%d].Bastions", i), "bastions are listed in order, not nested"}
		}
		h, err := b.hop(fmt.Sprintf("Bastions[%d].", i))
		if err != nil {
			return nil, err
		}
		way = append(way, h)
	}
	last, err := c.hop("")
	if err != nil {
		return nil, err
	}
	return append(way, last), nil
}

func (c Config) hop(prefix string) (hop, error) {
	c = c.withDefaults()
	if strings.TrimSpace(c.Host) == "" {
		return hop{}, &ConfigError{prefix + "Host", "must not be empty"}
	}
	if c.Port < 1 || c.Port > 65535 {
		return hop{}, &ConfigError{prefix + "Port", fmt.Sprintf("%d is not a port", c.Port)}
	}
	trust, err := newTrust(c, prefix)
	if err != nil {
		return hop{}, err
	}
	auth, err := newIdentity(c, prefix)
	if err != nil {
		return hop{}, err
	}
	return hop{c, trust, auth}, nil
}

// parseKey reads one key in authorized_keys form.
func parseKey(field, line string) (gossh.PublicKey, error) {
	key, _, _, rest, err := gossh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, &ConfigError{field, fmt.Sprintf("%q is not a key; write it like \"ssh-ed25519 AAAA…\", one key each", clip(line))}
	}
	return key, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
