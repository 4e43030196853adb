package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// settingsFiles are the extensions of YAML files.
var settingsFiles = []string{"yml", "yaml"}

// completeFiles offers files with one of the extensions, for as many arguments.
func completeFiles(arguments int, extensions ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= arguments {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

// completeFlag offers values for a flag, or files with one of these extensions. The flag has to be there.
func completeFlag(cmd *cobra.Command, name string, directive cobra.ShellCompDirective, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, directive)); err != nil {
		panic(err)
	}
}

// completeElements offers names of information elements. A shell can only go on with what was typed, so letters count as they are.
func completeElements(_ *cobra.Command, _ []string, typed string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	for e := range element.Builtin().All() {
		if strings.HasPrefix(e.Name, typed) {
			names = append(names, e.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
