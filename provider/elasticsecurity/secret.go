// Package elasticsecurity are the resources about who may do what in Elasticsearch: flowstack_elasticsearch_user_password, _user, _role and _api_key.
package elasticsecurity

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

var password = secret.Attribute{Name: "password_wo", Key: "password", Thing: "password"}

// bootstrapPassword is a write-only attribute of which nothing is kept.
const bootstrapPassword = "bootstrap_password_wo" // a name, not a password

// different is the fact of a password that is not the configured one.
const different = "different"

// passwordAttribute is the write-only attribute of a password.
func passwordAttribute(required bool) schema.StringAttribute {
	return schema.StringAttribute{
		Required: required, Optional: !required, WriteOnly: true, Sensitive: true,
		MarkdownDescription: "The password, at least 6 characters. Write-only: it is neither in the state nor in the plan. A changed one is noticed by a salted hash in private " +
			"state, and one that somebody changed in Elasticsearch by authenticating with it, so no version has to be counted up; for values that are new in each run there is `password_wo_version`.",
		Validators: []validator.String{stringvalidator.UTF8LengthAtLeast(security.MinPassword)},
	}
}

var versionAttribute = secret.VersionAttribute(password.Name, "One that somebody changed in Elasticsearch is noticed only while `password_wo` is the password that was set: nobody "+
	"can try with another one.")

var revisionAttribute = schema.StringAttribute{
	Computed:            true,
	MarkdownDescription: "Changes whenever the password is set; says nothing about it.",
}

// wanted is the password that Elasticsearch shall have. It is empty when there is no configuration, and while its version says that the one it has stays,
// whatever is configured.
func wanted(ctx context.Context, c elasticresource.Context) (string, error) {
	recognised, diags := password.Recognised(ctx, c.Context)
	switch {
	case diags.HasError():
		return "", client.Conclude(errors.New(diags.Errors()[0].Detail()))
	case !recognised:
		return "", nil
	}
	return configured(ctx, password.Name, c)
}

// configured is the value of a write-only attribute; empty when it is null, or when there is no configuration.
func configured(ctx context.Context, attribute string, c elasticresource.Context) (string, error) {
	value, diags := secret.Attribute{Name: attribute}.Configured(ctx, c.Context)
	if diags.HasError() {
		return "", client.Conclude(errors.New(diags.Errors()[0].Detail()))
	}
	return value.ValueString(), nil
}
