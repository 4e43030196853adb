package acctest

import (
	"crypto/sha512"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestGivenDebs(t *testing.T) {
	t.Setenv("FLOWSTACK_CACHE", t.TempDir())
	const content = "a package"
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/right.deb", "/wrong.deb", "/unchecked.deb":
			asked++
			fmt.Fprint(w, content)
		case "/right.deb.sha512":
			fmt.Fprintf(w, "%x  right.deb\n", sha512.Sum512([]byte(content)))
		case "/wrong.deb.sha512":
			fmt.Fprintf(w, "%x  wrong.deb\n", sha512.Sum512([]byte("another package")))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	folder := t.TempDir()
	one, two := filepath.Join(folder, "one.deb"), filepath.Join(folder, "two.deb")
	for _, file := range []string{one, two} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, files, addresses string
		want                   []string // names of files
		problem                string
	}{
		{name: "nothing"},
		{name: "files", files: one + ":" + two, want: []string{"one.deb", "two.deb"}},
		{name: "files before addresses", files: two, addresses: server.URL + "/absent.deb", want: []string{"two.deb"}},
		{name: "a file that is not there", files: one + ":" + folder + "/three.deb", problem: "PRODUCT_DEB: stat " + folder + "/three.deb"},
		{name: "a folder", files: folder, problem: "is not a file"},
		{name: "an address", addresses: server.URL + "/right.deb", want: []string{"right.deb"}},
		{name: "the same address, from the cache", addresses: server.URL + "/right.deb", want: []string{"right.deb"}},
		{name: "a server", addresses: server.URL},
		{name: "another checksum", addresses: server.URL + "/wrong.deb", problem: "wrong.deb has the SHA-512"},
		{name: "no checksum", addresses: server.URL + "/unchecked.deb", problem: "unchecked.deb.sha512: 404"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PRODUCT_DEB", test.files)
			t.Setenv("PRODUCT_URL", test.addresses)
			files, err := GivenDebs(t.Context(), "PRODUCT", t.Logf)
			if (test.problem == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Fatalf("the error is %v, want %q", err, test.problem)
			}
			names := make([]string, 0, len(files))
			for _, file := range files {
				names = append(names, filepath.Base(file))
				if text, readErr := os.ReadFile(file); readErr != nil || err == nil && string(text) != content {
					t.Errorf("%s holds %q, %v", file, text, readErr)
				}
			}
			if err == nil && !slices.Equal(names, test.want) {
				t.Errorf("the files are %q, want %q", names, test.want)
			}
		})
	}
	if asked != 2 {
		t.Errorf("%d downloads, want one of right.deb and one of wrong.deb", asked)
	}
}
