package connection

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// Elasticsearch is the Elasticsearch of the provider block, reached through the SSH connection of a host.
type Elasticsearch struct {
	served
	client *client.Client
	config elasticsearchModel
}

type elasticsearchModel struct {
	Host             types.String `tfsdk:"host"`
	Endpoint         types.String `tfsdk:"endpoint"`
	Username         types.String `tfsdk:"username"`
	Password         types.String `tfsdk:"password"`
	PreviousPassword types.String `tfsdk:"previous_password"`
	APIKey           types.String `tfsdk:"api_key"`
	CACertificate    types.String `tfsdk:"ca_certificate"`
	CAFile           types.String `tfsdk:"ca_file"`
}

// NewElasticsearch makes a client of the provider's attribute; it is nil when the attribute is null. Nothing is connected.
func NewElasticsearch(ctx context.Context, hosts *Hosts, value types.Object) (*Elasticsearch, diag.Diagnostics) {
	if value.IsNull() {
		return nil, nil
	}
	in := block{"elasticsearch", "Elasticsearch"}
	var model elasticsearchModel
	at, diags := in.read(ctx, hosts, value, &model)
	if diags.HasError() {
		return nil, diags
	}
	e := &Elasticsearch{served: at, config: model}
	if e.Host == nil {
		return e, diags
	}
	var err error
	if e.client, err = e.Node(e.Host, model.Endpoint.ValueString()); err != nil {
		return nil, in.refused(err)
	}
	return e, diags
}

func (m *elasticsearchModel) host() string { return m.Host.ValueString() }

// check implements blockModel.
func (m *elasticsearchModel) check() (attribute string, err error) {
	switch {
	case m.APIKey.ValueString() != "" && m.Username.ValueString()+m.Password.ValueString() != "":
		return "api_key", errors.New("give either an API key or a username with its password")
	case m.Password.ValueString() != "" && m.Username.ValueString() == "":
		return "password", errors.New("give the username it belongs to")
	case m.PreviousPassword.ValueString() != "" && m.Username.ValueString() == "":
		return "previous_password", errors.New("give the username it belonged to")
	case m.CACertificate.ValueString() != "" && m.CAFile.ValueString() != "":
		return "ca_file", errors.New("give either ca_certificate or the name of a file on the host")
	}
	return "", nil
}

// credentials are those to try, in this order.
func (m *elasticsearchModel) credentials() []client.Credentials {
	if key := m.APIKey.ValueString(); key != "" {
		return []client.Credentials{{APIKey: key}}
	}
	return passwords(m.Username, m.Password, m.PreviousPassword)
}

// passwords are the credentials of a user with one password, or another one; none of nobody.
func passwords(username, password, previous types.String) []client.Credentials {
	if username.ValueString() == "" {
		return nil
	}
	who := []client.Credentials{{Username: username.ValueString(), Password: password.ValueString()}}
	if former := previous.ValueString(); former != "" {
		who = append(who, client.Credentials{Username: username.ValueString(), Password: former})
	}
	return who
}

// Client returns the API client. It must be Known.
func (e *Elasticsearch) Client() *client.Client { return e.client }

// Username is the user of the provider block; empty with an API key, without credentials, or when they are not known.
func (e *Elasticsearch) Username() string { return e.config.Username.ValueString() }

// Node is a client of one given node, reached from its own host, with the credentials and the trust of the provider block. An empty endpoint is the
// standard one.
func (e *Elasticsearch) Node(on *Host, endpoint string) (*client.Client, error) {
	return on.Elasticsearch(endpoint, []byte(e.config.CACertificate.ValueString()), e.config.CAFile.ValueString(), e.config.credentials()...)
}

// NodeOf is Node for whoever has credentials of its own, tried after those of the provider block, and knows in which file on the host the node's authority
// is; file is used where the block says nothing about that. There may be no block: e is nil then.
func (e *Elasticsearch) NodeOf(on *Host, endpoint, file string, more ...client.Credentials) (*client.Client, error) {
	if e == nil {
		return on.Elasticsearch(endpoint, nil, file, more...)
	}
	if e.config.CAFile.ValueString() != "" {
		file = e.config.CAFile.ValueString()
	}
	return on.Elasticsearch(endpoint, []byte(e.config.CACertificate.ValueString()), file, append(e.config.credentials(), more...)...)
}

// Elasticsearch is a client of what this host sees at an endpoint. Without certificates (PEM) it trusts those of this machine and those in a file on the
// host, which is read when it is needed. An empty endpoint or file is the standard one.
func (h *Host) Elasticsearch(endpoint string, certificates []byte, file string, who ...client.Credentials) (*client.Client, error) {
	return client.New(client.Config{
		Endpoint:    endpoint,
		Dial:        h.DialContext,
		Credentials: who,
		Trust: client.Trust{
			Certificates: certificates,
			Authority:    h.authority(file, client.AuthorityFile),
		},
	})
}

// readLimit bounds what is read of a file on a host, in octets.
const readLimit = 1 << 20

// Read reads a small file of the host, as root.
func (h *Host) Read(ctx context.Context, file string) ([]byte, error) {
	result, err := h.Run(ctx, ssh.Command{Argv: []string{"head", "-c", strconv.Itoa(readLimit), "--", file}, Root: true})
	if err != nil {
		return nil, err
	}
	if result.ExitCode != 0 {
		return nil, fmt.Errorf("host %s: %w", h.Name, &ssh.ExitError{Program: "reading " + file, ExitCode: result.ExitCode, Stderr: string(result.Stderr)})
	}
	return result.Stdout, nil
}
