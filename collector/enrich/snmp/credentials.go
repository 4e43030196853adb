package snmp

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// Bounds of a file of credentials.
const (
	MaxFileSize = 1 << 20 // octets
	MaxEntries  = 4096    // entries, and networks of all entries
)

// Secret is a community or a password. Nothing that prints values prints it.
type Secret struct{ text string }

// String says that there is a secret, and not which.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return "(secret)"
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format is String, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText is String, for JSON and the log.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Credential is how agents of some networks are asked.
type Credential struct {
	Networks []netip.Prefix
	Port     uint16
	Version  string // "2c" or "3"

	Community Secret // of version 2c

	// Of version 3, the user-based security model (RFC 3414).
	Username       string
	Authentication Protocol // empty is noAuthNoPriv
	Privacy        Protocol // empty is noAuthNoPriv or authNoPriv
	Context        string   // contextName, RFC 3411 section 3.3.1
}

// Protocol is a protocol of the user-based security model and the password that its key is made of (RFC 3414 section 2.6).
type Protocol struct {
	Name     string
	Password Secret
}

// authentications are the protocols of RFC 3414 and RFC 7860, by the names that agents use.
var authentications = []struct {
	name string
	is   gosnmp.SnmpV3AuthProtocol
}{
	{"MD5", gosnmp.MD5},
	{"SHA", gosnmp.SHA},
	{"SHA-224", gosnmp.SHA224},
	{"SHA-256", gosnmp.SHA256},
	{"SHA-384", gosnmp.SHA384},
	{"SHA-512", gosnmp.SHA512},
}

// privacies are the protocols of RFC 3414 and RFC 3826, and the longer keys of AES that no RFC has: Net-SNMP and others lengthen
// the key after draft-blumenthal-aes-usm-04, Cisco (the names with -C) after draft-reeder-snmpv3-usm-3desede-00.
var privacies = []struct {
	name string
	is   gosnmp.SnmpV3PrivProtocol
}{
	{"DES", gosnmp.DES},
	{"AES", gosnmp.AES},
	{"AES-192", gosnmp.AES192},
	{"AES-256", gosnmp.AES256},
	{"AES-192-C", gosnmp.AES192C},
	{"AES-256-C", gosnmp.AES256C},
}

func authenticationNames() []string {
	names := make([]string, 0, len(authentications))
	for _, a := range authentications {
		names = append(names, a.name)
	}
	return names
}

func privacyNames() []string {
	names := make([]string, 0, len(privacies))
	for _, p := range privacies {
		names = append(names, p.name)
	}
	return names
}

// session returns how the library is to talk to an agent.
func (c *Credential) session(agent netip.Addr) *gosnmp.GoSNMP {
	s := &gosnmp.GoSNMP{Target: agent.String(), Port: c.Port, Transport: "udp", Version: gosnmp.Version2c, Community: c.Community.text}
	if c.Version != "3" {
		return s
	}
	user := &gosnmp.UsmSecurityParameters{UserName: c.Username, AuthenticationProtocol: gosnmp.NoAuth, PrivacyProtocol: gosnmp.NoPriv}
	s.Version, s.Community, s.SecurityModel, s.SecurityParameters = gosnmp.Version3, "", gosnmp.UserSecurityModel, user
	s.ContextName, s.MsgFlags = c.Context, gosnmp.NoAuthNoPriv
	for _, a := range authentications {
		if a.name == c.Authentication.Name {
			s.MsgFlags, user.AuthenticationProtocol, user.AuthenticationPassphrase = gosnmp.AuthNoPriv, a.is, c.Authentication.Password.text
		}
	}
	for _, p := range privacies {
		if p.name == c.Privacy.Name {
			s.MsgFlags, user.PrivacyProtocol, user.PrivacyPassphrase = gosnmp.AuthPriv, p.is, c.Privacy.Password.text
		}
	}
	return s
}

// secrets are the texts that must not get out.
func (c *Credential) secrets() []string {
	return slices.DeleteFunc([]string{c.Community.text, c.Authentication.Password.text, c.Privacy.Password.text},
		func(s string) bool { return s == "" })
}

// Credentials say for which agents which credential is good. Nil is none.
type Credentials struct {
	list     []*Credential
	networks map[netip.Prefix]*Credential
	lengths  []netip.Prefix // one network of each length and family that there is, the longest first
}

func newCredentials(list []*Credential) *Credentials {
	c := &Credentials{list: list, networks: map[netip.Prefix]*Credential{}}
	for _, one := range list {
		for _, n := range one.Networks {
			c.networks[n] = one
			if !slices.ContainsFunc(c.lengths, func(l netip.Prefix) bool { return l.Bits() == n.Bits() && l.Addr().Is4() == n.Addr().Is4() }) {
				c.lengths = append(c.lengths, n)
			}
		}
	}
	slices.SortFunc(c.lengths, func(a, b netip.Prefix) int { return cmp.Compare(b.Bits(), a.Bits()) })
	return c
}

// Len is the number of credentials.
func (c *Credentials) Len() int {
	if c == nil {
		return 0
	}
	return len(c.list)
}

// For returns the credential of the longest network that an agent is in, or nil.
func (c *Credentials) For(agent netip.Addr) *Credential {
	if c == nil {
		return nil
	}
	agent = agent.Unmap().WithZone("")
	for _, l := range c.lengths {
		if l.Addr().Is4() != agent.Is4() {
			continue
		}
		if network, err := agent.Prefix(l.Bits()); err == nil {
			if found := c.networks[network]; found != nil {
				return found
			}
		}
	}
	return nil
}

// conceal takes all secrets out of a text. The library's errors have none today; this holds it to that.
func (c *Credential) conceal(text string) string {
	for _, s := range c.secrets() {
		if len(s) >= 4 { // a community of "a" would make any text unreadable
			text = strings.ReplaceAll(text, s, "(secret)")
		}
	}
	return text
}
