//go:build packaging

package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func init() { packaging = append(packaging, packageFilesCommand) }

// packageFilesCommand writes what packages carry and the code knows. It is run when packages are built, by a program built for that
// (-tags packaging), so that the collector itself need not contain it.
func packageFilesCommand() *cobra.Command {
	var changelog, packageVersion string
	cmd := &cobra.Command{
		Use:    "package-files DIRECTORY",
		Short:  "Write manual pages, completions and Debian's changelog",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			date, err := sourceDate()
			if err != nil {
				return err
			}
			log, err := os.ReadFile(changelog)
			if err != nil {
				return err
			}
			entry, err := debianChangelog(log, packageVersion, date)
			if err != nil {
				return fmt.Errorf("%s: %w", changelog, err)
			}
			return errors.Join(
				writeManual(filepath.Join(args[0], "man"), packageVersion, date),
				writeCompletions(filepath.Join(args[0], "completions")),
				writeCompressed(filepath.Join(args[0], "changelog.gz"), entry),
			)
		},
	}
	cmd.Flags().StringVar(&changelog, "changelog", "CHANGELOG.md", "what changed, for people")
	cmd.Flags().StringVar(&packageVersion, "package-version", "", "version as Debian writes it")
	return cmd
}

// sourceDate is the date in all that is built (https://reproducible-builds.org/specs/source-date-epoch/).
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %q is not a number of seconds", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// writeManual writes a page of section 1 for each command, and flowcollector.yml(5).
func writeManual(folder, version string, date time.Time) error {
	top := root()
	top.InitDefaultCompletionCmd()
	top.DisableAutoGenTag = true
	header := func(title, section string) *doc.GenManHeader {
		return &doc.GenManHeader{Title: title, Section: section, Date: &date, Source: "flowcollector " + version, Manual: "Flow collector"}
	}
	var errs []error
	var write func(cmd *cobra.Command, name string)
	write = func(cmd *cobra.Command, name string) {
		cmd.DisableAutoGenTag = true
		var page bytes.Buffer
		errs = append(errs, doc.GenMan(cmd, header("", "1"), &page))
		page.WriteString(".PP\n.BR flowcollector.yml (5)\n") // below the heading SEE ALSO, which is the last
		errs = append(errs, writeCompressed(filepath.Join(folder, name+".1.gz"), page.Bytes()))
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				write(sub, name+"-"+sub.Name())
			}
		}
	}
	write(top, top.Name())
	errs = append(errs, writeCompressed(filepath.Join(folder, "flowcollector.yml.5.gz"), settingsPage(version, date)))
	return errors.Join(errs...)
}

// writeCompletions writes those of the shells whose packages look in a folder of their own.
func writeCompletions(folder string) error {
	top := root()
	var bash, zsh, fish bytes.Buffer
	return errors.Join(
		top.GenBashCompletionV2(&bash, true), top.GenZshCompletion(&zsh), top.GenFishCompletion(&fish, true),
		write(filepath.Join(folder, "flowcollector"), bash.Bytes()),
		write(filepath.Join(folder, "_flowcollector"), zsh.Bytes()),
		write(filepath.Join(folder, "flowcollector.fish"), fish.Bytes()),
	)
}

// writeCompressed writes a gzip file without name and time, as gzip -9n does.
func writeCompressed(path string, content []byte) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = z.Write(content)
	return errors.Join(err, z.Close(), write(path, b.Bytes()))
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // for everybody to read
		return err
	}
	return os.WriteFile(path, content, 0o644) //nolint:gosec // for everybody to read
}
