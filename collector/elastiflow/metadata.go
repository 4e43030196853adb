package elastiflow

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"go4.org/netipx"

	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// Settings whose files are converted.
const (
	NetworksKey  = "enrich.networks_file"
	ExportersKey = "enrich.exporters_file"
)

// Metadata is a file of the user's own that ElastiFlow's settings name.
type Metadata struct {
	Key     string // the setting of this collector that is to name the converted one
	Path    string
	setting Setting
}

// awaitFiles says of the files that they are not converted yet.
func (r *Result) awaitFiles() {
	for _, m := range r.metadata {
		r.about(m, NoEquivalent, m.Path+" is not converted; give --files a directory for what becomes of it")
	}
}

// about says in the report what became of a file.
func (r *Result) about(m Metadata, class Class, note string) {
	for i := range r.Entries {
		e := &r.Entries[i]
		if e.Name != m.setting.Name || e.Line != m.setting.Line || e.File != m.setting.File {
			continue
		}
		e.Result, e.To, e.Note = class, nil, note
		if class == Translated {
			e.To = []string{m.Key}
		}
	}
}

// Convert turns the files of metadata into such as this collector reads, and names them in the settings. A file that cannot be read or
// converted is explained in the report; the error is that of writing one.
func (r *Result) Convert(directory string, read func(path string) ([]byte, error), write func(path string, data []byte) error) error {
	for _, m := range r.metadata {
		convert, to, name := networks, &r.Config.Enrich.NetworksFile, "networks.yml"
		if m.Key == ExportersKey {
			convert, to, name = exporters, &r.Config.Enrich.ExportersFile, "exporters.yml"
		}
		data, err := read(m.Path)
		if err != nil {
			r.about(m, NoEquivalent, "not converted: "+err.Error())
			continue
		}
		file, left, err := convert(m.Path, data)
		if err != nil {
			r.about(m, NoEquivalent, "not converted: "+err.Error())
			continue
		}
		path := filepath.Join(directory, name)
		if err := write(path, file); err != nil {
			return err
		}
		*to = path
		r.origins[m.Key] = append(r.origins[m.Key], "made from "+m.Path)
		note := "made from " + m.Path
		if len(left) > 0 {
			note += "; left out, as documents have no place for it: " + strings.Join(left, ", ")
		}
		r.about(m, Translated, note)
	}
	return nil
}

// members calls f for each member of an object.
func members(file string, n *yaml.Node, f func(key, value *yaml.Node) error) error {
	if n == nil || yamlfile.IsNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return &yamlfile.Error{File: file, Line: n.Line, Column: n.Column, Message: "must be an object"}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := f(n.Content[i], n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func misplaced(file string, at *yaml.Node, message string) error {
	return &yamlfile.Error{File: file, Line: at.Line, Column: at.Column, Message: message}
}

// root reads the object that a file is.
func root(file string, data []byte) (*yaml.Node, error) {
	n, mistake := yamlfile.Root(file, data)
	if mistake != nil {
		return nil, mistake
	}
	return n, nil
}

// written checks what was made of a file with the code that will read it.
func written(what string, file any, check func(string, []byte) yamlfile.Errors) ([]byte, error) {
	data, err := yaml.Marshal(file)
	if err != nil {
		return nil, err
	}
	if mistakes := check(what, data); len(mistakes) > 0 {
		return nil, mistakes
	}
	return data, nil
}

type network struct {
	Network  string `yaml:"network"`
	Name     string `yaml:"name,omitempty"`
	Site     string `yaml:"site,omitempty"`
	Internal *bool  `yaml:"internal,omitempty"`
}

// networks converts ipaddrs.yml: an object with networks, addresses and ranges (first-last) as keys. There all entries that an address is in
// hold together; here the longest alone does, so that it takes over what the wider ones say. Left are the names of what is not kept.
func networks(file string, data []byte) (out []byte, left []string, err error) {
	all := map[netip.Prefix]network{}
	omitted := map[string]bool{}
	n, err := root(file, data)
	if err != nil {
		return nil, nil, err
	}
	err = members(file, n, func(key, value *yaml.Node) error {
		prefixes, ok := prefixesOf(key.Value)
		if !ok {
			return misplaced(file, key, fmt.Sprintf("%q is neither a network, nor an address, nor a range", key.Value))
		}
		one, err := networkOf(file, value, omitted)
		if err != nil {
			return err
		}
		for _, p := range prefixes {
			all[p] = one.over(all[p])
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	shortestFirst := slices.SortedFunc(maps.Keys(all), func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), a.Addr().Compare(b.Addr()))
	})
	list := make([]network, 0, len(all))
	for _, p := range shortestFirst {
		one := all[p]
		for bits := p.Bits() - 1; bits >= 0; bits-- {
			if wider, there := all[netip.PrefixFrom(p.Addr(), bits).Masked()]; there {
				one = one.over(wider)
				break
			}
		}
		all[p] = one
		one.Network = p.String()
		if one.Internal == nil {
			inside := p.Addr().IsPrivate() || p.Addr().IsLinkLocalUnicast()
			one.Internal = &inside // here a network of the file is one's own unless it says otherwise
		}
		list = append(list, one)
	}
	out, err = written("networks.yml", map[string]any{"networks": list}, enrich.CheckNetworks)
	return out, slices.Sorted(maps.Keys(omitted)), err
}

// over is n with what only the other one says.
func (n network) over(o network) network {
	n.Name, n.Site = cmp.Or(n.Name, o.Name), cmp.Or(n.Site, o.Site)
	n.Internal = cmp.Or(n.Internal, o.Internal)
	return n
}

func prefixesOf(text string) ([]netip.Prefix, bool) {
	if r, err := netipx.ParseIPRange(text); err == nil {
		return r.Prefixes(), true
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		return []netip.Prefix{p.Masked()}, !p.Addr().Is4In6()
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		return nil, false
	}
	return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}, true
}

func networkOf(file string, n *yaml.Node, omitted map[string]bool) (one network, err error) {
	err = members(file, n, func(key, value *yaml.Node) error {
		switch key.Value {
		case "name":
			one.Name = value.Value
		case "internal":
			inside, err := boolean(value.Value)
			if err != nil {
				return misplaced(file, value, err.Error())
			}
			one.Internal = &inside
		case "metadata":
			return members(file, value, func(key, value *yaml.Node) error {
				switch key.Value {
				case ".site.name":
					one.Site = value.Value
				case ".site.id":
					one.Site = cmp.Or(one.Site, value.Value)
				default:
					omitted["metadata."+key.Value] = true
				}
				return nil
			})
		default:
			omitted[key.Value] = true
		}
		return nil
	})
	return one, err
}

type device struct {
	Address    string     `yaml:"address"`
	Interfaces []netif    `yaml:"interfaces"`
	at         netip.Addr `yaml:"-"`
}

type netif struct {
	Index uint32 `yaml:"index"`
	Name  string `yaml:"name,omitempty"`
	Alias string `yaml:"alias,omitempty"`
}

// exporters converts netifs.yml: an object with the addresses of exporters as keys, below each an object with the indices of interfaces.
func exporters(file string, data []byte) (out []byte, left []string, err error) {
	var list []device
	omitted := map[string]bool{}
	n, err := root(file, data)
	if err != nil {
		return nil, nil, err
	}
	err = members(file, n, func(key, value *yaml.Node) error {
		address, err := netip.ParseAddr(key.Value)
		if err != nil {
			return misplaced(file, key, fmt.Sprintf("%q is not the address of an exporter", key.Value))
		}
		d := device{Address: address.String(), at: address}
		err = members(file, value, func(key, value *yaml.Node) error {
			index, err := strconv.ParseUint(key.Value, 10, 32)
			if err != nil {
				return misplaced(file, key, fmt.Sprintf("%q is not the index of an interface", key.Value))
			}
			i, err := netifOf(file, value, omitted)
			if i.Index = uint32(index); i.Name+i.Alias != "" {
				d.Interfaces = append(d.Interfaces, i)
			}
			return err
		})
		if len(d.Interfaces) > 0 {
			list = append(list, d)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(list, func(a, b device) int { return a.at.Compare(b.at) })
	out, err = written("exporters.yml", map[string]any{"exporters": list}, enrich.CheckExporters)
	return out, slices.Sorted(maps.Keys(omitted)), err
}

func netifOf(file string, n *yaml.Node, omitted map[string]bool) (i netif, err error) {
	describe := ""
	err = members(file, n, func(key, value *yaml.Node) error {
		switch key.Value {
		case "ifName":
			i.Name = value.Value
		case "ifAlias":
			i.Alias = value.Value
		case "ifDescr":
			describe = value.Value
		case "metadata":
			return members(file, value, func(key, _ *yaml.Node) error {
				omitted["metadata."+key.Value] = true
				return nil
			})
		default:
			omitted[key.Value] = true
		}
		return nil
	})
	i.Name = cmp.Or(i.Name, describe)
	if i.Alias == "" && describe != i.Name {
		i.Alias = describe
	}
	return i, err
}
