// Package softflowd says what a host looks like that exports its own traffic as NetFlow or IPFIX, with Debian's softflowd: a pure function from its settings to a host's
// desired state.
package softflowd

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Where softflowd's parts are on a host (its README.Debian).
const (
	PackageName = "softflowd"
	Directory   = "/etc/softflowd"
)

// instanceName is of what Debian asks for: the portable file name characters, without the dash, which systemd escapes. "default" is the package's own.
var instanceName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.]{0,63}$`)

// CheckName tells why an instance cannot be called so.
func CheckName(name string) error {
	switch {
	case !instanceName.MatchString(name):
		return fmt.Errorf("%q is not a name for an instance: letters, digits, dots and underscores", name)
	case name == "default":
		return errors.New("the instance default is the package's own: take another name")
	}
	return nil
}

// Path is the settings file of an instance.
func Path(name string) string { return path.Join(Directory, name+".conf") }

// Unit is the service of an instance.
func Unit(name string) string { return "softflowd@" + name + ".service" }

// Desired is the host's state: the package, and for each instance its settings file, by name, and its service, enabled and running with it.
func Desired(instances map[string]string) host.Desired {
	desired := make(host.Desired, 0, 1+2*len(instances))
	desired = append(desired, host.Package{Name: PackageName, FromApt: true})
	for _, name := range slices.Sorted(maps.Keys(instances)) {
		desired = append(desired,
			host.File{Path: Path(name), Content: []byte(host.Managed + instances[name]), Mode: 0o644, Format: Format{}},
			host.Unit{Name: Unit(name), Enabled: true, Active: true, Inputs: []string{Path(name)}},
		)
	}
	return desired
}

// Format is the syntax of a settings file, for host.File: interface="…" and options="…", whose flags are facts of their own, as is the filter behind them.
type Format struct{}

// Facts implements host.Format. A flag that may be there several times, as -t NAME=VALUE, is a fact by its name; one without a value is "yes".
func (Format) Facts(content []byte) (map[string]string, error) {
	facts := map[string]string{}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if !found {
			return nil, fmt.Errorf("line %d is not NAME=VALUE", number)
		}
		value = strings.Trim(value, `"'`)
		if name != "options" {
			facts[name] = value
			continue
		}
		flags, filter, filtered := strings.Cut(value, " -- ")
		if filtered {
			facts["filter"] = strings.Join(strings.Fields(filter), " ")
		}
		flag := ""
		for word := range strings.FieldsSeq(flags) {
			switch {
			case strings.HasPrefix(word, "-"):
				flag = word
				facts[flag] = "yes"
			case flag == "-t":
				delete(facts, flag)
				timeout, seconds, _ := strings.Cut(word, "=")
				facts["timeout "+timeout] = seconds
			default:
				facts[flag] = word
			}
		}
	}
	return facts, nil
}
