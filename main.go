// The Terraform provider flowstack: flow visibility as code.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/flowstack/terraform-provider-flowstack/provider"
)

// version is set by the linker.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger: print how to attach Terraform to this process")
	flag.Parse()
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/flowstack/flowstack",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
