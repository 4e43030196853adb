// Command kibana is what a host of the tests runs in Kibana's place: bin/kibana and bin/kibana-keystore of the package that
// acctest.KibanaPackage makes, told apart by their names.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/flowstack/terraform-provider-flowstack/acctest/kibanafake"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	run := kibanafake.Run
	if filepath.Base(os.Args[0]) == "kibana-keystore" {
		run = kibanafake.Keystore
	}
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
