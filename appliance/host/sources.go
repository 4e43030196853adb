package host

import (
	"fmt"
	"regexp"
	"strings"
)

// stanza are the fields of one paragraph in the syntax of deb822(5), by their names in lower case.
type stanza map[string]string

// parseStanzas reads deb822 as apt does; what is no field is an error with its line.
func parseStanzas(content string) ([]stanza, error) {
	var all []stanza
	current, field := stanza(nil), ""
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "":
			current, field = nil, ""
		case line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if field == "" {
				return nil, fmt.Errorf("line %d: it continues no field", number)
			}
			current[field] = strings.TrimSpace(current[field] + "\n" + strings.TrimSpace(line))
		default:
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				return nil, fmt.Errorf("line %d: %q is not a field", number, excerpt([]byte(line)))
			}
			if current == nil {
				current = stanza{}
				all = append(all, current)
			}
			field = strings.ToLower(strings.TrimSpace(name))
			current[field] = strings.TrimSpace(value)
		}
	}
	return all, nil
}

// sourcesFormat is the syntax of /etc/apt/sources.list.d/*.sources. Facts are named by fields; those of a second paragraph begin with "2. ".
type sourcesFormat struct{}

// fieldNames are the fields that sources.list(5) writes otherwise than with one capital.
var fieldNames = map[string]string{"uris": "URIs", "signed-by": "Signed-By"}

// Facts implements Format.
func (sourcesFormat) Facts(content []byte) (map[string]string, error) {
	stanzas, err := parseStanzas(string(content))
	if err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for i, s := range stanzas {
		prefix := ""
		if i > 0 {
			prefix = fmt.Sprintf("%d. ", i+1)
		}
		for field, value := range s {
			name, ok := fieldNames[field]
			if !ok {
				name = strings.ToUpper(field[:1]) + field[1:]
			}
			facts[prefix+name] = strings.Join(strings.Fields(value), " ")
		}
	}
	return facts, nil
}

// aptSettingsFormat is what of apt.conf(5) is needed for settings on a line of their own.
type aptSettingsFormat struct{}

var (
	aptSetting = regexp.MustCompile(`^([A-Za-z][^\s"{};]*)\s+"([^"]*)";$`)
	aptComment = regexp.MustCompile(`^(//|#)`)
)

// Facts implements Format.
func (aptSettingsFormat) Facts(content []byte) (map[string]string, error) {
	facts := map[string]string{}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || aptComment.MatchString(line) {
			continue
		}
		setting := aptSetting.FindStringSubmatch(line)
		if setting == nil {
			return nil, fmt.Errorf("line %d: %q is not a setting", number, excerpt([]byte(line)))
		}
		facts[setting[1]] = setting[2]
	}
	return facts, nil
}
