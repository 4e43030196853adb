package host

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SysctlFormat is the syntax of sysctl.d(5): one assignment a line, comments begin with # or ;, a "-" before the key ignores
// errors. Facts are named by SysctlKey and valued by SysctlValue; of two assignments to one key the last counts. A line "-KEY"
// without a value takes the key out of patterns; its fact is "-KEY" = "excluded".
type SysctlFormat struct{}

// Facts implements Format.
func (SysctlFormat) Facts(content []byte) (map[string]string, error) {
	facts := map[string]string{}
	number := 0
	for raw := range bytes.Lines(content) {
		number++
		line, err := parseSysctlLine(string(raw))
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", number, err)
		case line.key == "":
		case line.excluded:
			facts["-"+line.key] = excluded
		default:
			facts[line.key] = line.value
		}
	}
	return facts, nil
}

// excluded is the value of a line that has none.
const excluded = "excluded"

// sysctlLine is one line of a file; the key is empty when there is nothing on it, and in the spelling of SysctlKey.
type sysctlLine struct {
	key, value string
	excluded   bool
}

func parseSysctlLine(raw string) (sysctlLine, error) {
	line := strings.TrimSpace(raw)
	if line == "" || line[0] == '#' || line[0] == ';' {
		return sysctlLine{}, nil
	}
	key, value, assigned := strings.Cut(line, "=")
	ignored := strings.HasPrefix(key, "-")
	key = strings.TrimSpace(strings.TrimPrefix(key, "-"))
	if err := validFileKey(key); err != nil {
		return sysctlLine{}, err
	}
	switch {
	case assigned:
		return sysctlLine{key: SysctlKey(key), value: SysctlValue(value)}, nil
	case ignored:
		return sysctlLine{key: SysctlKey(key), value: excluded, excluded: true}, nil
	}
	return sysctlLine{}, fmt.Errorf("%q is not an assignment", excerpt([]byte(line)))
}

// validFileKey is more lenient than validSysctlKey: files may hold patterns.
func validFileKey(key string) error {
	if key == "" {
		return errors.New("an assignment without a key")
	}
	if strings.ContainsAny(key, " \t\x00") {
		return fmt.Errorf("%q is not the name of a kernel parameter", excerpt([]byte(key)))
	}
	return nil
}

// SysctlFile is a file of /etc/sysctl.d that sets the parameters at every boot. Path should end in .conf: systemd reads no
// other.
func SysctlFile(path string, settings map[string]string) File {
	var content bytes.Buffer
	content.WriteString(Managed)
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&content, "%s = %s\n", SysctlKey(key), SysctlValue(settings[key]))
	}
	return File{Path: path, Content: content.Bytes(), Mode: 0o644, Format: SysctlFormat{}}
}
