package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/service"
)

// DefaultFile is where the settings are when nobody says otherwise.
const DefaultFile = "/etc/flowcollector/flowcollector.yml"

func runCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the service in the foreground",
		Long: `Run listens, decodes, enriches and delivers until it gets SIGTERM or SIGINT, and then delivers
what it holds, for ten seconds at most. Under systemd it reports readiness, status and watchdog.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			saveMemory()
			cfg, err := load(file)
			if err != nil {
				return service.StartFailed(slog.Default(), err)
			}
			return service.Run(cmd.Context(), cfg, service.Options{Version: version, Logger: logger(cmd.ErrOrStderr(), cfg.Log.Level)})
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", DefaultFile, "settings file")
	completeFlag(cmd, "config", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	return cmd
}

// garbage is how much may be left lying about, in percent of what is in use. The service allocates little for each flow, so that looking
// for garbage more often than Go does by itself costs next to nothing, and what it takes at most is closer to what it needs.
const garbage = 25

// saveMemory applies garbage, unless who starts the service says otherwise.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}

func load(file string) (config.Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return config.Config{}, fmt.Errorf("unable to read the settings: %w", err)
	}
	return config.Parse(file, data)
}

// logger writes lines for people. The journal stamps the time itself.
func logger(w io.Writer, level string) *slog.Logger {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		least = slog.LevelInfo // config has checked it
	}
	options := &slog.HandlerOptions{Level: least}
	if os.Getenv("JOURNAL_STREAM") != "" {
		options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
	}
	return slog.New(slog.NewTextHandler(w, options))
}
