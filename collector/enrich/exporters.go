package enrich

import (
	"fmt"
	"net/netip"

	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// exporter is what a user says about an exporter.
type exporter struct {
	name, site string
	interfaces map[uint32]interfaceNames
}

type interfaceNames struct{ name, alias string }

// exporters are those of a user's file, by address.
type exporters map[netip.Addr]*exporter

var (
	exporterColumns  = columns{required: []string{"address"}, optional: []string{"name", "site", "interfaces"}}
	interfaceColumns = columns{required: []string{"index"}, optional: []string{"name", "alias"}}
)

// CheckExporters finds the mistakes of an exporters file (enrich.exporters_file), which is YAML; file is its name, for messages. Nil: there
// are none.
func CheckExporters(file string, data []byte) yamlfile.Errors {
	_, mistakes := parseExporters(file, data)
	return mistakes
}

func parseExporters(file string, data []byte) (exporters, yamlfile.Errors) {
	r := &reader{file: file}
	list := exporters{}
	lines := map[netip.Addr]int{}
	r.list(r.root(data, "exporters"), "exporters", func(key string, n *yaml.Node) {
		before := r.mistakes()
		members, ok := r.mapping(n, key, exporterColumns)
		if !ok {
			return
		}
		one := &exporter{
			name: r.text(r.scalar(members["name"], key+".name")), site: r.text(r.scalar(members["site"], key+".site")),
			interfaces: r.interfaces(members["interfaces"], key+".interfaces"),
		}
		at := r.scalar(members["address"], key+".address")
		if !at.set() {
			return
		}
		address, ok := r.address(at)
		if line := lines[address]; ok && line > 0 {
			r.fail(at.at, at.key, fmt.Sprintf("%s is there twice, first in line %d", address, line))
		} else if ok {
			lines[address] = at.at.line
		}
		if !r.failed(before) {
			list[address] = one
		}
	})
	if mistakes := r.result(); mistakes != nil {
		return nil, mistakes
	}
	return list, nil
}

func (r *reader) interfaces(n *yaml.Node, key string) map[uint32]interfaceNames {
	if n == nil {
		return nil
	}
	list := map[uint32]interfaceNames{}
	lines := map[uint32]int{}
	r.list(n, key, func(key string, n *yaml.Node) {
		members, ok := r.mapping(n, key, interfaceColumns)
		if !ok {
			return
		}
		at := r.scalar(members["index"], key+".index")
		before := r.mistakes()
		index := uint32(r.number(at, 1, 1<<32-1))
		names := interfaceNames{r.text(r.scalar(members["name"], key+".name")), r.text(r.scalar(members["alias"], key+".alias"))}
		switch line := lines[index]; {
		case r.failed(before) || !at.set():
		case line > 0:
			r.fail(at.at, at.key, fmt.Sprintf("interface %d is there twice, first in line %d", index, line))
		default:
			lines[index], list[index] = at.at.line, names
		}
	})
	return list
}
