// The Terraform provider flowstack: flow visibility as code.
package main

import (
	"context"
	"errors"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/flowstack/terraform-provider-flowstack/provider"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// version is set by the linker.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger: print how to attach Terraform to this process")
	flag.Parse()
	var connections connection.Pool
	err := providerserver.Serve(context.Background(), provider.New(version, &connections), providerserver.ServeOpts{
		Address: provider.Address,
		Debug:   *debug,
	})
	if err = errors.Join(err, connections.Close()); err != nil {
		log.Fatal(err)
	}
}
