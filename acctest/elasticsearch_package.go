package acctest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The package's own files: scripts, unit, and the configuration that the server on Maven Central has none of.
//
//go:embed elasticsearch/package
var packageFiles embed.FS

func packageFile(name string) ([]byte, error) {
	return packageFiles.ReadFile("elasticsearch/package/" + name)
}

// As in Elastic's package of 7.17, whose layout, owners, modes and scripts' behaviour this one has.
const (
	packageHome          = "/usr/share/elasticsearch"
	packageConfiguration = "/etc/elasticsearch"
	packageGroup         = "elasticsearch"
	packageControl       = `Package: elasticsearch
Version: %s
Architecture: amd64
Maintainer: flowstack tests <tests@flowstack.example>
Depends: bash (>= 4.1), lsb-base (>= 4), libc6, adduser, coreutils (>= 8.4)
Conflicts: elasticsearch-oss
Section: web
Description: the server of Maven Central, laid out like Elastic's package, for tests
`
)

// ElasticsearchDebs are files of the Debian package elasticsearch, the oldest version first: GivenDebs, or ElasticsearchPreviousVersion and
// ElasticsearchVersion in a package that is built from the servers on Maven Central.
func ElasticsearchDebs(ctx context.Context, log Logf) ([]string, error) {
	files, err := GivenDebs(ctx, "ELASTICSEARCH", log)
	if err != nil || len(files) > 0 {
		return files, err
	}
	for _, version := range []string{ElasticsearchPreviousVersion, ElasticsearchVersion} {
		file, err := elasticsearchDeb(ctx, version, log)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// elasticsearchDeb builds the package of a version into the cache.
func elasticsearchDeb(ctx context.Context, version string, log Logf) (string, error) {
	home, err := mavenServer(ctx, version, log)
	if err != nil {
		return "", err
	}
	java, err := packagedJava(ctx, log)
	if err != nil {
		return "", err
	}
	limits, err := MachineLimits()
	if err != nil {
		return "", err
	}
	options := packagedJavaOptions(limits, log)
	// The names of the cache's folders say what is in them.
	inputs := []string{filepath.Dir(home), java, packageControl, options, fmt.Sprint(packagePatches)}
	names, err := fs.Glob(packageFiles, "elasticsearch/package/*")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		text, err := packageFiles.ReadFile(name)
		if err != nil {
			return "", err
		}
		inputs = append(inputs, name, string(text))
	}
	name := "elasticsearch_" + version + "_amd64.deb"
	dir, err := cached(ctx, "elasticsearch-package", inputs, func(_ context.Context, dir string) error {
		log.printf("building %s", name)
		control, tree, err := packageTree(home, java, options, version)
		if err != nil {
			return err
		}
		out, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		return errors.Join(writeDeb(out, control, tree), out.Close())
	})
	return filepath.Join(dir, name), err
}

// packageTree is what the package consists of.
func packageTree(home, java, options, version string) (control map[string]string, tree debTree, err error) {
	control = map[string]string{"control": fmt.Sprintf(packageControl, version)}
	for _, script := range debScripts {
		text, err := packageFile(script)
		if err != nil {
			return nil, nil, err
		}
		control[script] = string(text)
	}
	tree = debTree{
		packageConfiguration:                    {mode: fs.ModeDir | fs.ModeSetgid | 0o750, group: packageGroup},
		packageConfiguration + "/jvm.options.d": {mode: fs.ModeDir | fs.ModeSetgid | 0o750, group: packageGroup},
		"/var/lib/elasticsearch":                {mode: fs.ModeDir | fs.ModeSetgid | 0o750, owner: packageGroup, group: packageGroup},
		"/var/log/elasticsearch":                {mode: fs.ModeDir | fs.ModeSetgid | 0o750, owner: packageGroup, group: packageGroup},
		packageHome + "/plugins":                {mode: fs.ModeDir | 0o755},
		"/usr/lib/sysctl.d/elasticsearch.conf":  {content: []byte("vm.max_map_count=262144\n")},
		"/usr/lib/tmpfiles.d/elasticsearch.conf": {
			content: []byte("d /var/run/elasticsearch 0755 elasticsearch elasticsearch - -\n"),
		},
	}
	for _, f := range []struct {
		name, path string
		mode       fs.FileMode
		group      string
	}{
		{"elasticsearch.service", "/usr/lib/systemd/system/elasticsearch.service", 0o644, ""},
		{"systemd-entrypoint", packageHome + "/bin/systemd-entrypoint", 0o755, ""},
		{"default", "/etc/default/elasticsearch", 0o660, packageGroup},
		{"elasticsearch.yml", packageConfiguration + "/elasticsearch.yml", 0o660, packageGroup},
	} {
		text, err := packageFile(f.name)
		if err != nil {
			return nil, nil, err
		}
		tree[f.path] = debFile{content: text, mode: f.mode, group: f.group}
	}
	if err := tree.addServer(home, options); err != nil {
		return nil, nil, err
	}
	if err := tree.addFolder(java, packageHome+"/jdk", nil); err != nil {
		return nil, nil, err
	}
	var configurationFiles []string
	for name, f := range tree {
		if strings.HasPrefix(name, "/etc/") && !f.mode.IsDir() {
			configurationFiles = append(configurationFiles, name)
		}
	}
	slices.Sort(configurationFiles)
	control["conffiles"] = strings.Join(configurationFiles, "\n") + "\n"
	return control, tree, nil
}

// addServer adds an unpacked server: its configuration to /etc, with more options for Java, and the rest to its home.
func (t debTree) addServer(home, options string) error {
	if err := t.addFolder(filepath.Join(home, "config"), packageConfiguration, func(name string, f *debFile) bool {
		f.group = packageGroup
		if !f.mode.IsDir() {
			f.mode = 0o660
		}
		return name != "elasticsearch.yml" && name != "jvm.options.d"
	}); err != nil {
		return err
	}
	if err := t.addFolder(home, packageHome, func(name string, _ *debFile) bool {
		top, _, _ := strings.Cut(name, "/")
		return top != "config" && top != "logs" && top != "plugins" && !strings.HasSuffix(name, ".bat") && !strings.HasSuffix(name, ".exe")
	}); err != nil {
		return err
	}
	for name, patches := range packagePatches {
		if err := t.patch(name, patches); err != nil {
			return err
		}
	}
	const jvm = packageConfiguration + "/jvm.options"
	f := t[jvm]
	f.content = append(f.content, options...)
	t[jvm] = f
	return nil
}

// addFolder adds what is in a folder, except what keep says no to, whose names are relative to the folder.
func (t debTree) addFolder(folder, to string, keep func(name string, f *debFile) bool) error {
	return filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == folder {
			return err
		}
		name, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := debFile{mode: info.Mode() & (fs.ModeDir | fs.ModePerm)}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			if f.link, err = os.Readlink(file); err != nil {
				return err
			}
		case !d.IsDir():
			f.source = file
		}
		if keep != nil && !keep(name, &f) {
			return nil
		}
		t[path.Join(to, name)] = f
		return nil
	})
}

// packagePatches are what the package's files have other than those of the archive: old and new text by turns.
var packagePatches = map[string][]string{
	packageHome + "/bin/elasticsearch-env": {
		`if [ -z "$ES_PATH_CONF" ]; then ES_PATH_CONF="$ES_HOME"/config; fi`, `source /etc/default/elasticsearch`,
		`ES_DISTRIBUTION_TYPE=zip`, `ES_DISTRIBUTION_TYPE=deb`,
		`ES_BUNDLED_JDK=false`, `ES_BUNDLED_JDK=true`,
	},
	packageConfiguration + "/jvm.options": {
		`-XX:HeapDumpPath=data`, `-XX:HeapDumpPath=/var/lib/elasticsearch`,
		`-XX:ErrorFile=logs/`, `-XX:ErrorFile=/var/log/elasticsearch/`,
		`-Xloggc:logs/`, `-Xloggc:/var/log/elasticsearch/`,
		`file=logs/`, `file=/var/log/elasticsearch/`,
	},
}

func (t debTree) patch(name string, patches []string) error {
	f, ok := t[name]
	if !ok {
		return fmt.Errorf("the server has no %s", name)
	}
	content, err := os.ReadFile(f.source)
	if err != nil {
		return err
	}
	text := string(content)
	for pair := range slices.Chunk(patches, 2) {
		if n := strings.Count(text, pair[0]); n != 1 {
			return fmt.Errorf("%s has %q %d times, not once", name, pair[0], n)
		}
		text = strings.Replace(text, pair[0], pair[1], 1)
	}
	f.content, f.source = []byte(text), ""
	t[name] = f
	return nil
}
