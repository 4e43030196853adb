package support

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSecretFiles(t *testing.T) {
	got := SecretFiles(map[string]string{"http.password_file": "/p", "listen.tls.key_file": "/k", "listen.tls.certificate_file": "/c", "x.api_key_file": ""}, nil)
	if !slices.Equal(got, []string{"/k", "/p"}) {
		t.Errorf("got %q", got)
	}
	text := `http: {password_file: /a b, username: u}
  key_file: "/q, }"
"api_key_file": '/s'
  pasword_file:
    /n # why
credentials_file: /"
ca_file: /ca
certificate_file: /certificate
`
	got = SecretFiles(nil, []byte(text))
	for _, path := range []string{"/a b", "/q, }", "/s", "/n", "/"} {
		if !slices.Contains(got, path) {
			t.Errorf("%q is not in %q", path, got)
		}
	}
	if all := strings.Join(got, " "); strings.Contains(all, "/c") {
		t.Errorf("got %q", got)
	}
}

func TestReadSecrets(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "secret")
	if err := os.WriteFile(file, []byte("hidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSecrets([]string{folder, file, file + "/below", folder + "/none", "/\x00", "/" + strings.Repeat("x", 5000)})
	if err != nil || len(got) != 1 || string(got[0]) != "hidden\n" {
		t.Errorf("%q, %v", got, err)
	}
	// Nobody can read what a link to itself leads to.
	loop := filepath.Join(folder, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSecrets([]string{loop}); err == nil || !strings.Contains(err.Error(), "run this as root") {
		t.Errorf("got %v", err)
	}
}
