package elasticsearch

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// enforceChecks makes Elasticsearch refuse to start on a host that is not fit for it where it would otherwise only warn, which it does as long as it is alone
// or listens on the loopback only. The value has to be just that.
const enforceChecks = "-Des.enforce.bootstrap.checks=true"

// jvmLine is a line of a file of options as Elasticsearch's launcher reads it: an option, for some versions of Java only where numbers come first.
var jvmLine = regexp.MustCompile(`^(?:([0-9]+)(-)?([0-9]+)?:)?(-\S.*)$`)

// ValidJVMOption tells what is wrong with a line of jvm.options.d: Elasticsearch does not start with one that it cannot read.
func ValidJVMOption(line string) error {
	if strings.ContainsAny(line, "\n\r\x00") {
		return fmt.Errorf("%q is more than one line", line)
	}
	m := jvmLine.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("%q is not an option of the JVM: it begins with -, or with versions of Java as in 17-18:-X", line)
	}
	if m[3] != "" && (len(m[3]) < len(m[1]) || len(m[3]) == len(m[1]) && m[3] < m[1]) {
		return fmt.Errorf("%q: Java %s is not before %s", line, m[1], m[3])
	}
	for prefix, instead := range map[string]string{
		"-Xms":                           "the heap has an attribute of its own, so that its least and largest size are equal",
		"-Xmx":                           "the heap has an attribute of its own, so that its least and largest size are equal",
		"-XX:MinHeapSize":                "the heap has an attribute of its own",
		"-XX:MaxHeapSize":                "the heap has an attribute of its own",
		"-XX:InitialHeapSize":            "the heap has an attribute of its own",
		"-Des.enforce.bootstrap.checks=": "the checks are always enforced: a host that is not fit for Elasticsearch is an error and not a line in a log",
	} {
		if strings.HasPrefix(m[4], prefix) {
			return fmt.Errorf("%q: %s", line, instead)
		}
	}
	return nil
}

// heapSize is a heap as the JVM writes it.
var heapSize = regexp.MustCompile(`^[1-9][0-9]*[kKmMgG]$`)

// ValidHeap tells what is wrong with the size of a heap.
func ValidHeap(size string) error {
	if !heapSize.MatchString(size) {
		return fmt.Errorf("%q is not the size of a heap: a whole number and m or g, such as 12g or 3584m", size)
	}
	var n int64
	var unit string
	if _, err := fmt.Sscanf(strings.ToLower(size), "%d%s", &n, &unit); err != nil {
		return fmt.Errorf("%q is not the size of a heap: %w", size, err)
	}
	octets := n * map[string]int64{"k": 1 << 10, "m": mib, "g": gib}[unit]
	if n > 1<<40 || octets > MaxHeap {
		return fmt.Errorf("a heap of %s is more than 30g: above about 31 GiB each reference to an object takes twice the memory, and a larger heap holds less", size)
	}
	return nil
}

func heapOptions(size string) []byte {
	return fmt.Appendf(nil, "%s-Xms%s\n-Xmx%s\n", host.Managed, size, size)
}

func jvmOptions(lines []string) []byte {
	return []byte(host.Managed + enforceChecks + "\n" + strings.Join(append(lines, ""), "\n"))
}

// JVMFormat is the syntax of a file in jvm.options.d. A fact is an option, and what comes behind its name.
type JVMFormat struct{}

var jvmOption = regexp.MustCompile(`^((?:[0-9-]+:)?-(?:Xms|Xmx|Xss|[^=]+))(?:=?)(.*)$`)

// Facts implements host.Format.
func (JVMFormat) Facts(content []byte) (map[string]string, error) {
	facts := map[string]string{}
	number := 0
	for raw := range bytes.Lines(content) {
		number++
		line := strings.TrimSpace(string(raw))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := jvmOption.FindStringSubmatch(line)
		if m == nil || !jvmLine.MatchString(line) {
			return nil, fmt.Errorf("line %d is no option of the JVM: Elasticsearch does not start with it", number)
		}
		name, value := m[1], m[2]
		for _, size := range []string{"-Xms", "-Xmx", "-Xss"} {
			if rest, ok := strings.CutPrefix(line, size); ok {
				name, value = size, rest
			}
		}
		if value == "" {
			value = "given"
		}
		facts[name] = value
	}
	return facts, nil
}

// JVMLine is the line of a fact of JVMFormat.
func JVMLine(name, value string) string {
	switch {
	case value == "given":
		return name
	case name == "-Xss":
		return name + value
	}
	return name + "=" + value
}
