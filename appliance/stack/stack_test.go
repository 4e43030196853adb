package stack

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

const listText = `
# a comment
server.port number
server.host text
server.maxPayload bytes
server.timeout duration
server.secure bool
server.password secret
elasticsearch.hosts list
logging.appenders object
anything
old.name text
`

func testList(t *testing.T) *List {
	t.Helper()
	list, err := ParseList(listText, map[string]Deprecation{"old.name": {Since: "7.14", Instead: "use the new one"}})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    map[string]string
	}{
		"empty":    {"", map[string]string{}},
		"comments": {"# a\n\n#b: 1\n", map[string]string{}},
		"null":     {"~\n", map[string]string{}},
		"nothing":  {"{}\n", map[string]string{}},
		"no value": {"a:\n", map[string]string{"a": ""}},
		"dotted":   {"server.port: 5601\nserver.host: \"0.0.0.0\"\n", map[string]string{"server.port": "5601", "server.host": "0.0.0.0"}},
		"nested":   {"server:\n  port: 5601\n  ssl.enabled: true\n", map[string]string{"server.port": "5601", "server.ssl.enabled": "true"}},
		"lists":    {"a: [x, y]\nb:\n  - z\nc: []\nd: ['p,q']\n", map[string]string{"a": "x, y", "b": "z", "c": "[]", "d": `["p,q"]`}},
		"objects":  {"a: [{b: 1}, <x>]\nc: {}\n", map[string]string{"a": `[{"b":1},"<x>"]`, "c": "{}"}},
		"alias":    {"a: &x 1\nb: *x\n", map[string]string{"a": "1", "b": "1"}},
	} {
		got, err := Read([]byte(c.content))
		if err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, err, cmp.Diff(c.want, got))
		}
	}
	for name, content := range map[string]string{
		"a list": "- a\n", "text": "a\n", "twice": "a: {b: 1}\na.b: 2\n", "syntax": "a: [\n", "two documents": "a: 1\n---\nb: 2\n",
		"empty name": "a: {\"\": 1}\n", "list as a name": "[a]: 1\n", "circle": "a: &x\n  b: *x\n", "non-text key in a list": "a: [{[b]: 1}]\n",
	} {
		if got, err := Read([]byte(content)); err == nil {
			t.Errorf("%s reads as %v", name, got)
		}
	}
}

func TestWrite(t *testing.T) {
	list := testList(t)
	settings := map[string]string{
		"server.port": "5601", "server.host": "0", "server.secure": "true", "elasticsearch.hosts": "https://a:9200,https://b:9200", "anything": "yes",
		"logging.appenders.file": `{"type": "file", "layout": {"type": "json"}}`,
	}
	got, err := Write(settings, list)
	want := host.Managed + `anything: yes
elasticsearch.hosts: ['https://a:9200', 'https://b:9200']
logging.appenders.file: {"type": "file", "layout": {"type": "json"}}
server.host: "0"
server.port: 5601
server.secure: true
`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, string(got)))
	}
	back, err := Read(got)
	if err != nil || back["server.host"] != "0" || back["elasticsearch.hosts"] != "https://a:9200, https://b:9200" ||
		back["logging.appenders.file.layout.type"] != "json" {
		t.Errorf("read back: %v, %v", back, err)
	}
	for name, c := range map[string]struct{ setting, value, message string }{
		"lines":   {"server.host", "a\nb", "several lines"},
		"element": {"elasticsearch.hosts", "a,,b", "empty element"},
		"json":    {"anything", "{a", "neither a JSON list"},
	} {
		_, err := Write(map[string]string{c.setting: c.value}, list)
		var mistake *SettingError
		if !errors.As(err, &mistake) || mistake.Name != c.setting || !strings.Contains(mistake.Message, c.message) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Write(map[string]string{"logging.appenders": "1", "logging.appenders.a": "2"}, list); err == nil {
		t.Error("a setting has a value and parts")
	}
}

func TestCheck(t *testing.T) {
	list := testList(t)
	for _, c := range [][3]string{
		{"server.port", "5601", ""},
		{"server.port", "many", "no number"},
		{"server.prt", "5601", `did you mean "server.port"?`},
		{"maxPayload", "1", `did you mean "server.maxPayload"?`},
		{"nothing.like.it", "1", "there is no such setting"},
		{"server.maxPayload", "8mb", ""},
		{"server.maxPayload", "8388608", ""},
		{"server.maxPayload", "8 MB", "no size"},
		{"server.timeout", "132000", ""},
		{"server.timeout", "30s", ""},
		{"server.timeout", "soon", "no time"},
		{"server.secure", "yes", "neither true nor false"},
		{"server.password", "x", "put it into the keystore"},
		{"logging.appenders.any.thing", "x", ""},
		{"logging.appender.any", "x", "no such setting"},
	} {
		err := list.Check(c[0], c[1])
		if (err == nil) != (c[2] == "") || err != nil && !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s = %s: %v", c[0], c[1], err)
		}
	}
	if old, ok := list.Deprecated("old.name"); !ok || old.String() != "it is deprecated since 7.14: use the new one" {
		t.Errorf("deprecated: %s, %t", old, ok)
	}
	if got := (Deprecation{Since: "7.8", Instead: "leave it out", Useless: true}).String(); got != "it has had no effect since 7.8: leave it out" {
		t.Error(got)
	}
	for _, text := range []string{"a b c", "a wrong", "a\na"} {
		if _, err := ParseList(text, nil); err == nil {
			t.Errorf("%q is a list", text)
		}
	}
	if _, err := ParseList("a", map[string]Deprecation{"b": {}}); err == nil {
		t.Error("what is not in the list is deprecated")
	}
}

// FuzzWrite: whatever is accepted is read back as the same settings, and written again alike.
func FuzzWrite(f *testing.F) {
	list, err := ParseList(listText, nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][2]string{{"server.host", "0.0.0.0"}, {"anything", "1e5"}, {"elasticsearch.hosts", "a, b"}, {"logging.appenders.x", `[{"a":"b"}]`}, {"anything", "${HOME}"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		if list.Check(name, value) != nil {
			return
		}
		first, err := Write(map[string]string{name: value}, list)
		if err != nil {
			t.Fatalf("%s = %q was accepted: %v", name, value, err)
		}
		read, err := Read(first)
		if err != nil {
			if strings.HasPrefix(strings.TrimSpace(value), "{") || strings.HasPrefix(strings.TrimSpace(value), "[") {
				return // JSON with keys that are none; Desired.Validate refuses such a file
			}
			t.Fatalf("%q cannot be read: %v", first, err)
		}
		if trimmed := strings.TrimSpace(value); read[name] != value && list.kind(name) != Strings && !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
			t.Fatalf("%q was read back as %q", value, read[name])
		}
	})
}

// FuzzRead: every setting that is read has a name.
func FuzzRead(f *testing.F) {
	f.Add([]byte("a: {b: [c]}\n"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		settings, err := Read(content)
		if _, nameless := settings[""]; err == nil && nameless {
			t.Errorf("%q has a setting without a name", content)
		}
	})
}

// TestReadIsBounded: aliases of aliases make a few lines a hundred million settings.
func TestReadIsBounded(t *testing.T) {
	var content strings.Builder
	content.WriteString("a0: &a0 {x: 1}\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&content, "a%d: &a%[1]d {", i)
		for j := range 10 {
			fmt.Fprintf(&content, "b%d: *a%d, ", j, i-1)
		}
		content.WriteString("}\n")
	}
	if _, err := Read([]byte(content.String())); err == nil || !strings.Contains(err.Error(), "more than 10000 settings") {
		t.Errorf("error %v", err)
	}
}
