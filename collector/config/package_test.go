package config

import (
	"os"
	"regexp"
	"testing"
)

var commented = regexp.MustCompile(`(?m)^( *)#([a-z_]+:)`)

// TestPackagedFile: the settings file of the packages changes nothing as it is, and what its comments show is right: where a setting has a
// default they show it, and the whole is a file without mistakes.
func TestPackagedFile(t *testing.T) {
	file, err := os.ReadFile("../package/flowcollector.yml")
	if err != nil {
		t.Fatal(err)
	}
	if settings, err := Settings(file); err != nil || len(settings) > 0 {
		t.Errorf("as it is packaged it has the settings %v, %v", settings, err)
	}
	all := commented.ReplaceAll(file, []byte("$1$2"))
	if _, err := Parse("flowcollector.yml", all); err != nil {
		t.Errorf("with all its settings: %v", err)
	}
	settings, err := Settings(all)
	if err != nil || len(settings) < 20 {
		t.Fatalf("it shows %d settings, %v", len(settings), err)
	}
	for _, k := range Keys() {
		if shown, ok := settings[k.Key]; ok && k.Default != "" && shown != k.Default {
			t.Errorf("%s: %s is shown as the default, which is %s", k.Key, shown, k.Default)
		}
	}
}
