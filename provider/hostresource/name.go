package hostresource

import (
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// ValidName tells whether a resource can have this name, of a kind that does not describe the attribute itself.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// nameAttribute is the attribute that tells resources of the kind apart; empty where there can be one.
func (k Kind[M]) nameAttribute() string {
	switch {
	case k.Name == nil:
		return ""
	case k.NameAttribute == "":
		return "name"
	}
	return k.NameAttribute
}

// A path has its first slash in common with what separates it from the host: flow1/etc/motd.
const pathAttribute = "path"

// idOf is the id of a resource: HOST or HOST/NAME.
func (k Kind[M]) idOf(host, name string) string {
	if k.Name == nil {
		return host
	}
	if k.nameAttribute() == pathAttribute {
		name = strings.TrimPrefix(name, "/")
	}
	return host + "/" + name
}

// parseID is the inverse of idOf; name is empty where the id has none.
func (k Kind[M]) parseID(id string) (host, name string) {
	host, name, _ = strings.Cut(id, "/")
	if name != "" && k.nameAttribute() == pathAttribute {
		name = "/" + strings.TrimPrefix(name, "/")
	}
	return host, name
}

// parseNames are the name and the part of an import id or identity.
func (k Kind[M]) parseNames(name string) (first, part string) {
	if k.Part == nil {
		return name, ""
	}
	first, part, _ = strings.Cut(name, "/")
	return first, part
}

// standardName is the schema of the attribute for kinds that do not describe it themselves. Without a default it has to be given.
func standardName(standard string) schema.StringAttribute {
	name := schema.StringAttribute{
		Required: true,
		MarkdownDescription: "Tells several resources of this kind on one host apart: two must not have the same name. " +
			"Changing it replaces the resource.",
		Validators:    []validator.String{stringvalidator.RegexMatches(namePattern, "must be 1 to 64 lower-case letters, digits, - or _, beginning with a letter or digit")},
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	if standard != "" {
		name.Required, name.Optional, name.Computed = false, true, true
		name.Default = stringdefault.StaticString(standard)
		name.MarkdownDescription += " Default `" + standard + "`."
	}
	return name
}
