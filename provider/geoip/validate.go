package geoip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

func validate(_ context.Context, m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	wrong := func(attribute, summary, detail string) {
		diags.AddAttributeError(path.Root(attribute), summary, detail)
	}
	// What is unknown may yet be null, as what a module does not hand on: the plan validates again with what it is.
	if known(m.Source, m.URL, m.EditionID, m.SHA256, m.ChecksumURL, m.MaxMindURL, m.AccountID, m.LicenseKey) {
		combination(m, wrong)
	}
	for attribute, value := range map[string]types.String{"url": m.URL, "checksum_url": m.ChecksumURL, "maxmind_url": m.MaxMindURL} {
		if value.IsNull() || value.IsUnknown() {
			continue
		}
		// What comes from url is recognised by its digest. A key must not go where anybody may read it all the same.
		recognised := attribute == "url" && m.LicenseKey.IsNull()
		if err := geoip.CheckURL(value.ValueString(), recognised); err != nil {
			wrong(attribute, "Unable to use "+attribute, connection.Explain(err)+".")
		}
	}
	if _, err := parseAge(m.MaxAge.ValueString()); err != nil && !m.MaxAge.IsNull() && !m.MaxAge.IsUnknown() {
		wrong("max_age", "Unable to use max_age", connection.Explain(err)+".")
	}
	return diags
}

func known(values ...types.String) bool {
	return !slices.ContainsFunc(values, types.String.IsUnknown)
}

// combination checks which attributes there are, not what they say.
func combination(m *Model, wrong func(attribute, summary, detail string)) {
	given := []string{}
	for _, one := range []struct {
		name  string
		value types.String
	}{{"source", m.Source}, {"url", m.URL}, {"edition_id", m.EditionID}} {
		if !one.value.IsNull() {
			given = append(given, one.name)
		}
	}
	if len(given) != 1 {
		detail := "Give one of source, url and edition_id."
		if len(given) > 1 {
			detail = "There are " + strings.Join(given, " and ") + ". Give one of them."
		}
		wrong("source", "Unable to tell where the GeoIP database comes from", detail)
		return
	}
	only := func(attribute string, value types.String, with ...string) {
		for _, one := range with {
			if given[0] == one {
				return
			}
		}
		if !value.IsNull() {
			wrong(attribute, "Unable to use "+attribute, fmt.Sprintf("It goes with %s, not with %s.", strings.Join(with, " or "), given[0]))
		}
	}
	only("sha256", m.SHA256, "source", "url")
	only("checksum_url", m.ChecksumURL, "url")
	only("maxmind_url", m.MaxMindURL, "edition_id")
	only("account_id", m.AccountID, "edition_id", "url")
	only("license_key_wo", m.LicenseKey, "edition_id", "url")
	switch {
	case given[0] == "url" && m.SHA256.IsNull() == m.ChecksumURL.IsNull():
		wrong("url", "Unable to tell whether what the URL has is what it should be", "Give one of sha256 and checksum_url.")
	case given[0] == "edition_id" && (m.AccountID.IsNull() || m.LicenseKey.IsNull()):
		wrong("edition_id", "Unable to download from MaxMind", "It takes account_id and license_key_wo, which MaxMind's account page shows.")
	case !m.AccountID.IsNull() && m.LicenseKey.IsNull():
		wrong("account_id", "Unable to use account_id", "There is no license_key_wo.")
	}
}

const day = 24 * time.Hour

// parseAge reads days or hours: 30d, 36h.
func parseAge(text string) (time.Duration, error) {
	for unit, length := range map[string]time.Duration{"d": day, "h": time.Hour} {
		number, ok := strings.CutSuffix(text, unit)
		if n, err := strconv.ParseUint(number, 10, 16); ok && err == nil && n > 0 {
			return time.Duration(n) * length, nil
		}
	}
	return 0, errors.New(`write it in days or hours, such as "30d" or "36h"`)
}

// formatAge writes an age as a person would.
func formatAge(age time.Duration) string {
	switch days := int(age / day); {
	case days >= 2:
		return strconv.Itoa(days) + " days"
	case days == 1:
		return "a day"
	}
	return strconv.Itoa(int(age/time.Hour)) + " hours"
}
