package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich/snmp"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

func checkCommand() *cobra.Command {
	var effective bool
	var file string
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a settings file",
		Long:  "Check names every mistake in a settings file at once, with line and column, those in the files that it names included, and exits with status 1 when there is one.",
		Example: `  flowcollector check
  flowcollector check --print-effective --config flowcollector.yml`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeFiles(1, settingsFiles...),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if cmd.Flags().Changed("config") {
					return errors.New("name the file once: as FILE or with --config")
				}
				file = args[0]
			}
			cfg, err := load(file)
			if err := errors.Join(mistakes(cmd, file, err), checkFiles(cmd, file, cfg)); err != nil {
				return err
			}
			if effective {
				text, err := cfg.EffectiveYAML()
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: settings are valid\n", file)
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", DefaultFile, "settings file, as FILE")
	completeFlag(cmd, "config", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	cmd.Flags().BoolVar(&effective, "print-effective", false, "print the whole tree, the defaults included")
	return cmd
}

// checkFiles checks the files of the user's own that settings name. Databases are not among them: they may come later.
func checkFiles(cmd *cobra.Command, file string, cfg config.Config) error {
	content := func(check func(string, []byte) yamlfile.Errors) func(string) error {
		return func(path string) error {
			data, err := enrich.ReadFile(path)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if list := check(path, data); len(list) > 0 {
				return list
			}
			return nil
		}
	}
	var found []error
	for _, own := range []struct {
		key, path string
		check     func(path string) error
	}{
		{"decode.elements_file", cfg.Decode.ElementsFile, func(path string) error { _, err := element.Builtin().AddFile(path); return err }},
		{"enrich.networks_file", cfg.Enrich.NetworksFile, content(enrich.CheckNetworks)},
		{"enrich.exporters_file", cfg.Enrich.ExportersFile, content(enrich.CheckExporters)},
		{"enrich.applications_file", cfg.Enrich.ApplicationsFile, content(enrich.CheckApplications)},
		{"enrich.as_file", cfg.Enrich.ASFile, content(enrich.CheckSystems)},
		{"enrich.snmp.credentials_file", cfg.Enrich.SNMP.CredentialsFile, func(path string) error { _, _, err := snmp.ReadCredentials(path); return err }},
	} {
		if own.path == "" {
			continue
		}
		if err := mistakes(cmd, own.path, own.check(own.path)); err != nil {
			found = append(found, fmt.Errorf("%s: %s: %w", file, own.key, err))
		}
	}
	return errors.Join(found...)
}

// mistakes prints those of a file, and leaves an error that says how many there are.
func mistakes(cmd *cobra.Command, file string, err error) error {
	var list yamlfile.Errors
	if !errors.As(err, &list) {
		return err
	}
	for _, m := range list {
		fmt.Fprintln(cmd.ErrOrStderr(), m)
	}
	if len(list) == 1 {
		return fmt.Errorf("%s: 1 mistake", file)
	}
	return fmt.Errorf("%s: %d mistakes", file, len(list))
}
