package elastiflow

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const header = `# Settings of flowcollector, made from ElastiFlow's by flowcollector import-elastiflow. Everything that is not here is at its default:
# flowcollector check --print-effective shows all.
`

const handOver = `#
# Secrets are not in here. Put each into a file that only root may read, and hand them over (systemctl edit flowcollector):
#   [Service]
`

const snmpExample = `#
# The credential snmp is a file like this one (docs/names.md has more):
#   credentials:
#     - networks: [192.0.2.0/24]        # the exporters to ask
#       version: 2c
#       community: …
`

// YAML is the settings file, with a comment at each setting that says where it is from.
func (r *Result) YAML() ([]byte, error) {
	plain, err := r.Config.YAML()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(header)
	if len(r.credentials) > 0 {
		b.WriteString(handOver)
		for _, name := range slices.Sorted(slices.Values(r.credentials)) {
			b.WriteString("#   LoadCredential=" + name + ":/etc/flowcollector/credentials/" + name + "\n")
		}
	}
	if slices.Contains(r.credentials, "snmp") {
		b.WriteString(snmpExample)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(plain, &document); err != nil || len(document.Content) == 0 {
		return b.Bytes(), err
	}
	root := document.Content[0]
	document.HeadComment, root.HeadComment = "", ""
	root.Content[0].HeadComment = "" // that of a file without ours
	r.comment("", root)
	b.WriteString("\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// comment puts the origin above each setting below n.
func (r *Result) comment(prefix string, n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		key := prefix + name.Value
		if value.Kind == yaml.MappingNode {
			r.comment(key+".", value)
			continue
		}
		name.HeadComment = strings.Join(r.origins[key], "\n")
	}
}
