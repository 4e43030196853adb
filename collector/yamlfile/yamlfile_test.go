package yamlfile

import "testing"

func TestRoot(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"a mapping":       {"a: 1\n", ""},
		"nothing":         {"", ""},
		"comments":        {"# nothing\n", ""},
		"no YAML":         {"a: 1\nb: [\n", "x.yml: line 2: not YAML: did not find expected node content"},
		"a tab":           {"a:\n\tb: 1\n", "x.yml: line 2: not YAML: found character that cannot start any token"},
		"two documents":   {"a: 1\n---\nb: 2\n", "x.yml: the file has more than one YAML document"},
		"an alias to air": {"a: *b\n", "x.yml: not YAML: unknown anchor 'b' referenced"},
	} {
		t.Run(name, func(t *testing.T) {
			root, err := Root("x.yml", []byte(test.data))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if (root != nil) != (name == "a mapping") {
				t.Errorf("the root is %v", root)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	valid := []string{"octetDeltaCount", "packetDeltaCount", "id"}
	for word, want := range map[string]string{"octetDeltaCout": "octetDeltaCount", "paketDeltaCount": "packetDeltaCount", "ib": "id", "enterprise": "", "": ""} {
		if got := Nearest(word, valid); got != want {
			t.Errorf("%q is near %q, want %q", word, got, want)
		}
	}
}

func TestErrorsInTheOrderOfTheFile(t *testing.T) {
	e := Errors{{File: "x", Line: 2, Column: 1, Message: "c"}, {File: "x", Line: 1, Column: 5, Key: "k", Message: "b"}, {Message: "a"}}
	e.Sort()
	if got, want := e.Error(), "a\nx: line 1, column 5: k: b\nx: line 2, column 1: c"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
