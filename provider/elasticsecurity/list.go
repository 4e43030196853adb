package elasticsecurity

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/listing"
)

// NewUserList makes the list resource of native users.
var NewUserList = elasticresource.NewList[UserModel, account, *UserModel](userKind, elasticresource.Listing{
	Description: "Lists the users of Elasticsearch's native realm, without the built-in ones.\n\nNobody can read a password: add `password_wo` to the configuration. It is set when " +
		"Elasticsearch has another one.",
	Find: func(ctx context.Context, c elasticresource.Context, _ tfsdk.Config) (all []listing.Found, err error) {
		users, err := security.Users(ctx, c.Client)
		for name, user := range users {
			all = append(all, listing.Found{Names: []string{name}, More: user.FullName})
		}
		return all, err
	},
})

// NewRoleList makes the list resource of roles.
var NewRoleList = elasticresource.NewList[RoleModel, security.Role, *RoleModel](roleKind, elasticresource.Listing{
	Description: "Lists the roles of Elasticsearch, without the built-in ones.",
	Find: func(ctx context.Context, c elasticresource.Context, _ tfsdk.Config) (all []listing.Found, err error) {
		roles, err := security.Roles(ctx, c.Client)
		for name, role := range roles {
			all = append(all, listing.Found{Names: []string{name}, More: strings.Join(role.Cluster, ", ")})
		}
		return all, err
	},
})
