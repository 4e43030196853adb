package snmp

import (
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// ParseCredentials reads a file of credentials, which is YAML:
//
//	credentials:
//	  - networks: [192.0.2.0/24, 2001:db8:1::/48]
//	    version: 2c
//	    community: "…"
//	  - networks: [198.51.100.1]
//	    port: 1161 # optional: 161
//	    version: 3
//	    username: flows
//	    authentication: {protocol: SHA-256, password: "…"} # optional
//	    privacy: {protocol: AES, password: "…"}            # optional
//	    context: vrf-a                                     # optional
//
// The error is a yamlfile.Errors with every mistake at once, and without any secret; file is the name of the file, for messages.
func ParseCredentials(file string, data []byte) (*Credentials, error) {
	p := fileParser{file: file, networks: map[netip.Prefix]int{}}
	p.parse(data)
	if len(p.errors) > 0 {
		p.errors.Sort()
		return nil, p.errors
	}
	return newCredentials(p.list), nil
}

// ReadCredentials reads the file at a path. The warning is not empty where others than the owner and the group may read it.
func ReadCredentials(path string) (credentials *Credentials, warning string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("unable to read the SNMP credentials: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, "", fmt.Errorf("unable to read the SNMP credentials: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, "", fmt.Errorf("unable to read the SNMP credentials: %w", err)
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o004 != 0 {
		warning = fmt.Sprintf("%s has secrets and mode %#o: everybody on this host can read them; set it to 0640 or 0600", path, mode.Perm()&fs.ModePerm)
	}
	credentials, err = ParseCredentials(path, data)
	return credentials, warning, err
}

// fileParser reads a file of credentials.
type fileParser struct {
	file     string
	list     []*Credential
	networks map[netip.Prefix]int // in which line each stands
	errors   yamlfile.Errors
}

func (p *fileParser) fail(at *yaml.Node, key, message string) {
	p.errors = append(p.errors, &yamlfile.Error{File: p.file, Line: at.Line, Column: at.Column, Key: key, Message: message})
}

func (p *fileParser) parse(data []byte) {
	if len(data) > MaxFileSize {
		p.errors = yamlfile.Errors{{File: p.file, Message: fmt.Sprintf("the file has more than %d octets", MaxFileSize)}}
		return
	}
	root, mistake := yamlfile.Root(p.file, data)
	switch {
	case mistake != nil:
		// The library's words may have a piece of the file in them, such as the name of an anchor: a password may begin with an asterisk.
		if strings.Contains(mistake.Message, "anchor") {
			mistake.Message = "not YAML: there is an alias without its anchor; put a value that begins with * or & into quotes"
		}
		p.errors = yamlfile.Errors{mistake}
		return
	case root == nil:
		return
	}
	list := p.mapping("", root, []string{"credentials"})["credentials"]
	switch {
	case list == nil || yamlfile.IsNull(list):
		return // everything below it commented out
	case list.Kind != yaml.SequenceNode:
		p.fail(list, "credentials", "must be a list")
		return
	case len(list.Content) > MaxEntries:
		p.fail(list, "credentials", fmt.Sprintf("there are %d of them; a file may have at most %d", len(list.Content), MaxEntries))
		return
	}
	for i, n := range list.Content {
		p.entry(fmt.Sprintf("credentials[%d]", i), n)
	}
}

// mapping returns the members of a mapping, each once, and complains about all others. Aliases have to be written out.
func (p *fileParser) mapping(key string, n *yaml.Node, valid []string) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		p.fail(n, key, "must have "+strings.Join(valid, ", ")+" below it")
		return nil
	}
	members := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(valid, name.Value):
			// The key is not repeated unless it is like a right one: a line in the wrong place may be a secret.
			message := "there is an unknown key; valid are " + strings.Join(valid, ", ")
			if best := yamlfile.Nearest(name.Value, valid); best != "" {
				message = fmt.Sprintf("there is an unknown key; did you mean %q?", best)
			}
			p.fail(name, key, message)
		case members[name.Value] != nil:
			p.fail(name, key, name.Value+" is there twice")
		default:
			members[name.Value] = value
		}
	}
	return members
}

// The keys of an entry that only one of the versions has.
var (
	keys2c = []string{"community"}
	keys3  = []string{"username", "authentication", "privacy", "context"}
	keys   = slices.Concat([]string{"networks", "port", "version"}, keys2c, keys3)
)

// entry reads one credential.
func (p *fileParser) entry(key string, n *yaml.Node) {
	before := len(p.errors)
	members := p.mapping(key, n, keys)
	if members == nil {
		return
	}
	c := &Credential{Port: 161}
	if v := members["networks"]; v == nil {
		p.fail(n, key, "networks is missing")
	} else {
		c.Networks = p.prefixes(key+".networks", v)
	}
	if v := members["port"]; v != nil {
		text, ok := p.scalar(key+".port", v)
		number, err := strconv.ParseUint(text, 10, 16)
		if c.Port = uint16(number); ok && (err != nil || number == 0) {
			p.fail(v, key+".port", "must be a number from 1 to 65535")
		}
	}
	var without []string
	if v := members["version"]; v == nil {
		p.fail(n, key, "version is missing: 2c or 3")
	} else {
		text, ok := p.scalar(key+".version", v)
		switch c.Version = text; {
		case !ok:
		case text == "2c":
			without = keys3
			p.version2c(key, n, members, c)
		case text == "3":
			without = keys2c
			p.version3(key, n, members, c)
		default:
			p.fail(v, key+".version", "must be 2c or 3")
		}
	}
	for _, name := range without {
		if v := members[name]; v != nil {
			p.fail(v, key+"."+name, fmt.Sprintf("version %s has no %s", c.Version, name))
		}
	}
	if len(p.errors) == before {
		p.list = append(p.list, c)
	}
}

func (p *fileParser) version2c(key string, n *yaml.Node, members map[string]*yaml.Node, c *Credential) {
	v := members["community"]
	if v == nil {
		p.fail(n, key, "community is missing")
		return
	}
	c.Community.text = p.text(key+".community", v, 1, 255)
}

func (p *fileParser) version3(key string, n *yaml.Node, members map[string]*yaml.Node, c *Credential) {
	// SnmpAdminString (SIZE(1..32)): vacmSecurityName, RFC 3415; usmUserName, RFC 3414.
	if v := members["username"]; v == nil {
		p.fail(n, key, "username is missing")
	} else {
		c.Username = p.text(key+".username", v, 1, 32)
	}
	if v := members["context"]; v != nil {
		c.Context = p.text(key+".context", v, 0, 32)
	}
	if v := members["authentication"]; v != nil {
		c.Authentication = p.protocol(key+".authentication", v, authenticationNames())
	}
	if v := members["privacy"]; v != nil {
		if members["authentication"] == nil {
			p.fail(v, key+".privacy", "there is no privacy without authentication (RFC 3411 section 3.4.3)")
		}
		c.Privacy = p.protocol(key+".privacy", v, privacyNames())
	}
}

func (p *fileParser) protocol(key string, n *yaml.Node, names []string) (r Protocol) {
	members := p.mapping(key, n, []string{"protocol", "password"})
	if members == nil {
		return r
	}
	if v := members["protocol"]; v == nil {
		p.fail(n, key, "protocol is missing: "+strings.Join(names, ", "))
	} else if text, ok := p.scalar(key+".protocol", v); ok {
		if r.Name = text; !slices.Contains(names, text) {
			p.fail(v, key+".protocol", "must be one of "+strings.Join(names, ", "))
		}
	}
	if v := members["password"]; v == nil {
		p.fail(n, key, "password is missing")
	} else {
		r.Password.text = p.text(key+".password", v, 8, 255) // at least 8: RFC 3414 section 11.2
	}
	return r
}

// prefixes reads networks, a list or one alone.
func (p *fileParser) prefixes(key string, n *yaml.Node) []netip.Prefix {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	if len(list) == 0 {
		p.fail(n, key, "needs a network")
	}
	var networks []netip.Prefix
	for i, v := range list {
		key := key
		if n.Kind == yaml.SequenceNode {
			key = fmt.Sprintf("%s[%d]", key, i)
		}
		text, ok := p.scalar(key, v)
		if !ok {
			continue
		}
		network, err := config.ParseNetwork(text)
		switch line, twice := p.networks[network]; {
		case err != nil:
			// Not what it says, which repeats the value: a secret may have got into the wrong line.
			p.fail(v, key, "must be a network or an address without bits beyond its length, such as 192.0.2.0/24 or 2001:db8::1")
		case twice:
			p.fail(v, key, fmt.Sprintf("network %s is there twice, first in line %d", network, line))
		case len(p.networks) >= MaxEntries:
			p.fail(v, key, fmt.Sprintf("a file may have at most %d networks", MaxEntries))
			return networks
		default:
			p.networks[network] = v.Line
			networks = append(networks, network)
		}
	}
	return networks
}

// scalar returns a plain value, or complains.
func (p *fileParser) scalar(key string, n *yaml.Node) (string, bool) {
	switch {
	case n.Kind == yaml.AliasNode:
		p.fail(n, key, "YAML aliases are not supported; put a value that begins with * into quotes")
	case yamlfile.IsNull(n):
		p.fail(n, key, "needs a value")
	case n.Kind != yaml.ScalarNode:
		p.fail(n, key, "must be a plain value")
	default:
		return n.Value, true
	}
	return "", false
}

// text returns a text of so many octets, or complains, and does not say which it was.
func (p *fileParser) text(key string, n *yaml.Node, least, most int) string {
	value, ok := p.scalar(key, n)
	if ok && (len(value) < least || len(value) > most) {
		p.fail(n, key, fmt.Sprintf("has %d octets; it must have %d to %d", len(value), least, most))
	}
	return value
}
