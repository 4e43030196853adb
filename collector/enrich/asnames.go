package enrich

import (
	"fmt"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// systemNames are the names of autonomous systems that a user gave.
type systemNames struct {
	names map[uint32]string
	json  map[uint32][]byte // as JSON strings
}

var systemColumns = columns{required: []string{"number", "name"}}

// CheckSystems finds the mistakes of a file of autonomous systems (enrich.as_file); file is its name, for messages and for whether it is
// YAML or CSV. Nil: there are none.
func CheckSystems(file string, data []byte) yamlfile.Errors {
	_, mistakes := parseSystems(file, data)
	return mistakes
}

func parseSystems(file string, data []byte) (*systemNames, yamlfile.Errors) {
	r := &reader{file: file}
	s := &systemNames{map[uint32]string{}, map[uint32][]byte{}}
	lines := map[uint32]int{}
	r.rows(data, "autonomous_systems", systemColumns, func(c []cell) {
		before := r.mistakes()
		number, name := r.system(c[0]), r.text(c[1])
		if r.failed(before) {
			return
		}
		if line := lines[number]; line > 0 {
			r.fail(c[0].at, c[0].key, fmt.Sprintf("%d is there twice, first in line %d", number, line))
			return
		}
		lines[number] = c[0].at.line
		s.names[number], s.json[number] = name, schema.JSONString(name)
	})
	if mistakes := r.result(); mistakes != nil {
		return nil, mistakes
	}
	return s, nil
}

func (s *systemNames) name(number uint32) string {
	if s == nil {
		return ""
	}
	return s.names[number]
}
