package elasticresource_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsecurity"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func TestReadWithoutIdentity(t *testing.T) {
	s := start(t)
	effective := tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{})
	providertest.ReadGone(t.Context(), t, s.block, elasticsecurity.RoleType, map[string]tftypes.Value{"id": text("absent"), "name": text("absent"), "effective": effective})
}
