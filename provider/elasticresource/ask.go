package elasticresource

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// Configured is what data sources and ephemeral resources that ask Elasticsearch share: they embed it.
type Configured struct{ data *connection.Data }

// Set takes the provider's data from a Configure request. There is none while Terraform only validates.
func (c *Configured) Set(handed any, diags *diag.Diagnostics) {
	if handed == nil {
		return
	}
	data, ok := handed.(*connection.Data)
	if !ok {
		diags.AddError("Unable to configure the provider's parts", fmt.Sprintf("The provider handed over %T. This is a defect of the provider.", handed))
		return
	}
	c.data = data
}

// Ask waits for a host and an Elasticsearch that are still starting, since they may have been made in this very apply, and asks. What is to be
// done comes after "Unable to" in a diagnostic. It reports whether all went well: there is no state to take for true.
func (c *Configured) Ask(ctx context.Context, diags *diag.Diagnostics, what string, privileges []string, ask func(context.Context, *client.Client) error) bool {
	at := c.data.Elasticsearch
	if at == nil {
		diags.AddError("Unable to "+what, inElasticsearch.missing())
		return false
	}
	if !at.Known() {
		diags.AddError("Unable to "+what, "How to reach Elasticsearch is not known before the apply. Let it depend on what makes the host, by depends_on: then it is asked in the apply.")
		return false
	}
	err := at.Host.Await(ctx)
	if err == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errors.New("no answer in time"))
		defer cancel()
		err = client.Await(ctx, func(ctx context.Context) error { return ask(ctx, at.Client()) })
	}
	if err != nil {
		diags.AddError("Unable to "+what, inElasticsearch.explain(err, privileges))
	}
	return err == nil
}

// DataSource is what data sources about Elasticsearch share: they embed it.
type DataSource struct{ Configured }

// Configure implements datasource.DataSourceWithConfigure.
func (d *DataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Set(req.ProviderData, &resp.Diagnostics)
}

// Deferred leaves a read to a later run where Terraform can do that and how to reach Elasticsearch is not known yet.
func (d *DataSource) Deferred(req datasource.ReadRequest, resp *datasource.ReadResponse) bool {
	if !req.ClientCapabilities.DeferralAllowed || d.data.Elasticsearch == nil || d.data.Elasticsearch.Known() {
		return false
	}
	resp.Deferred = &datasource.Deferred{Reason: datasource.DeferredReasonProviderConfigUnknown}
	return true
}
