package connection

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/elastic/go-elasticsearch/v7"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// Elasticsearch is the Elasticsearch of the provider block, reached through the SSH connection of a host.
type Elasticsearch struct {
	Host   *Host // nil: not known before the apply
	client *elasticsearch.Client
	warned *atomic.Bool
}

type elasticsearchModel struct {
	Host          types.String `tfsdk:"host"`
	Endpoint      types.String `tfsdk:"endpoint"`
	Username      types.String `tfsdk:"username"`
	Password      types.String `tfsdk:"password"`
	CACertificate types.String `tfsdk:"ca_certificate"`
}

// NewElasticsearch makes a client of the provider's attribute; it is nil when the attribute is null. Nothing is connected.
func NewElasticsearch(ctx context.Context, hosts *Hosts, value types.Object) (*Elasticsearch, diag.Diagnostics) {
	var diags diag.Diagnostics
	if value.IsNull() {
		return nil, nil
	}
	at := path.Root("elasticsearch")
	known, err := fullyKnown(ctx, value)
	if err != nil {
		diags.AddAttributeError(at, "Unable to read the Elasticsearch configuration", err.Error())
		return nil, diags
	}
	if !known {
		return &Elasticsearch{warned: new(atomic.Bool)}, nil
	}
	var model elasticsearchModel
	if diags.Append(value.As(ctx, &model, basetypes.ObjectAsOptions{})...); diags.HasError() {
		return nil, diags
	}
	name := model.Host.ValueString()
	if name == "" {
		if name, err = hosts.Default(); err != nil {
			diags.AddAttributeError(at.AtName("host"), "Unable to choose the host Elasticsearch is reached from", Explain(err))
			return nil, diags
		}
	}
	if name == "" {
		return &Elasticsearch{warned: &hosts.warned}, nil
	}
	host, err := hosts.Lookup(name)
	if err != nil {
		diags.AddAttributeError(at.AtName("host"), "Unable to use the Elasticsearch configuration", Explain(err))
		return nil, diags
	}
	client, attribute, err := model.client(host)
	if err != nil {
		diags.AddAttributeError(at.AtName(attribute), "Unable to use the Elasticsearch configuration", Explain(err))
		return nil, diags
	}
	return &Elasticsearch{Host: host, client: client, warned: new(atomic.Bool)}, nil
}

// client makes the HTTP client; for an error it names the attribute to blame.
func (m elasticsearchModel) client(host *Host) (client *elasticsearch.Client, attribute string, err error) {
	endpoint, err := url.Parse(m.Endpoint.ValueString())
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return nil, "endpoint", errors.New("must be a URL such as https://127.0.0.1:9200") // not shown: there may be a password in it
	}
	if endpoint.User != nil {
		return nil, "endpoint", errors.New("write user and password as attributes, not in the URL")
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if pem := m.CACertificate.ValueString(); pem != "" {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM([]byte(pem)) {
			return nil, "ca_certificate", errors.New("there is no PEM certificate in it")
		}
	}
	client, err = elasticsearch.NewClient(elasticsearch.Config{
		Addresses: []string{endpoint.String()},
		Username:  m.Username.ValueString(),
		Password:  m.Password.ValueString(),
		// The product check of the first request would need the right to see the root; the header of each answer says the same.
		UseResponseCheckOnly: true,
		RetryBackoff:         func(attempt int) time.Duration { return time.Duration(attempt) * time.Second },
		Transport: &http.Transport{
			DialContext:           host.DialContext,
			TLSClientConfig:       trust,
			TLSHandshakeTimeout:   30 * time.Second,
			ResponseHeaderTimeout: time.Minute,
			IdleConnTimeout:       5 * time.Second,
			MaxConnsPerHost:       2, // each takes one of the few sessions of the host's connection, idle ones too
		},
	})
	return client, "endpoint", err
}

// Known tells whether the configuration, and that of the host, is known.
func (e *Elasticsearch) Known() bool { return e.Host != nil && e.Host.Known() }

// Client returns the API client. It must be Known.
func (e *Elasticsearch) Client() *elasticsearch.Client { return e.client }

// FirstWarning tells whether nobody has warned yet that Elasticsearch could not be asked.
func (e *Elasticsearch) FirstWarning() bool { return e.warned.CompareAndSwap(false, true) }
