package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lab() AptRepository {
	return AptRepository{Name: "lab", URIs: []string{"https://mirror.example:8443/a_b/debian/"}, Suites: []string{"stable", "./"}, Components: []string{"main"}, Trusted: true}
}

func TestListNames(t *testing.T) {
	// As apt 2.6 names them.
	for _, c := range []struct{ uri, suite, want string }{
		{"http://deb.debian.org/debian-security", "bookworm-security", "deb.debian.org_debian-security_dists_bookworm-security_"},
		{"https://artifacts.elastic.co/packages/7.x/apt/", "stable", "artifacts.elastic.co_packages_7.x_apt_dists_stable_"},
		{"http://127.0.0.1:8099", "stable", "127.0.0.1:8099_dists_stable_"},
		{"http://x.example/a_b~c", "./", "x.example_a%5fb%7ec_._"},
		{"file:/srv/packages", "./", "_srv_packages_._"},
		{"file:///srv/packages", "/", "_srv_packages_"},
	} {
		r := AptRepository{URIs: []string{c.uri}, Suites: []string{c.suite}}
		if got := r.lists(); !cmp.Equal(got, []string{c.want}) {
			t.Errorf("%s %s: %q, want %q", c.uri, c.suite, got, c.want)
		}
	}
}

func TestRepositoryFiles(t *testing.T) {
	r := AptRepository{
		Name: "lab", URIs: []string{"http://a.example/x", "http://a.example/y", "https://b.example/"}, Suites: []string{"stable"},
		Components: []string{"main", "contrib"}, Architectures: []string{"amd64"}, Keyring: []byte("x"), Proxy: "DIRECT",
	}
	want := "# " + managedByFlowstack + "\nTypes: deb\nURIs: http://a.example/x http://a.example/y https://b.example/\nSuites: stable\nComponents: main contrib\n" +
		"Architectures: amd64\nSigned-By: /etc/apt/keyrings/lab.gpg\n"
	if got := string(r.sources()); got != want {
		t.Error(cmp.Diff(want, got))
	}
	want = "// " + managedByFlowstack + "\nAcquire::http::Proxy::a.example \"DIRECT\";\nAcquire::https::Proxy::b.example \"DIRECT\";\n"
	if got := string(r.proxySettings()); got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// TestKeyringFolder: it belongs to all repositories, whose removals must not fight over it.
func TestKeyringFolder(t *testing.T) {
	r := lab()
	r.Trusted = false
	if want := (Directory{Path: KeyringFolder, Shared: true}); !slices.ContainsFunc(r.Desired(), func(i Item) bool { return i.ID() == want.ID() && i.(Directory) == want }) {
		t.Errorf("%+v lacks %+v", r.Desired(), want)
	}
}

func TestSourcesFormat(t *testing.T) {
	got, err := sourcesFormat{}.Facts([]byte("# mine\ntypes: deb\nURIs: http://x\n# between\n\thttp://y  \nSIGNED-BY:\n -----BEGIN\n .\n a\n\nTypes: deb-src\nuris: http://z\n"))
	want := map[string]string{
		"Types": "deb", "URIs": "http://x http://y", "Signed-By": "-----BEGIN . a",
		"2. Types": "deb-src", "2. URIs": "http://z",
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v: %s", err, cmp.Diff(want, got))
	}
	for _, content := range []string{"no field\n", " continued\n", "Types: deb\n\n more\n"} {
		if facts, err := (sourcesFormat{}).Facts([]byte(content)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: %v, %v", content, facts, err)
		}
	}
}

func TestAptSettingsFormat(t *testing.T) {
	got, err := aptSettingsFormat{}.Facts([]byte("// mine\n# too\n\nAcquire::http::Proxy::x \"http://p:1/\";\n"))
	if want := map[string]string{"Acquire::http::Proxy::x": "http://p:1/"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v: %s", err, cmp.Diff(want, got))
	}
	_, err = aptSettingsFormat{}.Facts([]byte("Acquire { Retries 3 };\n"))
	wantError(t, err, "line 1", "not a setting")
}

func TestRepositoryElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		file, content string
		same          bool
	}{
		"one line":           {"a.list", "deb [arch=amd64 signed-by=/x] http://MIRROR.example:8443/a_b/debian stable main # x\n", true},
		"folder":             {"a.list", "deb https://mirror.example:8443/a_b/debian/ ./\n", true},
		"another suite":      {"a.list", "deb https://mirror.example:8443/a_b/debian testing main\n", false},
		"another place":      {"a.list", "deb https://mirror.example:8443/ stable main\n", false},
		"source":             {"a.list", "deb-src https://mirror.example:8443/a_b/debian stable main\n", false},
		"commented out":      {"a.list", "# deb https://mirror.example:8443/a_b/debian stable main\n", false},
		"deb822":             {"a.sources", "Types: deb deb-src\nURIs: http://x\n https://mirror.example:8443/a_b/debian\nSuites: old stable\nComponents: main\n", true},
		"deb822, off":        {"a.sources", "Enabled: no\nTypes: deb\nURIs: https://mirror.example:8443/a_b/debian\nSuites: stable\n", false},
		"deb822, unreadable": {"a.sources", "nonsense\n", false},
	} {
		same := slices.ContainsFunc(parseSources("/etc/apt/sources.list.d/"+c.file, c.content), func(s source) bool { return s.overlaps(lab()) })
		if same != c.same {
			t.Errorf("%s: it is the same repository: %t", name, same)
		}
	}
}

func TestPackageLists(t *testing.T) {
	l := newLocal(t)
	l.moved["/var/lib/apt"] = l.root
	lists := filepath.Join(l.root, "lists")
	if err := os.MkdirAll(filepath.Join(lists, "partial"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := lab()
	r.Suites = []string{"stable"}
	const fact = "repository lab: package lists"
	const mine, theirs = "mirror.example:8443_a%5fb_debian_dists_stable_InRelease", "deb.debian.org_debian_dists_bookworm_InRelease"
	l.write("lists/"+theirs, "")
	l.write("state/lists", mine)
	desired := Desired{repositoryLists{r}}
	if got := probe(t, l, desired)[fact]; got != Absent {
		t.Errorf("before it is %q", got)
	}

	l.write("state/apt-fails", "")
	_, err := Apply(t.Context(), l, desired)
	wantError(t, err, "repository lab", "apt-get update exited with status 100", "Err:2 http://x", "Could not connect", "E: Failed to fetch")
	if strings.Contains(err.Error(), "Get:1") || strings.Contains(err.Error(), "Reading package lists") {
		t.Errorf("the error has what went well: %v", err)
	}
	if err := os.Remove(filepath.Join(l.root, "state/apt-fails")); err != nil {
		t.Fatal(err)
	}
	l.log()
	l.write("state/apt-locked", "")
	apply(t, l, desired)
	if log := l.log(); len(log) != 2 || !strings.Contains(log[1], "Dir::Etc::sourcelist=/etc/apt/sources.list.d/lab.sources -o Dir::Etc::sourceparts=-") ||
		!strings.Contains(log[1], "List-Cleanup=0") {
		t.Errorf("apt-get was asked %q", log)
	}
	apply(t, l, desired)
	if log := l.log(); len(log) != 0 {
		t.Errorf("apt-get was asked %q though nothing changed", log)
	}

	// Another mirror: the lists of the one before go.
	r.URIs = []string{"http://other.example"}
	l.write("state/lists", "other.example_dists_stable_InRelease")
	other := Desired{repositoryLists{r}}
	if got := probe(t, l, other)[fact]; got != "incomplete" {
		t.Errorf("of another mirror it is %q", got)
	}
	apply(t, l, other)
	if got, want := entries(t, lists), []string{theirs, "other.example_dists_stable_InRelease", "partial"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	r.Components = []string{"contrib"}
	if got := probe(t, l, Desired{repositoryLists{r}})[fact]; got != outdated {
		t.Errorf("of other components it is %q", got)
	}
	remove(t, l, other, Before{})
	if got, want := entries(t, lists), []string{theirs, "partial"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}

	// A record of lists that says nothing of them takes none away.
	l.write("flowstack-lab.fetched", "old\n")
	remove(t, l, other, Before{})
	if got := entries(t, lists); len(got) != 2 {
		t.Errorf("of the lists only %q are left", got)
	}
}

func TestRepositoryMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*AptRepository)
		want   string
	}{
		"name":        {func(r *AptRepository) { r.Name = "../x" }, "not a name for a file"},
		"suite":       {func(r *AptRepository) { r.Suites = []string{"a\nTrusted: yes"} }, "not the name of a suite"},
		"component":   {func(r *AptRepository) { r.Components = []string{"a b"} }, "not the name of a component"},
		"folder":      {func(r *AptRepository) { r.Suites = []string{"./"} }, "has no components"},
		"file":        {func(r *AptRepository) { r.URIs = []string{"file:srv"} }, "not a folder of the host"},
		"file's host": {func(r *AptRepository) { r.URIs = []string{"file://srv/x"} }, "not a folder of the host"},
		"no host":     {func(r *AptRepository) { r.URIs = []string{"http:///x"} }, "names no host"},
		"proxy":       {func(r *AptRepository) { r.Proxy = "proxy:3128" }, "not the URL of a proxy"},
		"quote":       {func(r *AptRepository) { r.Proxy = `http://x"; y` }, "URL"},
	} {
		r := lab()
		r.Suites = []string{"stable"}
		c.change(&r)
		if err := r.Desired().Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, check := range []error{RepositoryURI("http://u:canary@[::1"), RepositoryProxy("http://u:canary@[::1"), RepositoryURI("http://u:canary@x/")} {
		if check == nil || strings.Contains(check.Error(), "canary") {
			t.Errorf("the error has the password, or there is none: %v", check)
		}
	}
}

// TestRepositoryOfAnotherFile: what is refused has changed nothing, and neither its undo nor a destroy takes the lists of the other file.
func TestRepositoryOfAnotherFile(t *testing.T) {
	l := newLocal(t)
	l.moved["/var/lib/apt"], l.moved["/etc/apt/sources.list.d"] = l.root, filepath.Join(l.root, "sources")
	for _, folder := range []string{"lists/partial", "sources"} {
		if err := os.MkdirAll(filepath.Join(l.root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r := lab()
	r.Suites = []string{"stable"}
	l.write("sources/theirs.list", "deb https://mirror.example:8443/a_b/debian stable main\n")
	const release, packages = "mirror.example:8443_a%5fb_debian_dists_stable_InRelease", "mirror.example:8443_a%5fb_debian_dists_stable_main_binary-amd64_Packages"
	l.write("lists/"+release, "")
	l.write("lists/"+packages, "")
	file := filepath.Join(l.root, "mine")
	desired := mine(t, Desired{File{Path: file, Content: []byte("x")}, repositoryOthers{r}, repositoryLists{r}})
	o, err := Apply(t.Context(), l, desired)
	wantError(t, err, "the host has it already, in "+filepath.Join(l.root, "sources", "theirs.list"))
	if !cmp.Equal(o.Before, Before{}) {
		t.Errorf("of what was refused there is a record: %+v", o.Before)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("what comes before it was done")
	}
	remove(t, l, desired, Before{})
	if got, want := entries(t, filepath.Join(l.root, "lists")), []string{release, packages, "partial"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if log := l.log(); len(log) != 0 {
		t.Errorf("apt-get was asked %q", log)
	}
}

// TestListsOfNeighbours: the lists of repositories whose names begin as ours do are not ours.
func TestListsOfNeighbours(t *testing.T) {
	for name, c := range map[string]struct {
		uri, suite   string
		components   []string
		mine, theirs []string
	}{
		"folder": {
			uri: "file:/srv/packages", suite: "/",
			mine:   []string{"_srv_packages_Packages", "_srv_packages_Release", "_srv_packages_en"},
			theirs: []string{"_srv_packages%5fextra_Packages", "_srv_packages_extra_Packages", "_srv_packages_dists_stable_InRelease", "_srv_packages_._Packages"},
		},
		"suite": {
			uri: "http://x.example/debian", suite: "stable", components: []string{"main", "contrib/x"},
			mine: []string{
				"x.example_debian_dists_stable_InRelease", "x.example_debian_dists_stable_Release", "x.example_debian_dists_stable_Release.gpg",
				"x.example_debian_dists_stable_contrib_x_i18n_Translation-en", "x.example_debian_dists_stable_main_binary-amd64_Packages",
			},
			theirs: []string{
				"x.example_debian_dists_stable_contrib_y_binary-amd64_Packages", "x.example_debian_dists_stable_mainly_binary-amd64_Packages",
				"x.example_debian_dists_stable_updates_InRelease", "x.example_debian_dists_stable_updates_main_binary-amd64_Packages",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLocal(t)
			l.moved["/var/lib/apt"] = l.root
			if err := os.MkdirAll(filepath.Join(l.root, "lists/partial"), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, list := range c.theirs {
				l.write("lists/"+list, "")
				l.write("lists/partial/"+list, "")
			}
			desired := Desired{repositoryLists{AptRepository{
				Name: "lab", URIs: []string{c.uri}, Suites: []string{c.suite}, Components: c.components, Trusted: true,
			}}}
			const fact = "repository lab: package lists"
			if got := probe(t, l, desired)[fact]; got != Absent {
				t.Errorf("with the lists of others it is %q", got)
			}
			l.write("state/lists", strings.Join(append(c.mine, "partial/"+c.mine[0]), "\n"))
			apply(t, l, desired)

			remove(t, l, desired, Before{})
			for _, folder := range []string{"lists", "lists/partial"} {
				got := slices.DeleteFunc(entries(t, filepath.Join(l.root, folder)), func(s string) bool { return s == "partial" })
				slices.Sort(c.theirs)
				if !cmp.Equal(got, c.theirs) {
					t.Errorf("%s: %s", folder, cmp.Diff(c.theirs, got))
				}
			}
			if got := probe(t, l, desired)[fact]; got != Absent {
				t.Errorf("after the removal it is %q", got)
			}
		})
	}
}

// TestListsOfACutFetch go with a removal, though they were never complete.
func TestListsOfACutFetch(t *testing.T) {
	l := newLocal(t)
	l.moved["/var/lib/apt"] = l.root
	if err := os.MkdirAll(filepath.Join(l.root, "lists/partial"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := lab()
	r.Suites = []string{"stable"}
	desired := Desired{repositoryLists{r}}
	l.write("state/apt-fails", "")
	if _, err := Apply(t.Context(), l, desired); err == nil {
		t.Fatal("no error")
	}
	l.write("lists/mirror.example:8443_a%5fb_debian_dists_stable_InRelease", "")
	if got := probe(t, l, desired)["repository lab: package lists"]; got != incomplete {
		t.Errorf("half fetched it is %q", got)
	}
	remove(t, l, desired, Before{})
	if got := entries(t, filepath.Join(l.root, "lists")); !slices.Equal(got, []string{"partial"}) {
		t.Errorf("among the lists are %q", got)
	}
}
