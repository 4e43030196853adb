package support

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestScrub(t *testing.T) {
	s := NewScrubber(
		[]byte("first secret\n"), []byte("- version: 2c\n  community: inner\n"), []byte("abc\n"), nil,
		[]byte("credentials:\n  - networks: 192.0.2.0/24\n    authentication: {protocol: SHA-256, password: \"at least eight characters\"}\n    privacy: {password: plain words, protocol: AES}\n"),
		[]byte("no: [YAML\nauthentication: {password: 'not it''s', protocol: SHA-256}\n"),
		[]byte(`it"s\b<+>`+"\n"),
	)
	for text, want := range map[string]string{
		"a first secret b": "a [removed] b",
		"first+secret first%20secret Zmlyc3Qgc2VjcmV0": "[removed] [removed] [removed]",
		"it is inner": "it is [removed]",
		"abc stays: it is too short to be looked for":    "abc stays: it is too short to be looked for",
		"authorization: ApiKey aGlkZGVu":                 "authorization: ApiKey [removed]",
		"HTTP_AUTHORIZATION=Bearer aGlkZGVu":             "HTTP_AUTHORIZATION=Bearer [removed]",
		`"Authorization":["Basic aGlkZGVu","x"]`:         `"Authorization":["Basic [removed]`,
		"-----BEGIN PRIVATE KEY-----\nMII\ncut off":      "[removed]",
		"listen on 192.0.2.1:2055, exporter 192.0.2.200": "listen on 192.0.2.1:2055, exporter 192.0.2.200",
		"key_file: /etc/flowcollector/credentials/x.key": "key_file: /etc/flowcollector/credentials/x.key",
		"password_file: /run/credentials/http-password":  "password_file: /run/credentials/http-password",

		// Values behind a name.
		`{"password":"hidden","user":"u"}`:                   `{"password":[removed],"user":"u"}`,
		`{"password":12345,"user":"u"}`:                      `{"password":[removed],"user":"u"}`,
		`password: "two words, here"`:                        `password: [removed]`,
		`{password: 'it''s {two}', user: u}`:                 `{password: [removed], user: u}`,
		"password: two words, here\nuser: u":                 "password: [removed]\nuser: u",
		`PASSWORD="a""b c" d`:                                `PASSWORD=[removed] d`,
		`msg="password: \"two words\"" user=u`:               `msg="password: [removed]`,
		`{\"token\":\"two words\"}`:                          `{\"token\":[removed]`,
		`password: "not closed, here`:                        `password: [removed]`,
		"  password: |\n    one\n\n    two\n  user: u":       "  password: [removed]\n  user: u",
		"password: \"one\n  two\"\nuser: u":                  "password: [removed]\nuser: u",
		"communities:\n- one\n- two\nuser: u":                "communities:[removed]\nuser: u",
		"{secret:\n  hidden}":                                "{secret:[removed]",
		"- {community: [one, two]}\n- {version: 3}":          "- {community: [removed]\n- {version: 3}",
		`output: connect to es.example:9200, token: invalid`: `output: connect to es.example:9200, token: [removed]`,

		// Learnt from files of YAML, also from one that is none.
		"at least eight characters, plain words, not it's": "[removed], [removed], [removed]",
		"protocol: SHA-256, AES":                           "protocol: SHA-256, AES",

		// Escaped: as it is, by Go, JSON, HTML and templates of HTML, YAML, URLs, and in one another.
		`it"s\b<+>`:                             "[removed]",
		`msg="it\"s\\b<+>"`:                     `msg="[removed]"`,
		`{"x":"it\"s\\b\u003c+\u003e"}`:         `{"x":"[removed]"}`,
		`<td>it&#34;s\b&lt;+&gt;</td>`:          `<td>[removed]</td>`,
		`<td>it&#34;s\b&lt;&#43;&gt;</td>`:      `<td>[removed]</td>`,
		`msg="{\"x\":\"it\\\"s\\\\b<+>\"}"`:     `msg="{\"x\":\"[removed]\"}"`,
		`it%22s%5Cb%3C%2B%3E it%22s%5Cb%3C+%3E`: "[removed] [removed]",

		// In URLs.
		"https://user:hidden@es.example/":                    "https://user:[removed]@es.example/",
		"https://u:p/w@h":                                    "https://u:[removed]@h",
		"https://u:p@w@h":                                    "https://u:[removed]@h",
		"https://TOKEN@h":                                    "https://[removed]@h",
		"https://TOKEN:@h":                                   "https://[removed]@h",
		"HTTPS://u:p@h":                                      "HTTPS://u:[removed]@h",
		`parse "https://u:p\"w@h": invalid port`:             `parse "https://u:[removed]@h": invalid port`,
		"https://[2001:db8::1]:9200/a, operator@example.org": "https://[2001:db8::1]:9200/a, operator@example.org",

		// In units of systemd.
		"SetCredential=name:hidden words":                                      "SetCredential=name:[removed]",
		"SetCredential=x: \\\n hidden \\\n  words\nUser=u":                     "SetCredential=x:[removed]\nUser=u",
		"SetCredentialEncrypted=\\\n  x:hidden\nUser=u":                        "SetCredentialEncrypted=[removed]\nUser=u",
		"Environment=A=hidden":                                                 "Environment=[removed]",
		"[Service]\nEnvironment=A=b \\\n# a comment \\\n  \"C=d e\"\r\nUser=u": "[Service]\nEnvironment=[removed]\r\nUser=u",
	} {
		if got := string(s.Scrub([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzScrub looks for what is never to be: a secret, in any form, in a text that was scrubbed.
func FuzzScrub(f *testing.F) {
	for _, seed := range [][2]string{
		{"first secret\n", "a first secret b, first secretfirst secret"},
		{"abcd\ncdef", "abcdef abcabcdd"},
		{"removed", "removed [removed]"},
		{"]abc\n-[re", "]abcabc -[[remoremoved"},
		{"a: {password: \"x y\\\"z\", key: 'it''s'}", `password: "x y\"z", it's`},
		{"a: &a\n  secret: [*a, b: *a]\n", "secret: |\n  - a\nb"},
		{"password: \"\n", "https://u:p@w@h password=\nSetCredential=x:\\\n"},
		{"\xff\xfe\x00\xe2", "\xff\xfe\x00\xe2\xff"},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, secret, text []byte) { neverStays(t, secret, text) })
}

func neverStays(t *testing.T, secret, text []byte) {
	t.Helper()
	s := NewScrubber(secret)
	whole := bytes.TrimSpace(secret)
	if len(whole) >= shortest && !slices.ContainsFunc(s.known, func(known []byte) bool { return bytes.Equal(known, whole) }) {
		t.Fatalf("%q is not known", whole)
	}
	planted := slices.Clone(text)
	for _, known := range s.known {
		planted = append(append(planted, known...), text[:min(len(text), 3)]...)
	}
	for _, text := range [][]byte{text, planted} {
		got := s.Scrub(text)
		for _, known := range s.known {
			if bytes.Contains(got, known) {
				t.Fatalf("secrets %q, text %q: %q stays in %q", secret, text, known, got)
			}
		}
	}
}

// TestLearntSecretsNeverStay has secrets that overlap, have parts in common, look like the marker and like what is around them.
func TestLearntSecretsNeverStay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "b", "c", "\"", "\\", "'", "@", ":", "/", " ", "\n", "[", "]", "removed", "rem", "{", "}", ",", "<", "+", "█", "\xe2", "https://", "password: ", "secret=", "Environment="}
	text := func(length int) []byte {
		all := make([]byte, 0, length)
		for range length {
			all = append(all, pieces[random.IntN(len(pieces))]...)
		}
		return all
	}
	for range 300 {
		neverStays(t, text(1+random.IntN(8)), text(random.IntN(60)))
	}
}
