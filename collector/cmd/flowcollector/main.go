// Flowcollector receives NetFlow, IPFIX and sFlow, adds what is known about addresses, and writes documents to Elasticsearch.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Set by the linker.
var (
	version = "0.0.0-unknown"
	commit  = "unknown"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "flowcollector:", err)
		os.Exit(status(err))
	}
}

// exitError is an error with an exit status of its own.
type exitError struct {
	status int
	error
}

func (e *exitError) Unwrap() error { return e.error }

// status is the exit status for an error.
func status(err error) int {
	var own *exitError
	if errors.As(err, &own) {
		return own.status
	}
	return 1
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flowcollector",
		Short: "NetFlow, IPFIX and sFlow in, Elasticsearch documents out",
		Long: `Flowcollector takes NetFlow v1 and v5 to v9, IPFIX and sFlow over UDP, and IPFIX over TCP and TLS,
adds GeoIP places and autonomous systems, and writes Elastic Common Schema documents to Elasticsearch, Kafka or NDJSON.`,
		Example: `  flowcollector run                              run the service with /etc/flowcollector/flowcollector.yml
  flowcollector check flowcollector.yml          name every mistake in a settings file
  flowcollector setup                            create index template and target in Elasticsearch
  flowcollector replay capture.pcap | jq .       print the flows of a capture
  flowcollector flows --port 443 --since 1h      search the recent flows
  flowcollector import-elastiflow flowcoll.conf  turn ElastiFlow's settings into ours
  flowcollector support-bundle                   gather what helps to find a fault, without secrets
  flowcollector elements vlan                    list the information elements whose names have "vlan" in them`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(runCommand(), checkCommand(), setupCommand(), replayCommand(), flowsCommand(), importCommand(), exporterConfigCommand(), elementsCommand(), supportBundleCommand(), versionCommand())
	for _, command := range packaging {
		cmd.AddCommand(command())
	}
	return cmd
}

// packaging are commands that only the build of packages has (packaging.go).
var packaging []func() *cobra.Command
