// Prepare installs what the demo and the tests need from Debian's packages.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := acctest.Prepare(ctx, func(format string, args ...any) { fmt.Printf("==> "+format+"\n", args...) })
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}
