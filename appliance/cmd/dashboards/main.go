// Dashboards writes flowstack's dashboards as a file that Kibana imports.
//
//	go run ./appliance/cmd/dashboards --index 'flows-*' >dashboards.ndjson
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
)

func main() {
	var o dashboards.Options
	var deduplicate, views string
	title := dashboards.DefaultTitle
	flag.StringVar(&o.Index, "index", dashboards.DefaultIndex, "data stream, alias or pattern of the indices that the flows are in")
	flag.StringVar(&o.HealthIndex, "health-index", dashboards.DefaultHealthIndex, "likewise, of the documents of collectors about themselves")
	flag.StringVar(&o.Prefix, "name", dashboards.DefaultPrefix, "what the ids of all objects begin with")
	flag.StringVar(&title, "title-prefix", title, "what the title of each dashboard begins with")
	flag.StringVar(&deduplicate, "deduplicate", string(dashboards.DeduplicateNone), "none, ingress or egress: which flows are counted of exporters that report both")
	flag.StringVar(&views, "views", "", "some of "+strings.Join(dashboards.Names(), ",")+"; empty is all")
	flag.Parse()
	o.Title, o.Deduplicate = &title, dashboards.Deduplicate(deduplicate)
	if views != "" {
		o.Views = strings.Split(views, ",")
	}
	if err := write(o); err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

func write(o dashboards.Options) error {
	objects, err := dashboards.Build(o)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(dashboards.NDJSON(objects))
	return err
}
