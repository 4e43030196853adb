package host

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/unit"
)

// UnitFileFormat is the syntax of unit files and drop-ins, systemd.syntax(7). A fact is named "[Section] Key"; values of a key
// that comes several times are joined by "; " in their order, since the order can matter. Values that may be secret are not in clear.
type UnitFileFormat struct{}

// Facts implements Format.
func (UnitFileFormat) Facts(content []byte) (map[string]string, error) {
	options, err := unit.DeserializeOptions(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("unit file: %w", err)
	}
	facts := map[string]string{}
	for _, option := range options {
		name := "[" + option.Section + "] " + option.Name
		value := shownValue(option.Name, strings.TrimSpace(option.Value))
		if before, ok := facts[name]; ok {
			value = before + "; " + value
		}
		facts[name] = value
	}
	return facts, nil
}
