package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

func checkCommand() *cobra.Command {
	var effective bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a settings file",
		Long:  "Check names every mistake in a settings file at once, with line and column, and exits with status 1 when there is one.",
		Example: `  flowcollector check
  flowcollector check --print-effective flowcollector.yml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := DefaultFile
			if len(args) == 1 {
				file = args[0]
			}
			cfg, err := load(file)
			var mistakes config.Errors
			if errors.As(err, &mistakes) {
				for _, m := range mistakes {
					fmt.Fprintln(cmd.ErrOrStderr(), m)
				}
				return fmt.Errorf("%s: %d mistakes", file, len(mistakes))
			}
			if err != nil {
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
	cmd.Flags().BoolVar(&effective, "print-effective", false, "print the whole tree, the defaults included")
	return cmd
}
