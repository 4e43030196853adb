package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

func elementsCommand() *cobra.Command {
	var file string
	var ndjson bool
	cmd := &cobra.Command{
		Use:   "elements [NAME|ENTERPRISE/ID...]",
		Short: "List the information elements the collector knows",
		Long: `Elements lists information elements of NetFlow v9 and IPFIX: IANA's and those of vendors, with the name that they have in documents. Without
arguments it lists all. A name finds every element whose name it is a part of, whatever the case; ENTERPRISE/ID finds one.`,
		Example: `  flowcollector elements vlan
  flowcollector elements 9/12235 0/40000
  flowcollector elements --json --file elements.yml acme`,
		ValidArgsFunction: completeElements,
		RunE: func(cmd *cobra.Command, args []string) error {
			registry := element.Builtin()
			if file != "" {
				var err error
				registry, err = registry.AddFile(file)
				if err = mistakes(cmd, file, err); err != nil {
					return err
				}
			}
			found, err := find(registry, args)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			if ndjson {
				err = elementsJSON(out, registry, found)
			} else {
				err = elementsText(out, registry, found)
			}
			return errors.Join(err, out.Flush())
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "YAML file with elements of your own")
	cmd.Flags().BoolVar(&ndjson, "json", false, "print a JSON object for each element")
	completeFlag(cmd, "file", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	return cmd
}

// find lists the elements that are asked for, in the order of the registry, all of them when none is.
func find(registry *element.Registry, args []string) ([]*element.Element, error) {
	wanted := map[*element.Element]bool{}
	var unknown []error
	for _, arg := range args {
		if enterprise, id, ok := parseNumber(arg); ok {
			if e := registry.Lookup(enterprise, id); e != nil {
				wanted[e] = true
			} else {
				unknown = append(unknown, fmt.Errorf("unknown element %s", arg))
			}
			continue
		}
		known := false
		for e := range registry.All() {
			if strings.Contains(strings.ToLower(e.Name), strings.ToLower(arg)) {
				wanted[e] = true
				known = true
			}
		}
		if !known {
			unknown = append(unknown, unknownElement(registry, arg))
		}
	}
	if len(unknown) > 0 {
		return nil, errors.Join(unknown...)
	}
	var found []*element.Element
	for e := range registry.All() {
		if len(args) == 0 || wanted[e] {
			found = append(found, e)
		}
	}
	return found, nil
}

func parseNumber(arg string) (enterprise uint32, id uint16, ok bool) {
	before, after, _ := strings.Cut(arg, "/")
	e, err := strconv.ParseUint(before, 10, 32)
	if err != nil {
		return 0, 0, false
	}
	i, err := strconv.ParseUint(after, 10, 16)
	return uint32(e), uint16(i), err == nil
}

func unknownElement(registry *element.Registry, name string) error {
	var names []string
	for e := range registry.All() {
		names = append(names, e.Name)
	}
	if best := yamlfile.Nearest(name, names); best != "" {
		return fmt.Errorf("unknown element %q; did you mean %q?", name, best)
	}
	return fmt.Errorf("unknown element %q", name)
}

// elementsText aligns the columns over the whole list.
func elementsText(w io.Writer, registry *element.Registry, elements []*element.Element) error {
	rows := make([][4]string, 0, 1+len(elements))
	rows = append(rows, [4]string{"ENTERPRISE/ID", "NAME", "TYPE", "SAME AS"})
	for _, e := range elements {
		rows = append(rows, [4]string{fmt.Sprintf("%d/%d", e.Enterprise, e.ID), e.Name, e.Type.String(), sameAs(registry, e)})
	}
	var width [3]int
	for _, row := range rows {
		for i := range width {
			width[i] = max(width[i], len(row[i]))
		}
	}
	for _, row := range rows {
		line := fmt.Sprintf("%-*s  %-*s  %-*s  %s", width[0], row[0], width[1], row[1], width[2], row[2], row[3])
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

func elementsJSON(w io.Writer, registry *element.Registry, elements []*element.Element) error {
	encoder := json.NewEncoder(w)
	for _, e := range elements {
		if err := encoder.Encode(struct {
			Enterprise uint32 `json:"enterprise"`
			ID         uint16 `json:"id"`
			Name       string `json:"name"`
			Type       string `json:"type"`
			SameAs     string `json:"same_as,omitempty"`
		}{e.Enterprise, e.ID, e.Name, e.Type.String(), sameAs(registry, e)}); err != nil {
			return err
		}
	}
	return nil
}

// sameAs is the name of the IANA element that another one is decoded like.
func sameAs(registry *element.Registry, e *element.Element) string {
	same := registry.Lookup(0, e.SameAs)
	switch {
	case e.SameAs == 0 || same == nil:
		return ""
	case e.Reverse:
		return "reverse of " + same.Name
	}
	return same.Name
}
