// Package semantic lets texts that mean the same be the same: another way to write a mode, a time, a size, JSON or PEM is no change. The plan keeps what the state has then, so it
// shows nothing and does nothing. Plan modifiers do that, not custom types: those are compared when something is read or applied, not when a configuration is rewritten.
package semantic

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// Mode is for modes: 644 is 0644.
func Mode() planmodifier.String { return modifier{"modes", mode} }

// Duration is for times: 60s is 1m, 24h is 1d.
func Duration() planmodifier.String { return modifier{"times", duration} }

// Size is for sizes in octets with powers of 1024, as Elasticsearch, the JVM and systemd write them: 1024mb is 1gb, 1g, 1G and 1GiB. Two of them may be written SOFT:HARD.
func Size() planmodifier.String { return modifier{"sizes", size} }

// JSON is for JSON, one value or several: neither space nor the order of members matters.
func JSON() planmodifier.String { return modifier{"JSON", jsonText} }

// PEM is for PEM: neither line breaks nor what is around the blocks matter.
func PEM() planmodifier.String { return modifier{"PEM", pemText} }

// modifier plans what the state has for what means the same.
type modifier struct {
	what string
	// canonical is one way to write what may be written in several; ok is false for what is not of the kind, which the resource refuses.
	canonical func(text string) (way string, ok bool)
}

// Description implements planmodifier.String.
func (m modifier) Description(context.Context) string {
	return "Of " + m.what + " that mean the same, the one in the state is kept."
}

// MarkdownDescription implements planmodifier.String.
func (m modifier) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (m modifier) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	was, ok := m.canonical(req.StateValue.ValueString())
	will, too := m.canonical(req.PlanValue.ValueString())
	if ok && too && was == will {
		resp.PlanValue = req.StateValue
	}
}

func mode(text string) (string, bool) {
	mode, err := host.ParseMode(text)
	return mode.String(), err == nil
}

func duration(text string) (string, bool) {
	d, err := config.ParseDuration(text)
	return d.String(), err == nil
}

var (
	sizePattern = regexp.MustCompile(`(?i)^([0-9]{1,18})([kmgtpe]?)(i?b)?$`)
	powers      = "kmgtpe"
)

func size(text string) (string, bool) {
	var ways []string
	for part := range strings.SplitSeq(text, ":") {
		parts := sizePattern.FindStringSubmatch(part)
		if parts == nil {
			ways = append(ways, part) // infinity
			continue
		}
		number := strings.TrimLeft(parts[1], "0")
		power := strings.Index(powers, strings.ToLower(parts[2])) + 1
		n, err := strconv.ParseUint("0"+number, 10, 64)
		switch {
		case err != nil:
			return "", false
		case n == 0, parts[2] == "":
			power = 0
		}
		// The largest power that it is a multiple of, so that nothing overflows.
		for n != 0 && n%1024 == 0 {
			n, power = n/1024, power+1
		}
		ways = append(ways, strconv.FormatUint(n, 10)+" "+strconv.Itoa(power))
	}
	return strings.Join(ways, ":"), true
}

func jsonText(text string) (string, bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var all strings.Builder
	encoder := json.NewEncoder(&all)
	for {
		var value any
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return all.String(), all.Len() > 0
		case err != nil || encoder.Encode(value) != nil:
			return "", false
		}
	}
}

func pemText(text string) (string, bool) {
	var all []byte
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return string(all), len(all) > 0
		}
		all = append(all, pem.EncodeToMemory(block)...)
	}
}
