package flowindex

import (
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// innerFacts are those of what indices are made with: "field source.ip" = "ip", "setting index.codec" = "best_compression".
func innerFacts(found host.Facts, inner map[string]any) {
	for name, value := range inner {
		switch name {
		case "settings":
			settingFacts(found, elasticresource.Object(value))
		case "mappings":
			mappingFacts(found, elasticresource.Object(value))
		default:
			elasticresource.Flatten(found, strings.TrimSuffix(name, "es"), value)
		}
	}
}

// settingFacts: settings may be nested, dotted, and without the prefix index.
func settingFacts(found host.Facts, tree map[string]any) {
	flat := host.Facts{}
	elasticresource.Flatten(flat, "", tree)
	for name, value := range flat {
		if !strings.HasPrefix(name, "index.") {
			name = "index." + name
		}
		found["setting "+name] = value
	}
}

func mappingFacts(found host.Facts, tree map[string]any) {
	for name, value := range tree {
		switch name {
		case "properties":
			fieldFacts(found, "", elasticresource.Object(value))
		case "_data_stream_timestamp": // Elasticsearch adds it to the indices of data streams
		default:
			elasticresource.Flatten(found, "mapping "+strings.TrimPrefix(name, "_"), value)
		}
	}
}

// fieldFacts makes a fact of each field: its type, and its parameters where it has any.
func fieldFacts(found host.Facts, prefix string, properties map[string]any) {
	for name, value := range properties {
		field := elasticresource.Object(value)
		own := host.Facts{}
		for parameter, value := range field {
			switch parameter {
			case "properties":
				fieldFacts(found, prefix+name+".", elasticresource.Object(value))
			case "type":
				found["field "+prefix+name] = elasticresource.Text(value)
			default:
				elasticresource.Flatten(own, parameter, value)
			}
		}
		for parameter, value := range own {
			found["field "+prefix+name+": "+parameter] = value
		}
	}
}
