package connection

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// Model is the provider block.
type Model struct {
	Hosts         types.Map    `tfsdk:"hosts"`
	Elasticsearch types.Object `tfsdk:"elasticsearch"`
	Kibana        types.Object `tfsdk:"kibana"`
}

// hopModel is what a host and a bastion have in common.
type hopModel struct {
	Address                    types.String `tfsdk:"address"`
	Port                       types.Int32  `tfsdk:"port"`
	User                       types.String `tfsdk:"user"`
	HostKeys                   []string     `tfsdk:"host_keys"`
	KnownHosts                 types.String `tfsdk:"known_hosts"`
	HostCertificateAuthorities []string     `tfsdk:"host_certificate_authorities"`
	InsecureIgnoreHostKey      types.Bool   `tfsdk:"insecure_ignore_host_key"`
	PrivateKey                 types.String `tfsdk:"private_key"`
	PrivateKeyPassphrase       types.String `tfsdk:"private_key_passphrase"`
	Certificate                types.String `tfsdk:"certificate"`
	Agent                      types.Bool   `tfsdk:"agent"`
	Password                   types.String `tfsdk:"password"`
}

type hostModel struct {
	hopModel
	SudoPassword   types.String `tfsdk:"sudo_password"`
	Bastions       []hopModel   `tfsdk:"bastions"`
	ConnectTimeout types.String `tfsdk:"connect_timeout"`
}

// DefaultConnectTimeout is how long an apply waits for a host to answer.
const DefaultConnectTimeout = 2 * time.Minute

// attemptTimeout bounds connection and handshake of one attempt.
const attemptTimeout = 30 * time.Second

func (m hopModel) config() ssh.Config {
	return ssh.Config{
		Host:                       m.Address.ValueString(),
		Port:                       int(m.Port.ValueInt32()),
		User:                       m.User.ValueString(),
		HostKeys:                   m.HostKeys,
		KnownHosts:                 m.KnownHosts.ValueString(),
		HostCertificateAuthorities: m.HostCertificateAuthorities,
		InsecureIgnoreHostKey:      m.InsecureIgnoreHostKey.ValueBool(),
		PrivateKey:                 m.PrivateKey.ValueString(),
		Passphrase:                 m.PrivateKeyPassphrase.ValueString(),
		Certificate:                m.Certificate.ValueString(),
		Agent:                      m.Agent.ValueBool(),
		Password:                   m.Password.ValueString(),
	}
}

func (m hostModel) config() (config ssh.Config, wait time.Duration, err error) {
	wait = DefaultConnectTimeout
	if text := m.ConnectTimeout.ValueString(); text != "" {
		if wait, err = time.ParseDuration(text); err != nil || wait <= 0 {
			return ssh.Config{}, 0, &ssh.ConfigError{Field: "ConnectTimeout", Message: strconv.Quote(text) + ` is not a duration such as "90s" or "5m"`}
		}
	}
	config = m.hopModel.config()
	config.SudoPassword = m.SudoPassword.ValueString()
	config.ConnectTimeout = min(wait, attemptTimeout)
	for _, bastion := range m.Bastions {
		hop := bastion.config()
		hop.ConnectTimeout = config.ConnectTimeout
		config.Bastions = append(config.Bastions, hop)
	}
	return config, wait, nil
}

// NewHosts makes hosts of the provider's attribute. What is unknown stays unknown; nothing is connected.
func NewHosts(ctx context.Context, pool *Pool, value types.Map) (*Hosts, diag.Diagnostics) {
	var diags diag.Diagnostics
	hosts := &Hosts{entries: map[string]*Host{}, unknown: value.IsUnknown()}
	for name, element := range value.Elements() {
		at := path.Root("hosts").AtMapKey(name)
		known, err := fullyKnown(ctx, element)
		if err != nil {
			diags.AddAttributeError(at, "Unable to read host "+name, err.Error())
			continue
		}
		if !known {
			hosts.entries[name] = newHost(name, nil, 0)
			continue
		}
		object, ok := element.(types.Object)
		if !ok || object.IsNull() {
			diags.AddAttributeError(at, "Unable to use host "+name, "It is null; leave the entry out instead.")
			continue
		}
		var model hostModel
		if d := object.As(ctx, &model, basetypes.ObjectAsOptions{}); d.HasError() {
			diags.Append(d...)
			continue
		}
		config, wait, err := model.config()
		var client *ssh.Client
		if err == nil {
			client, err = pool.client(name, config)
		}
		if err != nil {
			diags.Append(configDiagnostic(at, "Unable to use host "+name, err))
			continue
		}
		hosts.entries[name] = newHost(name, client, wait)
	}
	return hosts, diags
}

// configDiagnostic puts the error at the attribute that is to blame.
func configDiagnostic(at path.Path, summary string, err error) diag.Diagnostic {
	var wrong *ssh.ConfigError
	if !errors.As(err, &wrong) {
		return diag.NewAttributeErrorDiagnostic(at, summary, Explain(err))
	}
	for part := range strings.SplitSeq(wrong.Field, ".") {
		name, index, _ := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		at = at.AtName(attributeName(name))
		if i, err := strconv.Atoi(index); err == nil {
			at = at.AtListIndex(i)
		}
	}
	return diag.NewAttributeErrorDiagnostic(at, summary, Explain(errors.New(wrong.Message)))
}

var capital = regexp.MustCompile(`([a-z])([A-Z])`)

// attributeName is the attribute for a field of ssh.Config.
func attributeName(field string) string {
	switch field {
	case "Host":
		return "address"
	case "Passphrase":
		return "private_key_passphrase"
	}
	return strings.ToLower(capital.ReplaceAllString(field, "${1}_${2}"))
}
