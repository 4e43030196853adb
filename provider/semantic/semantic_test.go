package semantic_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

const certificate = `-----BEGIN CERTIFICATE-----
AAECAwQFBgcICQoLDA0ODw==
-----END CERTIFICATE-----
`

func TestWhatMeansTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		modifier planmodifier.String
		same     []string // as the first
		others   []string
	}{
		"modes":     {semantic.Mode(), []string{"0644", "644"}, []string{"0640", "4644", "0898", "64"}},
		"times":     {semantic.Duration(), []string{"60s", "1m", "1m0s", "60000ms"}, []string{"1s", "61s", "1h", "60", "soon", "-60s"}},
		"long ones": {semantic.Duration(), []string{"1d", "24h", "1440m", "0d24h"}, []string{"1h", "25h", "7d"}},
		"sizes":     {semantic.Size(), []string{"1gb", "1GiB", "1g", "1G", "1024mb", "1048576K", "1073741824", "01g", "1073741824b"}, []string{"1", "1gb:1gb", "2g", "1000mb", "infinity", "1 gb", "0"}},
		"limits":    {semantic.Size(), []string{"64M:infinity", "65536K:infinity"}, []string{"64M", "64M:64M", "infinity:64M", "infinity"}},
		"no limit":  {semantic.Size(), []string{"infinity"}, []string{"0", ""}},
		"no octets": {semantic.Size(), []string{"0", "0g", "00"}, []string{"1", ""}},
		"JSON":      {semantic.JSON(), []string{`{"a":[1,{"b":null}],"c":"x"}`, "{ \"c\": \"x\",\n \"a\": [1, {\"b\": null}] }\n", `{"c":"\u0078","a":[1,{"b":null}]}`}, []string{`{"a":[{"b":null},1],"c":"x"}`, `{"a":[1,{}],"c":"x"}`, `{`, ``}},
		"numbers":   {semantic.JSON(), []string{`9007199254740993`}, []string{`9007199254740992`, `"9007199254740993"`}},
		"lines":     {semantic.JSON(), []string{"{\"a\":1}\n{\"b\":2}\n", "{\"a\": 1}\r\n{\"b\": 2}"}, []string{"{\"b\":2}\n{\"a\":1}\n", "{\"a\":1}\n"}},
		"PEM": {
			semantic.PEM(),
			[]string{certificate, strings.ReplaceAll(certificate, "\n", "\r\n"), "A name of it\n" + certificate + "\n\n", strings.Replace(certificate, "CAkKCw", "CAkK\nCw", 1)},
			[]string{certificate + certificate, strings.Replace(certificate, "AAEC", "AAED", 1), strings.ReplaceAll(certificate, "CERTIFICATE", "PUBLIC KEY"), "none", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, was := range c.same {
				for _, will := range c.same {
					expect(t, c.modifier, types.StringValue(was), types.StringValue(will), types.StringValue(was))
				}
				for _, other := range c.others {
					expect(t, c.modifier, types.StringValue(was), types.StringValue(other), types.StringValue(other))
					expect(t, c.modifier, types.StringValue(other), types.StringValue(was), types.StringValue(was))
				}
				expect(t, c.modifier, types.StringNull(), types.StringValue(was), types.StringValue(was))
				expect(t, c.modifier, types.StringValue(was), types.StringNull(), types.StringNull())
				expect(t, c.modifier, types.StringValue(was), types.StringUnknown(), types.StringUnknown())
			}
		})
	}
}

// expect: of a state and a configuration becomes this plan.
func expect(t *testing.T, m planmodifier.String, state, config, want types.String) {
	t.Helper()
	resp := &planmodifier.StringResponse{PlanValue: config}
	m.PlanModifyString(t.Context(), planmodifier.StringRequest{StateValue: state, ConfigValue: config, PlanValue: config}, resp)
	if !resp.PlanValue.Equal(want) {
		t.Errorf("from %s and %s becomes %s, want %s", state, config, resp.PlanValue, want)
	}
}
