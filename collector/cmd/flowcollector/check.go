package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

func checkCommand() *cobra.Command {
	var effective bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a settings file",
		Long:  "Check names every mistake in a settings file at once, with line and column, the file of information elements that it names included, and exits with status 1 when there is one.",
		Example: `  flowcollector check
  flowcollector check --print-effective flowcollector.yml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := DefaultFile
			if len(args) == 1 {
				file = args[0]
			}
			cfg, err := load(file)
			if err = mistakes(cmd, file, err); err != nil {
				return err
			}
			if own := cfg.Decode.ElementsFile; own != "" {
				_, err := element.Builtin().AddFile(own)
				if err = mistakes(cmd, own, err); err != nil {
					return fmt.Errorf("%s: decode.elements_file: %w", file, err)
				}
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
