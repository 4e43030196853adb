package acctest

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
)

// serverModule stands in for a module that the server on Maven Central comes without. Its source is in elasticsearch/modules.
type serverModule struct {
	name   string // of its folder among the server's modules
	class  string
	policy string // what the server's security manager grants it; empty: nothing
}

var serverModules = []serverModule{
	{name: "flowstack-security-index-analysis", class: "SecurityIndexAnalysis"},
	// JNA looks at the class whose methods it binds to a library.
	{name: "flowstack-service-notification", class: "ServiceNotification", policy: `permission java.lang.RuntimePermission "accessDeclaredMembers";`},
}

//go:embed elasticsearch/modules
var serverModuleSources embed.FS

// The keys are those of any module of the server.
const serverModuleDescriptor = `name=%s
description=for the tests of flowstack
version=%s
elasticsearch.version=%[2]s
java.version=11
classname=flowstack.acctest.%[3]s
has.native.controller=false
`

// serverModuleInputs are what the compiled modules are made of, for the name in the cache.
func serverModuleInputs() ([]string, error) {
	inputs := []string{fmt.Sprint(serverModules), serverModuleDescriptor}
	for _, m := range serverModules {
		source, err := m.source()
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, string(source))
	}
	return inputs, nil
}

func (m serverModule) source() ([]byte, error) {
	return serverModuleSources.ReadFile("elasticsearch/modules/" + m.class + ".java")
}

// addTo compiles the module against the server's own classes, and puts it among the server's modules.
func (m serverModule) addTo(ctx context.Context, home, version string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("module %s: %w", m.name, err)
		}
	}()
	jdk, err := javaHome()
	if err != nil {
		return err
	}
	text, err := m.source()
	if err != nil {
		return err
	}
	folder := filepath.Join(home, "modules", m.name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	source, classes := filepath.Join(folder, m.class+".java"), filepath.Join(folder, "classes")
	files := map[string]string{source: string(text), filepath.Join(folder, "plugin-descriptor.properties"): fmt.Sprintf(serverModuleDescriptor, m.name, version, m.class)}
	if m.policy != "" {
		files[filepath.Join(folder, "plugin-security.policy")] = "grant {\n  " + m.policy + "\n};\n"
	}
	for file, text := range files {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if _, err := command(ctx, filepath.Join(jdk, "bin/javac"), "--release", "11", "-Xlint:all", "-Werror",
		"-d", classes, "-cp", filepath.Join(home, "lib", "*"), source); err != nil {
		return err
	}
	archive := filepath.Join(folder, m.name+".jar")
	if _, err := command(ctx, filepath.Join(jdk, "bin/jar"), "--create", "--file", archive, "-C", classes, "."); err != nil {
		return err
	}
	if err := os.RemoveAll(classes); err != nil {
		return err
	}
	return os.Remove(source)
}
