package hostresource

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// DataSource is what data sources on a host share: they embed it.
type DataSource struct{ data *connection.Data }

// Configure implements datasource.DataSourceWithConfigure.
func (d *DataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if req.ProviderData == nil {
		return // Terraform only validates
	}
	data, ok := req.ProviderData.(*connection.Data)
	if !ok {
		resp.Diagnostics.AddError("Unable to configure the data source",
			fmt.Sprintf("The provider handed over %T. This is a defect of the provider.", req.ProviderData))
		return
	}
	d.data = data
}

// later says how a data source is read in the apply.
const later = "Let the data source depend on what makes the host, by depends_on: then it is read when the host is there."

// Host finds the host to read, the only one where none is named, which named then says. Thing is what is to be read, such as "the service
// x.service". Nil: diagnostics say why, or the read is left to a later run where Terraform can do that.
func (d *DataSource) Host(req datasource.ReadRequest, resp *datasource.ReadResponse, named *types.String, thing string) *connection.Host {
	at := path.Root("host")
	if named.IsNull() {
		name, err := d.data.Hosts.Default()
		switch {
		case err != nil:
			resp.Diagnostics.AddAttributeError(at, "Unable to choose the host of "+thing, connection.Explain(err)+".")
			return nil
		case name == "" && deferred(req, resp):
			return nil
		case name == "":
			resp.Diagnostics.AddAttributeError(at, "Unable to choose the host of "+thing, "Which hosts the provider has is not known before the apply. "+later)
			return nil
		}
		*named = types.StringValue(name)
	}
	on, err := d.data.Hosts.Lookup(named.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(at, "Unable to read "+thing, connection.Explain(err)+".")
		return nil
	}
	if !on.Known() && deferred(req, resp) {
		return nil
	}
	return on
}

// deferred leaves the read to a later run where Terraform can do that.
func deferred(req datasource.ReadRequest, resp *datasource.ReadResponse) bool {
	if !req.ClientCapabilities.DeferralAllowed {
		return false
	}
	resp.Deferred = &datasource.Deferred{Reason: datasource.DeferredReasonProviderConfigUnknown}
	return true
}

// Ask waits for a host that is still starting, since it may have been made in this very apply, and then reads it within the time of a read. Unlike
// a resource a data source has no state to take for true: a host that cannot be asked is an error. It reports whether all went well.
func (*DataSource) Ask(ctx context.Context, on *connection.Host, diags *diag.Diagnostics, thing string, read func(context.Context) error) bool {
	err := on.Await(ctx)
	if err == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, readTimeout, fmt.Errorf("no answer within %s", readTimeout))
		defer cancel()
		err = read(ctx)
	}
	var asked *connection.Error
	switch {
	case err == nil:
		return true
	case errors.Is(err, connection.ErrUnknown):
		diags.AddError("Unable to read "+thing, "How to reach the host is not known before the apply. "+later)
	case errors.As(err, &asked):
		diags.AddError("Unable to read "+thing, connection.Explain(asked)) // without the step it happened in
	default:
		diags.AddError("Unable to read "+thing, connection.Explain(err))
	}
	return false
}
