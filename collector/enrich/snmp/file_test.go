package snmp

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

func TestLongestNetworkWins(t *testing.T) {
	c, err := ParseCredentials("x.yml", []byte(`credentials:
  - {networks: 0.0.0.0/0, version: 2c, community: all}
  - {networks: [192.0.2.0/24, 2001:db8::/32], version: 2c, community: net}
  - {networks: [192.0.2.7, 2001:db8::7], version: 3, username: one, port: 1161, context: vrf}
`))
	if err != nil {
		t.Fatal(err)
	}
	for agent, want := range map[string]string{
		"198.51.100.1": "all", "192.0.2.1": "net", "192.0.2.7": "one", "2001:db8::1": "net", "2001:db8::7": "one", "2001:db9::1": "",
		"::ffff:192.0.2.7": "one", "2001:db8::7%eth0": "one",
	} {
		got := ""
		if found := c.For(netip.MustParseAddr(agent)); found != nil {
			got = found.Community.text + found.Username
		}
		if got != want {
			t.Errorf("%s has %q, want %q", agent, got, want)
		}
	}
	one := c.For(netip.MustParseAddr("192.0.2.7"))
	if one.Port != 1161 || one.Context != "vrf" || c.For(agent).Port != 161 {
		t.Errorf("%+v", one)
	}
}

func TestMistakesInCredentials(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"nothing":            {"", ""},
		"everything is away": {"credentials:\n#  - networks: 192.0.2.0/24\n", ""},
		"no list":            {"credentials: hunter22\n", "x.yml: line 1, column 14: credentials: must be a list"},
		"not a mapping":      {"credentials: [hunter22]\n", "x.yml: line 1, column 15: credentials[0]: must have networks, port, version, community, username, authentication, privacy, context below it"},
		"nothing in it": {
			"credentials:\n  - {}\n",
			"x.yml: line 2, column 5: credentials[0]: networks is missing\nx.yml: line 2, column 5: credentials[0]: version is missing: 2c or 3",
		},
		"all at once": {`credentials:
  - networks: [192.0.2.0/33, 192.0.2.1/24]
    port: 0
    version: 1
    comunity: hunter22
  - networks: 192.0.2.0/24
    version: 2c
    username: flows
  - networks: [192.0.2.0/24]
    version: 3
    authentication: {protocol: SHA256, password: hunter2}
    privacy: {protocol: AES}
`, `x.yml: line 2, column 16: credentials[0].networks[0]: must be a network or an address without bits beyond its length, such as 192.0.2.0/24 or 2001:db8::1
x.yml: line 2, column 30: credentials[0].networks[1]: must be a network or an address without bits beyond its length, such as 192.0.2.0/24 or 2001:db8::1
x.yml: line 3, column 11: credentials[0].port: must be a number from 1 to 65535
x.yml: line 4, column 14: credentials[0].version: must be 2c or 3
x.yml: line 5, column 5: credentials[0]: there is an unknown key; did you mean "community"?
x.yml: line 6, column 5: credentials[1]: community is missing
x.yml: line 8, column 15: credentials[1].username: version 2c has no username
x.yml: line 9, column 5: credentials[2]: username is missing
x.yml: line 9, column 16: credentials[2].networks[0]: network 192.0.2.0/24 is there twice, first in line 6
x.yml: line 11, column 32: credentials[2].authentication.protocol: must be one of MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512
x.yml: line 11, column 50: credentials[2].authentication.password: has 7 octets; it must have 8 to 255
x.yml: line 12, column 14: credentials[2].privacy: password is missing`},
		"privacy alone": {
			"credentials:\n  - {networks: 192.0.2.0/24, version: 3, username: a, privacy: {protocol: AES-256-C, password: hunter22}}\n",
			"x.yml: line 2, column 64: credentials[0].privacy: there is no privacy without authentication (RFC 3411 section 3.4.3)",
		},
		"an alias":        {"credentials:\n  - {networks: 192.0.2.0/24, version: 2c, community: *hunter22}\n", "x.yml: not YAML: there is an alias without its anchor; put a value that begins with * or & into quotes"},
		"a real alias":    {"credentials:\n  - {networks: 192.0.2.0/24, version: &hunter22 2c, community: *hunter22}\n", "x.yml: line 2, column 64: credentials[0].community: YAML aliases are not supported; put a value that begins with * into quotes"},
		"a secret as key": {"credentials:\n  - {networks: 192.0.2.0/24, version: 2c, community: x, hunter22: y}\n", "x.yml: line 2, column 57: credentials[0]: there is an unknown key; valid are networks, port, version, community, username, authentication, privacy, context"},
		"too large":       {strings.Repeat("#", MaxFileSize+1), "x.yml: the file has more than 1048576 octets"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := ParseCredentials("x.yml", []byte(test.text))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
			if (c == nil) != (err != nil) {
				t.Errorf("credentials %v, error %v", c, err)
			}
		})
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c := Credential{Community: Secret{"hunter22"}, Authentication: Protocol{"SHA", Secret{"hunter22"}}}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", c, "p", &c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "c", c, "s", c.Community)
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	all := log.String() + string(b) + fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.Community, c.Community, c.Community)
	if strings.Contains(all, "hunter") || strings.Contains(all, fmt.Sprintf("%x", "hunter")) || !strings.Contains(all, "(secret)") {
		t.Error(all)
	}
	if got := c.conceal("community hunter22 is wrong"); got != "community (secret) is wrong" {
		t.Error(got)
	}
}

func FuzzCredentials(f *testing.F) {
	f.Add([]byte(everywhere))
	f.Add([]byte("credentials:\n  - {networks: 192.0.2.0/24, version: 3, username: a, privacy: {protocol: AES, password: hunter22}}\n"))
	f.Add([]byte("credentials: [{networks: [::/0]}, 1, null]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCredentials("x.yml", data)
		if (c == nil) != (err != nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err != nil {
			return
		}
		for _, one := range c.list {
			session := one.session(loopback)
			if err := session.Connect(); err != nil {
				t.Errorf("the library does not want %+v: %v", *one, err)
			} else {
				_ = session.Conn.Close()
			}
		}
	})
}
