package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// ownElements is the example of a user's file, and badElements one with mistakes in it: the page shows what the collector says of them.
const (
	ownElements = `elements:
  - enterprise: 64500          # private enterprise number; 0 for a field type of NetFlow v9
    id: 12
    name: acmeSessionId        # its name in documents
    type: unsigned32
  - enterprise: 64500
    id: 13
    name: acmeClient
    type: ipv4Address
    same_as: sourceIPv4Address # optional: goes where this one goes
  - enterprise: 9
    id: 12242
    name: acmeConnectionId
    type: unsigned64
    replace: true              # the registry knows it by another name or type
`
	badElements = `elements:
  - enterprise: 64500
    id: 40000
    nam: acmeSessionId
    type: uint32
  - {enterprise: 0, id: 8, name: acmeClient, type: ipv4Address}
`
)

func elements() (string, error) {
	registry := element.Builtin()
	if _, err := registry.Add("elements.yml", []byte(ownElements)); err != nil {
		return "", err
	}
	_, mistakes := registry.Add("elements.yml", []byte(badElements))
	if mistakes == nil {
		return "", errors.New("the example of a file with mistakes has none")
	}
	var b strings.Builder
	b.WriteString(`# Information elements

A field of NetFlow v9 or IPFIX is named by a number. The collector knows what the numbers mean from a registry: IANA's information elements, and those that
vendors registered under private enterprise numbers of their own or chose as field types of NetFlow v9. What has a field in the
[document](fields.md) goes there; everything else can be had in ` + "`flow.extra`" + `, by the name of the element. This page is generated from
` + "`collector/flow/element`" + `.

`)
	b.WriteString("`flowcollector elements`" + ` lists the registry; ` + "`flowcollector elements vlan`" + ` and ` + "`flowcollector elements 9/12235`" + ` look something up.

| made by | enterprise | elements | after |
|---|---|---|---|
`)
	sum := 0
	for _, s := range registry.Sources() {
		enterprises := make([]string, len(s.Enterprises))
		for i, e := range s.Enterprises {
			enterprises[i] = strconv.FormatUint(uint64(e), 10)
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", cell(s.Vendor), strings.Join(enterprises, ", "), s.Elements, cell(s.Document))
		sum += s.Elements
	}
	all := 0
	for range registry.All() {
		all++
	}
	fmt.Fprintf(&b, `
These are %d elements. By rule, the same for the other direction of a flow follow from them, %d more: IANA's under enterprise 29305 ([RFC
5103](https://www.rfc-editor.org/rfc/rfc5103) section 6.1), CERT's by the bit 0x4000 of their number. The name of such an element is `+"`reverse`"+` and that of the
other one, as in `+"`reverseOctetDeltaCount`"+`.

## How it is made

One CSV file for each vendor, in `+"`collector/flow/element/registry`"+`. Its first line names the vendor and the documents it follows; an element is a line of
enterprise, id, name, type and, where it means the same as an element of IANA and is encoded alike, the number of that one. Names are those of the
vendor, in lower camel case.

IANA's file is generated: `+"`make elements SOURCE=https://www.iana.org/assignments/ipfix/ipfix.xml`"+`. IANA's CSV file does as well, and so does a copy of either.
Deprecated elements stay in it, because old exporters send them.

## Values

Numbers are numbers, times RFC 3339 with milliseconds, hardware addresses and IP addresses text as elsewhere in the document, booleans true and false. Octets
without a type, numbers of 256 bits, lists, values of a length that their type cannot have, and everything of an element that nobody registered are in hexadecimal; the
last has its numbers for a name, such as `+"`64500/12`"+`. Several values of one name are an array. Empty strings, the time 0 and floating-point numbers that are
none are left out. A value of more than 1024 characters is kept, and not found by a search.

## Elements of your own

`+"```yaml"+`
%s`+"```"+`

The types are those of [RFC 7011](https://www.rfc-editor.org/rfc/rfc7011) section 6.1: %s.

`+"`flowcollector elements --file elements.yml acme`"+` checks such a file and shows what became of it. A file may have at most %d elements and %d MiB.
Its mistakes are all named at once. This file

`+"```yaml"+`
%s`+"```"+`

is answered with

`+"```text"+`
%s
`+"```"+`
`, sum, all-sum, ownElements, strings.Join(element.TypeNames(), ", "), element.MaxFileElements, element.MaxFileSize>>20, badElements, mistakes)
	return b.String(), nil
}
