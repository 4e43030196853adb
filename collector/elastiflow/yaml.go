package elastiflow

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// readYAML finds settings wherever they stand: as keys (flowcoll.yml, environment of Docker Compose), as NAME=value in a list (Docker
// Compose), as pairs of name and value (Kubernetes). Aliases are not followed: what they stand for is found where it is.
func readYAML(name string, data []byte) ([]Setting, yamlfile.Errors) {
	root, mistake := yamlfile.Root(name, data)
	switch {
	case mistake != nil:
		if strings.Contains(mistake.Message, "anchor") {
			mistake.Message = "not YAML: an alias (*) without its anchor (&); put a value that begins with * into quotes" // it may be a secret
		}
		return nil, yamlfile.Errors{mistake}
	case root == nil:
		return nil, nil
	case root.Kind != yaml.MappingNode && root.Kind != yaml.SequenceNode:
		return nil, yamlfile.Errors{{File: name, Line: root.Line, Column: root.Column, Message: "neither an object nor a list with settings"}}
	}
	f := yamlSettings{file: name}
	f.walk(root)
	return f.settings, f.failed
}

type yamlSettings struct {
	file     string
	settings []Setting
	failed   yamlfile.Errors
}

func (f *yamlSettings) walk(n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		if f.pair(n) {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key, value := n.Content[i], n.Content[i+1]; strings.HasPrefix(key.Value, prefix) {
				f.add(key, key.Value, value)
			} else {
				f.walk(value)
			}
		}
	case yaml.SequenceNode:
		for _, element := range n.Content {
			if element.Kind == yaml.ScalarNode && strings.HasPrefix(element.Value, prefix) {
				name, value, found := strings.Cut(element.Value, "=")
				if !found {
					value = "${" + name + "}" // Docker Compose takes it from its own environment
				}
				f.append(element, name, value)
				continue
			}
			f.walk(element)
		}
	}
}

// pair takes {name: EF_…, value: …}.
func (f *yamlSettings) pair(n *yaml.Node) bool {
	var name, value *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "name":
			name = n.Content[i+1]
		case "value":
			value = n.Content[i+1]
		}
	}
	if name == nil || !strings.HasPrefix(name.Value, prefix) {
		return false
	}
	if value == nil {
		f.append(name, name.Value, "${"+name.Value+"}") // valueFrom: a secret or a map of the cluster
		return true
	}
	f.add(name, name.Value, value)
	return true
}

func (f *yamlSettings) add(at *yaml.Node, name string, value *yaml.Node) {
	switch {
	case yamlfile.IsNull(value):
		f.append(at, name, "")
	case value.Kind == yaml.ScalarNode:
		f.append(at, name, value.Value)
	default:
		f.fail(at, name, "must be a plain value")
	}
}

func (f *yamlSettings) append(at *yaml.Node, name, value string) {
	if !nameOf.MatchString(name) {
		f.fail(at, "", "not the name of a setting")
		return
	}
	f.settings = append(f.settings, Setting{Name: name, Value: value, File: f.file, Line: at.Line, Column: at.Column})
}

func (f *yamlSettings) fail(at *yaml.Node, name, message string) {
	f.failed = append(f.failed, Setting{Name: name, File: f.file, Line: at.Line, Column: at.Column}.fail(message))
}
