package config

import (
	"fmt"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// Error is one mistake in the settings.
type Error = yamlfile.Error

// Errors are all mistakes of a file or a map, in their order there.
type Errors = yamlfile.Errors //nolint:errname // they are several

// unknown words the error about a setting that does not exist, with the nearest one that does.
func unknown(key string, valid []string) string {
	best := yamlfile.Nearest(key, valid)
	if best == "" {
		// The last part alone may be right, in the wrong place.
		for _, v := range valid {
			if strings.HasSuffix(v, "."+key[strings.LastIndexByte(key, '.')+1:]) {
				best = v
				break
			}
		}
	}
	if best == "" {
		return fmt.Sprintf("unknown setting %q", key)
	}
	return fmt.Sprintf("unknown setting %q; did you mean %q?", key, best)
}
