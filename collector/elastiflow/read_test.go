package elastiflow

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// assignments are settings as "line:column NAME=value".
func assignments(list []Setting) []string {
	texts := make([]string, 0, len(list))
	for _, s := range list {
		texts = append(texts, fmt.Sprintf("%d:%d %s=%s", s.Line, s.Column, s.Name, s.Value))
	}
	return texts
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		file, data string
		want       []string
	}{
		"variables": {
			"flow.env", "# comment\n\nEF_A=1\n  export EF_B=\"a b\" # why\nOTHER=x\nEF_C='x # y'\nEF_D=x # why\nEF_E=\nEF_F=\"\\\"\\$\\n\"\r\n",
			[]string{"3:1 EF_A=1", "4:3 EF_B=a b", "6:1 EF_C=x # y", "7:1 EF_D=x", "8:1 EF_E=", `9:1 EF_F="$\n`},
		},
		"a drop-in": {
			"flowcoll.conf", "[Service]\nEnvironment=\"EF_A=1\" 'EF_B=a b' EF_C=x\\sy\nLimitNOFILE=1\nEnvironment=EF_D=%%h \\\n# a comment within\n  \"EF_E=2\"\nEnvironment=\"OTHER=3\"\n",
			[]string{"2:1 EF_A=1", "2:1 EF_B=a b", "2:1 EF_C=x y", "4:1 EF_D=%h", "4:1 EF_E=2"},
		},
		"a drop-in that forgets": {"x.conf", "[Service]\nEnvironment=EF_A=1\nEnvironment=\nEnvironment=EF_B=2\n", []string{"4:1 EF_B=2"}},
		"flowcoll.yml":           {"flowcoll.yml", "EF_A: 'true'\nEF_B: 9995\nEF_C:\n", []string{"1:1 EF_A=true", "2:1 EF_B=9995", "3:1 EF_C="}},
		"Docker Compose, an object": {
			"docker-compose.yml", "services:\n  flow:\n    image: x\n    environment: &e\n      EF_A: 'false' # why\n  other:\n    environment:\n      <<: *e\n",
			[]string{"5:7 EF_A=false"},
		},
		"Docker Compose, a list": {
			"compose", "# comment\nservices:\n  flow:\n    environment:\n      - EF_A=1=2\n      - EF_B\n      - X=1\n", []string{"5:9 EF_A=1=2", "6:9 EF_B=${EF_B}"},
		},
		"Kubernetes": {
			"pod.yaml", "spec:\n  containers:\n    - env:\n        - {name: EF_A, value: '1'}\n        - name: EF_B\n          valueFrom: {secretKeyRef: {name: s, key: k}}\n",
			[]string{"4:18 EF_A=1", "5:17 EF_B=${EF_B}"},
		},
		"nothing": {"x.env", "# only a comment\n", []string{}},
	} {
		in, err := Read(c.file, []byte(c.data), Auto)
		if got := assignments(in.Settings); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestReadIncludes(t *testing.T) {
	in, err := Read("x.conf", []byte("[Service]\nEnvironmentFile=/etc/none\nEnvironmentFile=\nEnvironmentFile=-/etc/flow.env\n"), Auto)
	if err != nil || len(in.Includes) != 1 || in.Includes[0].Value != "/etc/flow.env" || in.Includes[0].Line != 4 {
		t.Errorf("%+v, %v", in, err)
	}
}

// What a unit, its drop-ins and the files that they name come to is what systemd makes of them.
func TestMergeIsSystemds(t *testing.T) {
	unit := "[Service]\nEnvironment=EF_A=unit EF_B=unit\nEnvironmentFile=/etc/one.env\n"
	for name, c := range map[string]struct {
		files [][2]string // name, content
		want  map[string]string
		left  string // of the files that units name
	}{
		"a file wins over the unit, wherever it stands": {
			[][2]string{{"/etc/one.env", "EF_A=file\n"}, {"f.service", unit}}, map[string]string{"EF_A": "file", "EF_B": "unit"}, "",
		},
		"over drop-ins too": {
			[][2]string{{"f.service", unit}, {"/etc/one.env", "EF_A=file\n"}, {"d.conf", "[Service]\nEnvironment=EF_A=drop EF_B=drop\n"}},
			map[string]string{"EF_A": "file", "EF_B": "drop"},
			"",
		},
		"in the order in which they are named": {
			[][2]string{{"/etc/two.env", "EF_A=two\n"}, {"/etc/one.env", "EF_A=one\n"}, {"f.service", unit}, {"d.conf", "[Service]\nEnvironmentFile=/etc/two.env\n"}},
			map[string]string{"EF_A": "two", "EF_B": "unit"},
			"",
		},
		"a copy with its name": {
			[][2]string{{"copy/one.env", "EF_A=file\n"}, {"f.service", unit}}, map[string]string{"EF_A": "file", "EF_B": "unit"}, "",
		},
		"copies below another folder": {
			[][2]string{
				{"host/etc/default/flow", "EF_A=default\n"},
				{"host/etc/sysconfig/flow", "EF_A=sysconfig\nEF_B=sysconfig\n"},
				{"f.service", "[Service]\nEnvironmentFile=/etc/sysconfig/flow\nEnvironmentFile=-/etc/default/flow\n"},
			},
			map[string]string{"EF_A": "default", "EF_B": "sysconfig"},
			"",
		},
		"a name that two could have is nobody's": {
			[][2]string{{"flow", "EF_A=file\n"}, {"f.service", "[Service]\nEnvironment=EF_A=unit\nEnvironmentFile=/etc/sysconfig/flow\nEnvironmentFile=-/etc/default/flow\n"}},
			map[string]string{"EF_A": "unit"},
			"/etc/sysconfig/flow /etc/default/flow",
		},
		"nor is that of two files": {
			[][2]string{{"a/one.env", "EF_A=a\n"}, {"f.service", unit}, {"b/one.env", "EF_A=b\n"}}, map[string]string{"EF_A": "b", "EF_B": "unit"}, "/etc/one.env",
		},
		"the path before the name": {
			[][2]string{{"f.service", unit}, {"/etc/one.env", "EF_A=file\n"}, {"copy/one.env", "EF_A=other\n"}}, map[string]string{"EF_A": "other", "EF_B": "unit"}, "",
		},
		"a pattern": {
			[][2]string{{"/etc/f.d/2.env", "EF_A=2\n"}, {"/etc/f.d/1.env", "EF_A=1\nEF_B=1\n"}, {"f.service", "[Service]\nEnvironment=EF_A=0\nEnvironmentFile=/etc/f.d/*.env\n"}},
			map[string]string{"EF_A": "2", "EF_B": "1"},
			"",
		},
		"what systemctl show says": {
			[][2]string{{"/etc/one.env", "EF_A=file\n"}, {"standard input", "EnvironmentFiles=/etc/one.env (ignore_errors=no)\nEnvironment=EF_A=show \"EF_B=a b\"\n"}},
			map[string]string{"EF_A": "file", "EF_B": "a b"},
			"",
		},
		"an empty Environment= forgets the unit's": {
			[][2]string{{"f.service", unit}, {"d.conf", "[Service]\nEnvironment=\nEnvironment=EF_A=drop\n"}}, map[string]string{"EF_A": "drop"}, "/etc/one.env",
		},
		"a file that is forgotten does not count, though it is given": {
			[][2]string{{"f.service", unit}, {"d.conf", "[Service]\nEnvironmentFile=\n"}, {"/etc/one.env", "EF_A=file\nEF_C=file\n"}}, map[string]string{"EF_A": "unit", "EF_B": "unit"}, "",
		},
		"but when it is named again": {
			[][2]string{{"/etc/one.env", "EF_A=file\n"}, {"f.service", unit}, {"d.conf", "[Service]\nEnvironmentFile=\n"}, {"e.conf", "[Service]\nEnvironmentFile=/etc/one.env\n"}},
			map[string]string{"EF_A": "file", "EF_B": "unit"},
			"",
		},
		"forgotten within one unit": {
			[][2]string{{"/etc/one.env", "EF_A=file\n"}, {"f.service", unit + "EnvironmentFile=\n"}}, map[string]string{"EF_A": "unit", "EF_B": "unit"}, "",
		},
		"an empty EnvironmentFile= forgets the unit's": {
			[][2]string{{"f.service", unit}, {"d.conf", "[Service]\nEnvironmentFile=\nEnvironmentFile=/etc/two.env\n"}}, map[string]string{"EF_A": "unit", "EF_B": "unit"}, "/etc/two.env",
		},
		"other files count where they stand": {
			[][2]string{{"first.env", "EF_A=first\nEF_C=first\n"}, {"f.service", unit}, {"last.env", "EF_B=last\n"}},
			map[string]string{"EF_A": "unit", "EF_B": "last", "EF_C": "first"},
			"/etc/one.env",
		},
		"a file without settings of ours is there all the same": {
			[][2]string{{"f.service", unit}, {"/etc/one.env", "OTHER=1\n"}}, map[string]string{"EF_A": "unit", "EF_B": "unit"}, "",
		},
	} {
		var all []Input
		for _, f := range c.files {
			in, err := Read(f[0], []byte(f[1]), Auto)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, in)
		}
		in := Merge(all...)
		got := map[string]string{}
		left := make([]string, 0, len(in.Includes))
		for _, s := range in.Settings {
			got[s.Name] = s.Value
		}
		for _, i := range in.Includes {
			left = append(left, i.Value)
		}
		if !maps.Equal(got, c.want) || strings.Join(left, " ") != c.left {
			t.Errorf("%s: %v, left %q; want %v, %q", name, got, left, c.want, c.left)
		}
	}
}

// What does not count is told, with the reason.
func TestForgottenIsReported(t *testing.T) {
	all := make([]Input, 0, 3)
	for _, f := range [][2]string{
		{"f.service", "[Service]\nEnvironment=EF_A=1\nEnvironment=\nEnvironment=EF_LOGGER_LEVEL=warn\nEnvironmentFile=/etc/one.env\nEnvironmentFile=/etc/two.env\n"},
		{"/etc/one.env", "EF_C=3\n"},
		{"d.conf", "[Service]\nEnvironment=\nEnvironmentFile=\n"},
	} {
		in, err := Read(f[0], []byte(f[1]), Auto)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, in)
	}
	r, err := Translate(Merge(all...))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, 0, len(r.Entries))
	for _, e := range r.Entries {
		got = append(got, string(e.Result)+" "+e.String())
	}
	want := []string{
		"f.service:2: EF_A: systemd forgets it: an empty Environment= follows in f.service, line 3",
		"f.service:4: EF_LOGGER_LEVEL: systemd forgets it: an empty Environment= follows in d.conf, line 2",
		"f.service:6: EnvironmentFile: systemd forgets it: an empty EnvironmentFile= follows in d.conf, line 3",
		"/etc/one.env:1: EF_C: systemd does not read this file: f.service, line 5, names it, and an empty EnvironmentFile= follows in d.conf, line 3",
	}
	for i := range want {
		want[i] = string(NotNeeded) + " " + want[i]
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// docker run --env-file takes what is behind the = as it is.
func TestReadDocker(t *testing.T) {
	_, err := Read("f.env", []byte("# comment\nEF_A=\"a b\" # x\n  EF_B='1'\r\nEF_C=\nEF_D\n; = 1\n"), Docker)
	var list yamlfile.Errors
	if !errors.As(err, &list) || len(list) != 1 || list[0].Line != 6 {
		t.Errorf("%v", err)
	}
	in, err := Read("f.env", []byte("# comment\nEF_A=\"a b\" # x\n  EF_B='1'\r\nEF_C=\nEF_D\nOTHER=1\n"), Docker)
	if got, want := assignments(in.Settings), []string{`2:1 EF_A="a b" # x`, "3:3 EF_B='1'", "4:1 EF_C=", "5:1 EF_D=${EF_D}"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestReadNamesEveryBadLine(t *testing.T) {
	for name, c := range map[string]struct {
		file, data string
		want       []string
	}{
		"variables": {"f.env", "EF_A=1\nhunter2\nEF B=hunter2\nEF_C=\"hunter2\nEF_D='hunter2' hunter2\n", []string{
			"f.env: line 2, column 1: not a setting", "f.env: line 3, column 1: not a setting",
			"f.env: line 4, column 1: EF_C: the quote is not closed", "f.env: line 5, column 1: EF_D: the quote is not closed",
		}},
		"a drop-in": {"f.conf", "[Service\nhunter2\nEnvironment=hunter2\nEnvironment=\"EF_A=hunter2\nEnvironment=EF_A=1 \\", []string{
			"f.conf: line 1, column 1: not a section", "f.conf: line 2, column 1: neither a section nor a directive",
			"f.conf: line 3, column 1: not an assignment", "f.conf: line 4, column 1: a quote is not closed", "f.conf: line 5, column 1: the line goes on",
		}},
		"YAML":     {"f.yml", "EF_A: [hunter2]\nx:\n  - EF_ B=hunter2\n", []string{"f.yml: line 1, column 1: EF_A: must be a plain value", "f.yml: line 3, column 5: not the name of a setting"}},
		"no YAML":  {"f.yml", "EF_A: 'hunter2\n", []string{"f.yml: line 2: not YAML"}},
		"an alias": {"f.yml", "EF_A: *hunter2\n", []string{"f.yml: not YAML: an alias (*) without its anchor"}},
		"a text":   {"f.yml", "hunter2\n", []string{"f.yml: line 1, column 1: neither an object nor a list"}},
	} {
		_, err := Read(c.file, []byte(c.data), Auto)
		var list yamlfile.Errors
		if !errors.As(err, &list) || len(list) != len(c.want) {
			t.Errorf("%s: %v, want %d mistakes", name, err, len(c.want))
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(list[i].Error(), want) {
				t.Errorf("%s: %q, want %q", name, list[i], want)
			}
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: there is a value in %q", name, err)
		}
	}
	if _, err := Read("x", nil, "toml"); err == nil || !strings.Contains(err.Error(), `"toml" is not a format; choose one of [auto env docker systemd yaml]`) {
		t.Errorf("another format: %v", err)
	}
}

func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"EF_A=1\n", "[Service]\nEnvironment=\"EF_FLOW_SERVER_UDP_PORT=1,2\" \\\n EF_LOGGER_LEVEL=warn\n", "EF_FLOW_SERVER_UDP_IP: '::'\n",
		"x:\n - EF_OUTPUT_ELASTICSEARCH_ENABLE=true\n - EF_OUTPUT_ELASTICSEARCH_CLOUD_ID=a:YS5iJGMkZA==\n",
		"EF_PROCESSOR_DROP_FIELDS=flow.src.ip.addr,source\nEF_PROCESSOR_EXPAND_CLISRV=false\n", "EF_A_OUTPUT_KAFKA_ENABLE=1\nEF_A_OUTPUT_KAFKA_BROKERS=b,[::1]\n",
	} {
		for _, format := range []string{"auto", "env", "docker", "systemd", "yaml"} {
			f.Add(format, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		in, err := Read("f", data, Format(format))
		if err != nil {
			return
		}
		r, err := Translate(Merge(in))
		if err != nil {
			return
		}
		valid(t, r)
	})
}
