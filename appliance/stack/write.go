package stack

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Write makes a file of settings, sorted by name. The error of a value names its setting.
func Write(settings map[string]string, known *List) ([]byte, error) {
	names := slices.Sorted(maps.Keys(settings))
	for _, name := range names {
		if inner := slices.IndexFunc(names, func(other string) bool { return strings.HasPrefix(other, name+".") }); inner >= 0 {
			return nil, &SettingError{name, "it cannot have a value and parts at once, such as " + names[inner]}
		}
	}
	return write(settings, known.value)
}

// plain are values that need no quotes for a program that takes all settings as texts.
var plain = regexp.MustCompile(`^(true|false|0|-?[1-9][0-9]{0,17})$`)

// Texts makes a file of settings for a program that takes all values as texts, and each name for itself, such as Elasticsearch: sorted by name.
func Texts(settings map[string]string) []byte {
	content, err := write(settings, func(_, value string) (*yaml.Node, error) {
		node := &yaml.Node{Kind: yaml.ScalarNode, Value: strings.ToValidUTF8(value, "\uFFFD")}
		if !plain.MatchString(value) {
			node.Tag, node.Style = "!!str", yaml.DoubleQuotedStyle
		}
		return node, nil
	})
	if err != nil {
		panic(err) // texts can be written
	}
	return content
}

// write makes a file of one setting a line, with values as value writes them.
func write(settings map[string]string, value func(name, value string) (*yaml.Node, error)) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(host.Managed)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		node, err := value(name, settings[name])
		if err != nil {
			return nil, &SettingError{name, err.Error()}
		}
		line, err := yaml.Marshal(map[string]*yaml.Node{name: node})
		if err != nil {
			return nil, &SettingError{name, err.Error()}
		}
		out.Write(line)
	}
	return out.Bytes(), nil
}

// value is how a setting's value is written.
func (l *List) value(name, value string) (*yaml.Node, error) {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return nil, errors.New("it has several lines, or characters that are none")
	}
	switch trimmed := strings.TrimSpace(value); {
	case strings.HasPrefix(trimmed, "[") || strings.HasPrefix(trimmed, "{"):
		// YAML's flow style contains JSON; written again so that what is on the host does not depend on spaces.
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(trimmed), &node); err != nil || len(node.Content) != 1 {
			return nil, fmt.Errorf("%q is neither a JSON list nor a JSON object", value)
		}
		return node.Content[0], nil
	case l.kind(name) == Strings:
		list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for element := range strings.SplitSeq(value, ",") {
			if element = strings.TrimSpace(element); element == "" {
				return nil, fmt.Errorf("%q has an empty element", value)
			}
			list.Content = append(list.Content, scalar(element, true))
		}
		return list, nil
	}
	return scalar(value, l.kind(name) == Text), nil
}

// scalar writes booleans and numbers bare, unless the setting takes text: then what looks like a number is quoted, since these programs refuse
// a number where they expect text.
func scalar(value string, isText bool) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
	_, numeric := strconv.ParseFloat(value, 64)
	if isText || numeric != nil && value != "true" && value != "false" {
		node.SetString(value)
	}
	return node
}
