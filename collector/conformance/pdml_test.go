package conformance_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// node is a field or protocol of tshark's PDML: what it read, as a tree.
type node struct {
	Name     string `xml:"name,attr"`
	Title    string `xml:"showname,attr"`
	Show     string `xml:"show,attr"`
	Value    string `xml:"value,attr"` // hexadecimal, as in the packet
	Fields   []node `xml:"field"`
	Protocol []node `xml:"proto"`
}

// label is what stands on the line of a node in tshark's tree.
func (n *node) label() string {
	if n.Title != "" {
		return n.Title
	}
	return n.Show
}

// each calls f for all nodes below, in order of the packet, protocols inside included; f says whether to go below a node.
func (n *node) each(f func(*node) bool) {
	for _, list := range [...][]node{n.Fields, n.Protocol} {
		for i := range list {
			if f(&list[i]) {
				list[i].each(f)
			}
		}
	}
}

// find returns the first node of a name below.
func (n *node) find(name string) (found *node) {
	n.each(func(c *node) bool {
		if found == nil && c.Name == name {
			found = c
		}
		return found == nil
	})
	return found
}

// tshark decodes a capture: for each packet the tree of the protocol, nil where it found none.
func tshark(t *testing.T, file, protocol string, port int) []*node {
	t.Helper()
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Fatalf("the collector's decoder is compared with tshark's: %v; `make prepare` installs it", err)
	}
	args := []string{"-n", "-r", file, "-d", fmt.Sprintf("udp.port==%d,%s", port, protocol), "-T", "pdml"}
	if protocol == "cflow" {
		args = append(args, "-o", "cflow.max_template_fields:0") // it gives up templates of more than 60 fields otherwise
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark %s: %v: %s", file, err, stderr.String())
	}
	var document struct {
		Packets []struct {
			Protocols []node `xml:"proto"`
		} `xml:"packet"`
	}
	if err := xml.Unmarshal(out, &document); err != nil {
		t.Fatalf("tshark %s: %v", file, err)
	}
	trees := make([]*node, len(document.Packets))
	for i, p := range document.Packets {
		for j := range p.Protocols {
			if p.Protocols[j].Name == protocol && trees[i] == nil {
				trees[i] = &p.Protocols[j]
			}
		}
	}
	return trees
}

// facts are what one decoder says about one record, by the name of the fact, in the same words for all decoders.
type facts map[string]string

// set records a fact that is said.
func (f facts) set(name string, value any) { f[name] = fmt.Sprint(value) }

// differences lists where two decoders do not say the same.
func differences(ours, theirs facts) []difference {
	var all []difference
	for name, value := range theirs {
		if ours[name] != value {
			all = append(all, difference{name, ours[name], value})
		}
	}
	for name, value := range ours {
		if _, said := theirs[name]; !said {
			all = append(all, difference{name, value, ""})
		}
	}
	return all
}

// difference is a fact on which two decoders differ; an empty value is not said.
type difference struct{ fact, ours, theirs string }

// begins tells whether a label begins with one of the words.
func begins(label string, words ...string) bool {
	for _, w := range words {
		if strings.HasPrefix(label, w) {
			return true
		}
	}
	return false
}
