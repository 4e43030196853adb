package hostresource_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/aptpackage"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func TestReadWithoutIdentity(t *testing.T) {
	_, block := furnished(t)
	text := func(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }
	providertest.ReadGone(t.Context(), t, block, aptpackage.ResourceType, map[string]tftypes.Value{"id": text("flow1/absent"), "host": text("flow1"), "name": text("absent")})
}
