package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/service"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/journal"
)

// DefaultFile is where the settings are when nobody says otherwise.
const DefaultFile = "/etc/flowcollector/flowcollector.yml"

func runCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the service in the foreground",
		Long: `Run listens, decodes, enriches and delivers until it gets SIGTERM or SIGINT, and then delivers
what it holds, for ten seconds at most. With SIGHUP it reads its settings again and puts them into force without losing
a packet; settings with mistakes are refused, and those of before stay. Under systemd it reports readiness, status and watchdog.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			saveMemory()
			reload := make(chan os.Signal, 1) // one more that waits is enough
			signal.Notify(reload, syscall.SIGHUP)
			defer signal.Stop(reload)
			level := new(slog.LevelVar)
			logger := slog.New(journal.Handler(cmd.ErrOrStderr(), level))
			cfg, err := load(file)
			if err != nil {
				return service.StartFailed(logger, err)
			}
			return service.Run(cmd.Context(), cfg, service.Options{
				Version: version, Logger: logger, Level: level,
				Reload: reload, Load: func() (config.Config, error) { return load(file) },
			})
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
