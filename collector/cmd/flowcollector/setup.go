package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/service"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/journal"
)

// targets are the values of --target.
var targets = []string{output.TargetAuto, schema.TargetDataStream, schema.TargetAlias, schema.TargetIndex}

func setupCommand() *cobra.Command {
	var file, target, user, passwordFile string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Create index template and target in Elasticsearch",
		Long: `Setup creates what flows need in Elasticsearch before the first of them: templates with settings and mappings, and the data stream, alias
or index that output.elasticsearch.index names, and likewise what output.elasticsearch.health.index names. What is there stays; templates
of an older version are updated. It is safe to run again.

It asks for nothing: server and secrets are those of the settings. The user needs the privilege manage_index_templates on the cluster,
and on the index view_index_metadata and create_index, for an alias manage; --user with --password-file takes one that has them in
place of the collector's own.`,
		Example: `  flowcollector setup --dry-run
  flowcollector setup --config flowcollector.yml --user elastic --password-file elastic.password`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(file)
			if err = mistakes(cmd, file, err); err != nil {
				return err
			}
			es := cfg.Output.Elasticsearch
			if len(es.Addresses) == 0 {
				return errors.New("output.elasticsearch.addresses is empty: there is nothing to set up")
			}
			s := output.SetupConfig{Documents: schema.Flows, Index: es.Index, Target: es.Target, DryRun: dryRun}
			if target != "" {
				s.Target = target
			}
			if !slices.Contains(targets, s.Target) {
				return fmt.Errorf("--target: %q is none of %s", s.Target, strings.Join(targets, ", "))
			}
			level := new(slog.LevelVar)
			if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
				return err
			}
			connection := service.Connection(es, version, slog.New(journal.Handler(cmd.ErrOrStderr(), level)))
			if user != "" {
				if connection.Secrets, err = override(user, passwordFile); err != nil {
					return err
				}
			}
			client, err := output.NewClient(connection)
			if err != nil {
				return err
			}
			defer client.Close()
			if err := setUp(cmd, client, s); err != nil || es.Health.Index == "" {
				return err
			}
			s.Documents, s.Index = schema.Health, es.Health.Index
			return setUp(cmd, client, s)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "config", "c", DefaultFile, "settings file")
	flags.BoolVar(&dryRun, "dry-run", false, "only look, and print what would be done")
	flags.StringVar(&target, "target", "", "what to make of the name, in place of output.elasticsearch.target: auto, data_stream, alias or index")
	flags.StringVar(&user, "user", "", "user in place of that of the settings")
	flags.StringVar(&passwordFile, "password-file", "", "file with the password of --user")
	cmd.MarkFlagsRequiredTogether("user", "password-file")
	completeFlag(cmd, "config", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	completeFlag(cmd, "target", cobra.ShellCompDirectiveNoFileComp, targets...)
	completeFlag(cmd, "user", cobra.ShellCompDirectiveNoFileComp)
	return cmd
}

// setUp sets up one index, and says so.
func setUp(cmd *cobra.Command, client *output.Client, s output.SetupConfig) error {
	settled, err := client.Setup(cmd.Context(), s, func(step output.Step) { printStep(cmd, step, s.DryRun) })
	if err != nil {
		return err
	}
	verb := "is"
	if s.DryRun {
		verb = "would be"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s ready for %s (%s)\n", s.Index, verb, s.Documents.Name, strings.ReplaceAll(settled, "_", " "))
	return nil
}

// override are the secrets of a user who is not the collector's own.
func override(user, file string) (func() (output.Secrets, error), error) {
	read := func() (output.Secrets, error) {
		text, err := os.ReadFile(file)
		if err != nil {
			return output.Secrets{}, fmt.Errorf("--password-file: %w", err)
		}
		return output.Secrets{Username: user, Password: strings.TrimRight(string(text), "\r\n")}, nil
	}
	_, err := read()
	return read, err
}

// printStep prints a step, and where nothing is changed the request that would be made.
func printStep(cmd *cobra.Command, step output.Step, dryRun bool) {
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, step)
	if !dryRun || !strings.HasPrefix(step.Result, "would be") {
		return
	}
	fmt.Fprintf(out, "  %s %s\n", step.Method, step.Path)
	if step.Body != nil {
		if text, err := json.MarshalIndent(step.Body, "  ", "  "); err == nil {
			fmt.Fprintf(out, "  %s\n", text)
		}
	}
}
