package hostresource

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// Configured keeps what the provider was configured with; resources embed it.
type Configured struct{ data *connection.Data }

// Set takes the provider's data from a Configure request. There is none while Terraform only validates.
func (c *Configured) Set(req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	data, ok := req.ProviderData.(*connection.Data)
	if !ok {
		resp.Diagnostics.AddError("Unable to configure the resource",
			fmt.Sprintf("The provider handed over %T. This is a defect of the provider.", req.ProviderData))
		return
	}
	c.data = data
}

// Data is what the provider was configured with.
func (c *Configured) Data() *connection.Data { return c.data }
