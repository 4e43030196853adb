// Package stack is what programs of the Elastic Stack have in common: settings by dotted name in a YAML file, checked against a list of known ones.
package stack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Format is the syntax of a settings file, for host.File: a fact a setting.
type Format struct{}

// Facts implements host.Format.
func (Format) Facts(content []byte) (map[string]string, error) { return Read(content) }

// Read gives the settings of a file by dotted name, whether they are written nested or dotted. Lists of plain values read as "a, b"; what has
// more structure reads as JSON.
func Read(content []byte) (map[string]string, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return map[string]string{}, nil
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one YAML document in it")
	}
	settings := map[string]string{}
	if len(document.Content) == 0 {
		return settings, nil
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return settings, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: settings are expected, name: value", root.Line)
	}
	if len(root.Content) == 0 {
		return settings, nil
	}
	return settings, flatten(settings, "", root, 0)
}

// Aliases could go in circles, or make a small file a large one.
const (
	depth = 64    // how deep settings may be nested
	most  = 10000 // settings that a file may have
)

func flatten(settings map[string]string, prefix string, node *yaml.Node, level int) error {
	if level > depth {
		return fmt.Errorf("line %d: nested too deep", node.Line)
	}
	if node.Kind == yaml.AliasNode {
		return flatten(settings, prefix, node.Alias, level+1)
	}
	if node.Kind != yaml.MappingNode || len(node.Content) == 0 {
		text, err := text(node)
		if err != nil {
			return err
		}
		if _, twice := settings[prefix]; twice {
			return fmt.Errorf("line %d: %s is set twice", node.Line, prefix)
		}
		if len(settings) == most {
			return fmt.Errorf("line %d: there are more than %d settings in it", node.Line, most)
		}
		settings[prefix] = text
		return nil
	}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			return fmt.Errorf("line %d: this is no name of a setting", key.Line)
		}
		name := key.Value
		if prefix != "" {
			name = prefix + "." + name
		}
		if err := flatten(settings, name, node.Content[i+1], level+1); err != nil {
			return err
		}
	}
	return nil
}

// text is a value in one line.
func text(node *yaml.Node) (string, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		return node.Value, nil
	case yaml.SequenceNode:
		if plain := !slices.ContainsFunc(node.Content, func(n *yaml.Node) bool {
			return n.Kind != yaml.ScalarNode || n.Value == "" || strings.Contains(n.Value, ",") || strings.TrimSpace(n.Value) != n.Value
		}); plain && len(node.Content) > 0 {
			values := make([]string, len(node.Content))
			for i, element := range node.Content {
				values[i] = element.Value
			}
			return strings.Join(values, ", "), nil
		}
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return "", fmt.Errorf("line %d: %w", node.Line, err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("line %d: %w", node.Line, err)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}
