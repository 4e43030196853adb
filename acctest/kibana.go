package acctest

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed kibana
var kibanaFiles embed.FS

const kibanaControl = `Package: kibana
Version: %s
Architecture: amd64
Maintainer: flowstack tests <tests@flowstack.example>
Depends: passwd
Section: web
Description: a server of recorded behaviours, laid out like Elastic's package, for tests
`

// KibanaDebs are files of the Debian package kibana: GivenDebs, or a package of these versions that is laid out like Elastic's (owners, modes, scripts, service),
// with the program of acctest/cmd/kibana inside. They are in a folder.
func KibanaDebs(ctx context.Context, folder string, log Logf, versions ...string) ([]string, error) {
	files, err := GivenDebs(ctx, "KIBANA", log)
	if err != nil || len(files) > 0 {
		return files, err
	}
	program := filepath.Join(folder, "kibana")
	if _, err := command(ctx, "env", "CGO_ENABLED=0", "go", "build", "-o", program, "github.com/flowstack/terraform-provider-flowstack/acctest/cmd/kibana"); err != nil {
		return nil, err
	}
	for _, version := range versions {
		file := filepath.Join(folder, "kibana_"+version+"_amd64.deb")
		if err := writeKibanaDeb(file, version, program); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		files = append(files, file)
	}
	return files, nil
}

func writeKibanaDeb(file, version, program string) error {
	const home, configuration = "/usr/share/kibana", "/etc/kibana"
	control := map[string]string{"control": fmt.Sprintf(kibanaControl, version), "conffiles": configuration + "/kibana.yml\n/etc/default/kibana\n"}
	for _, script := range []string{"postinst", "postrm"} {
		text, err := kibanaFiles.ReadFile("kibana/" + script)
		if err != nil {
			return err
		}
		control[script] = string(text)
	}
	unit, err := kibanaFiles.ReadFile("kibana/kibana.service")
	if err != nil {
		return err
	}
	tree := debTree{
		home + "/bin/kibana":                     {source: program, mode: 0o755},
		home + "/bin/kibana-keystore":            {link: "kibana"},
		configuration:                            {mode: fs.ModeDir | fs.ModeSetgid | 0o750},
		configuration + "/kibana.yml":            {content: []byte("# server.port: 5601\n"), mode: 0o660},
		"/etc/default/kibana":                    {content: []byte("KBN_PATH_CONF=\"/etc/kibana\"\n")},
		"/var/lib/kibana":                        {mode: fs.ModeDir | fs.ModeSetgid | 0o750},
		"/var/log/kibana":                        {mode: fs.ModeDir | fs.ModeSetgid | 0o750},
		"/usr/lib/systemd/system/kibana.service": {content: unit},
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	err = writeDeb(out, control, tree)
	if closed := out.Close(); err == nil {
		err = closed
	}
	return err
}
