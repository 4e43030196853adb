package connection

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
)

// Kibana is the Kibana of the provider block, reached through the SSH connection of a host.
type Kibana struct {
	served
	client *kibana.Client
}

type kibanaModel struct {
	Host             types.String `tfsdk:"host"`
	Endpoint         types.String `tfsdk:"endpoint"`
	Username         types.String `tfsdk:"username"`
	Password         types.String `tfsdk:"password"`
	PreviousPassword types.String `tfsdk:"previous_password"`
	CACertificate    types.String `tfsdk:"ca_certificate"`
	CAFile           types.String `tfsdk:"ca_file"`
}

// NewKibana makes a client of the provider's attribute; it is nil when the attribute is null. Nothing is connected.
func NewKibana(ctx context.Context, hosts *Hosts, value types.Object) (*Kibana, diag.Diagnostics) {
	if value.IsNull() {
		return nil, nil
	}
	in := block{"kibana", "Kibana"}
	var model kibanaModel
	at, diags := in.read(ctx, hosts, value, &model)
	if diags.HasError() {
		return nil, diags
	}
	k := &Kibana{served: at}
	if k.Host == nil {
		return k, diags
	}
	var err error
	k.client, err = k.Host.Kibana(model.Endpoint.ValueString(), client.Trust{
		Certificates: []byte(model.CACertificate.ValueString()), Authority: k.Host.authority(model.CAFile.ValueString(), kibana.AuthorityFile),
	}, passwords(model.Username, model.Password, model.PreviousPassword)...)
	if err != nil {
		return nil, in.refused(err)
	}
	return k, diags
}

func (m *kibanaModel) host() string { return m.Host.ValueString() }

// check implements blockModel.
func (m *kibanaModel) check() (attribute string, err error) {
	switch {
	case m.Password.ValueString() != "" && m.Username.ValueString() == "":
		return "password", errors.New("give the username it belongs to")
	case m.PreviousPassword.ValueString() != "" && m.Username.ValueString() == "":
		return "previous_password", errors.New("give the username it belonged to")
	case m.CACertificate.ValueString() != "" && m.CAFile.ValueString() != "":
		return "ca_file", errors.New("give either ca_certificate or the name of a file on the host")
	}
	return "", nil
}

// Client returns the API client. It must be Known.
func (k *Kibana) Client() *kibana.Client { return k.client }

// Kibana is a client of what this host sees at an endpoint. An empty endpoint is the standard one.
func (h *Host) Kibana(endpoint string, trust client.Trust, who ...client.Credentials) (*kibana.Client, error) {
	return kibana.New(kibana.Config{Endpoint: endpoint, Dial: h.DialContext, Trust: trust, Credentials: who})
}

// authority reads the certificates in a file of the host, when they are needed. An empty name is the standard one.
func (h *Host) authority(file, standard string) func(ctx context.Context) ([]byte, error) {
	if file == "" {
		file = standard
	}
	return func(ctx context.Context) ([]byte, error) { return h.Read(ctx, file) }
}
