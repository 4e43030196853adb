package unit

import (
	"os"
	"strings"
	"testing"
)

// TestDescriptionsNameWhatThereIs: who looks for a package, or at the unit, learns that it is of use without Elasticsearch.
func TestDescriptionsNameWhatThereIs(t *testing.T) {
	for file, begin := range map[string]string{"nfpm.yaml": "\ndescription: |\n", "flowcollector.service": "\nDescription="} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, description, found := strings.Cut(string(text), begin)
		end := "\n"
		if file == "nfpm.yaml" {
			end = "\nlicense:"
		}
		description, _, _ = strings.Cut(description, end)
		for _, what := range []string{"Elasticsearch", "Kafka", "NDJSON", "recent flows", "page"} {
			if !found || !strings.Contains(description, what) {
				t.Errorf("the description in %s says nothing of %s: %s", file, what, description)
			}
		}
	}
}
