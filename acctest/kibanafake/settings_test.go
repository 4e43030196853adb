package kibanafake

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSettingsThatKibanaRefuses: in its words, as recorded.
func TestSettingsThatKibanaRefuses(t *testing.T) {
	for yml, message := range map[string]string{
		"xpack.encryptedSavedObjects.encryptionKey: 'THIS_IS_A_RANDOM_STRINGS'\n": "[config validation of [xpack.encryptedSavedObjects].encryptionKey]: " +
			"value has length [24] but it must have a minimum length of [32].",
		"server: {prot: 1, host: a}\nfoo.bar: 1\n":    `Unknown configuration key(s): "foo.bar", "server.prot". Check for spelling errors`,
		"elasticsearch.password: 12345678\n":          "[config validation of [elasticsearch].password]: expected value of type [string] but got [number]",
		"elasticsearch.username: elastic\n":           `value of "elastic" is forbidden`,
		"server.publicBaseUrl: https://a/b\n":         "[publicBaseUrl] must contain the [basePath]: /b !== ",
		"server.publicBaseUrl: https://u:p@a\n":       "may only contain a protocol, host, port, and pathname",
		"server.ssl.enabled: true\n":                  "must specify [certificate] and [key]",
		"server.rewriteBasePath: true\n":              "cannot use [rewriteBasePath] when [basePath] is not specified",
		"server.port: 5601\ntelemetry.optIn: false\n": "",
	} {
		folder := t.TempDir()
		t.Setenv("KBN_PATH_CONF", folder)
		if err := os.WriteFile(filepath.Join(folder, "kibana.yml"), []byte(yml), 0o600); err != nil {
			t.Fatal(err)
		}
		settings, err := loadSettings()
		if err == nil {
			err = settings.check()
		}
		if (err == nil) != (message == "") || err != nil && !strings.Contains(err.Error(), message) {
			t.Errorf("%q: %v", yml, err)
		}
		var unknown *unknownSettingsError
		if errors.As(err, &unknown) != strings.Contains(message, "Unknown") {
			t.Errorf("%q: %T", yml, err)
		}
	}
}
