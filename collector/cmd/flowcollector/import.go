package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/elastiflow"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// statusLoses is the exit status of import-elastiflow --strict when something has no equivalent.
const statusLoses = 3

func importCommand() *cobra.Command {
	i := importer{}
	cmd := &cobra.Command{
		Use:   "import-elastiflow FILE...",
		Short: "Turn the settings of ElastiFlow's collector into ours",
		Long: `Import-elastiflow reads the settings (EF_…) of the ElastiFlow Unified Flow Collector, of its versions 5 to 7, and prints a settings file
of this collector, with a comment at each setting that says where it is from. FILE is a drop-in of systemd, a file of variables, flowcoll.yml,
a file of Docker Compose or a manifest of Kubernetes; - is standard input. Of several files, what is said last counts, but that files which
a unit names (EnvironmentFile=) win over what it says itself, as in systemd; what systemctl show says of a unit is read too. A file for docker run --env-file, in which quotes are part of
the value, needs --format docker.

A report on standard error says of every setting what became of it, or why nothing did. Secrets are never printed: it names the
credential to put each into. Files of metadata that the settings name (ipaddrs.yml, netifs.yml) are converted into the directory of --files.

The exit status is 0 when everything was translated or explained, 1 when a file cannot be read or a line is not understood, and with
--strict 3 when something has no equivalent.`,
		Example: `  flowcollector import-elastiflow /etc/systemd/system/flowcoll.service.d/flowcoll.conf > flowcollector.yml
  flowcollector import-elastiflow --output flowcollector.yml --report report.txt --files /etc/flowcollector /etc/elastiflow/flowcoll.yml
  docker compose config | flowcollector import-elastiflow --format yaml -`,
		Args: cobra.MinimumNArgs(1),
		RunE: i.run,
	}
	flags := cmd.Flags()
	flags.StringVarP(&i.output, "output", "o", "", "file for the settings, in place of standard output")
	flags.StringVar(&i.report, "report", "", "file for the report, in place of standard error")
	flags.BoolVar(&i.json, "json", false, "make the report JSON")
	flags.StringVar(&i.files, "files", "", "directory for what files of metadata are converted to; it has to be there")
	flags.StringVar(&i.format, "format", string(elastiflow.Auto), "format of the files: auto, env, docker, systemd or yaml")
	flags.BoolVar(&i.strict, "strict", false, "exit with status 3 when something has no equivalent")
	flags.BoolVar(&i.force, "force", false, "write over files that are there")
	formats := make([]string, len(elastiflow.Formats))
	for n, f := range elastiflow.Formats {
		formats[n] = string(f)
	}
	completeFlag(cmd, "format", cobra.ShellCompDirectiveNoFileComp, formats...)
	completeFlag(cmd, "output", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	completeFlag(cmd, "report", cobra.ShellCompDirectiveDefault)
	completeFlag(cmd, "files", cobra.ShellCompDirectiveFilterDirs)
	return cmd
}

type importer struct {
	output, report, files, format string
	json, strict, force           bool
}

func (i *importer) run(cmd *cobra.Command, files []string) error {
	in, err := i.read(cmd, files)
	if err != nil {
		return err
	}
	result, err := elastiflow.Translate(in)
	if err = explain(cmd, err); err != nil {
		return err
	}
	var made []madeFile
	if i.files != "" {
		directory, err := filepath.Abs(i.files) // the service has another working directory
		if err != nil {
			return err
		}
		if err := result.Convert(directory, os.ReadFile, func(path string, data []byte) error {
			made = append(made, madeFile{path, data})
			return nil
		}); err != nil {
			return err
		}
	}
	settings, err := result.YAML()
	if err != nil {
		return err
	}
	var report bytes.Buffer
	write := result.WriteReport
	if i.json {
		write = result.WriteJSON
	}
	if err := write(&report); err != nil {
		return err
	}
	for _, f := range []madeFile{{i.output, settings}, {i.report, report.Bytes()}} {
		if f.path != "" {
			made = append(made, f)
		}
	}
	if err := i.free(made); err != nil {
		return err
	}
	for _, f := range made {
		if err := i.write(f.path, f.data); err != nil {
			return err
		}
	}
	if i.output == "" {
		if _, err := cmd.OutOrStdout().Write(settings); err != nil {
			return err
		}
	}
	if i.report == "" {
		if _, err := cmd.ErrOrStderr().Write(report.Bytes()); err != nil {
			return err
		}
	}
	if n := result.Loses(); n > 0 && i.strict {
		return &exitError{statusLoses, fmt.Errorf("settings without equivalent: %d", n)}
	}
	return nil
}

// read reads all files, so that the mistakes of all are named at once.
func (i *importer) read(cmd *cobra.Command, files []string) (in elastiflow.Input, err error) {
	failed := false
	var all []elastiflow.Input
	for _, file := range files {
		name := file
		var data []byte
		if file == "-" {
			name = "standard input"
			data, err = io.ReadAll(cmd.InOrStdin())
		} else {
			data, err = os.ReadFile(file)
		}
		if err != nil {
			return in, fmt.Errorf("unable to read the settings of ElastiFlow: %w", err)
		}
		one, err := elastiflow.Read(name, data, elastiflow.Format(i.format))
		if err = explain(cmd, err); err != nil {
			var list *mistaken
			if !errors.As(err, &list) {
				return in, err
			}
			failed = true
		}
		all = append(all, one)
	}
	if failed {
		return in, errors.New("there are lines that are not understood")
	}
	return elastiflow.Merge(all...), nil
}

// mistaken is left of mistakes that were printed.
type mistaken struct{ n int }

func (m *mistaken) Error() string {
	if m.n == 1 {
		return "1 mistake in the settings of ElastiFlow"
	}
	return fmt.Sprintf("%d mistakes in the settings of ElastiFlow", m.n)
}

// explain prints mistakes, each with its file and line.
func explain(cmd *cobra.Command, err error) error {
	var list yamlfile.Errors
	if !errors.As(err, &list) {
		return err
	}
	for _, m := range list {
		fmt.Fprintln(cmd.ErrOrStderr(), m)
	}
	return &mistaken{len(list)}
}

// madeFile is a file that is to be written.
type madeFile struct {
	path string
	data []byte
}

// free tells whether all files can be made, so that none is written when another one cannot.
func (i *importer) free(files []madeFile) error {
	for _, f := range files {
		info, err := os.Stat(filepath.Dir(f.path))
		switch {
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is not a directory", filepath.Dir(f.path))
		}
		if _, err := os.Lstat(f.path); err == nil && !i.force {
			return occupied(f.path)
		}
	}
	return nil
}

func occupied(path string) error {
	return fmt.Errorf("%s is there already; --force writes over it", path)
}

// write makes a file that everybody may read, as the service's user must; there is no secret in it.
func (i *importer) write(path string, data []byte) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if !i.force {
		flags |= os.O_EXCL
	}
	f, err := os.OpenFile(path, flags, 0o644) //nolint:gosec // G302: see above
	if errors.Is(err, os.ErrExist) {
		return occupied(path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
