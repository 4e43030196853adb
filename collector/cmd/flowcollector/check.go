package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

func checkCommand() *cobra.Command {
	var effective bool
	var file string
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a settings file",
		Long: `Check names every mistake in a settings file at once, with line and column, those in the files that it names included, and exits with status 1 when
there is one. Certificates, keys and passwords have to be there, as the service does not start without them; those that systemd hands over
are not looked for, nor are databases: they may come later.`,
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
			n, err := printed(cmd, err)
			if err != nil {
				return err
			}
			if n += checkFiles(cmd, file, cfg); n > 0 {
				return counted(file, n)
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

// mistakes prints those of a file, and leaves an error that says how many there are.
func mistakes(cmd *cobra.Command, file string, err error) error {
	n, err := printed(cmd, err)
	if err != nil || n == 0 {
		return err
	}
	return counted(file, n)
}

// printed prints the mistakes in a file, and says how many there are; any other error it leaves.
func printed(cmd *cobra.Command, err error) (int, error) {
	var list yamlfile.Errors
	if !errors.As(err, &list) {
		return 0, err
	}
	for _, m := range list {
		fmt.Fprintln(cmd.ErrOrStderr(), m)
	}
	return len(list), nil
}

func counted(file string, n int) error {
	if n == 1 {
		return fmt.Errorf("%s: 1 mistake", file)
	}
	return fmt.Errorf("%s: %d mistakes", file, n)
}
