package enrich

import (
	"bytes"
	_ "embed" // the table of service names
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// transports are the protocols with ports that names are registered for.
var transports = []string{"tcp", "udp", "sctp", "dccp"}

// transportOf is the index in transports by protocol number; -1 has no ports. UDP-Lite shares the ports of UDP (RFC 3828 section 5).
var transportOf = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	t[flow.ProtocolTCP], t[flow.ProtocolUDP], t[flow.ProtocolUDPLite], t[flow.ProtocolSCTP], t[flow.ProtocolDCCP] = 0, 1, 1, 2, 3
	return t
}()

// portNames are names by transport and port: 512 KiB, of which a record touches two words.
type portNames struct {
	index [4][1 << 16]uint16 // in names; 0 is none
	names [][]byte           // JSON strings
	known map[string]uint16
}

func newPortNames() *portNames {
	return &portNames{names: [][]byte{nil}, known: map[string]uint16{}}
}

// number returns the index of a name, which it adds when it is new. Not ok: there are as many as there may be.
func (p *portNames) number(name string) (n uint16, ok bool) {
	if n, ok = p.known[name]; ok {
		return n, true
	}
	if len(p.names) > math.MaxUint16 {
		return 0, false
	}
	n = uint16(len(p.names))
	p.names, p.known[name] = append(p.names, schema.ApplicationName(name)), n
	return n, true
}

// set names the ports from first to last. It returns whether there was room for the name.
func (p *portNames) set(transport int, first, last uint16, name string) bool {
	n, ok := p.number(name)
	if !ok {
		return false
	}
	for port := int(first); port <= int(last); port++ {
		p.index[transport][port] = n
	}
	return true
}

func (p *portNames) find(transport int8, port uint16) []byte {
	if p == nil {
		return nil
	}
	return p.names[p.index[transport][port]]
}

//go:embed registry/services.csv
var servicesTable []byte

// services are IANA's service names (Service Name and Transport Protocol Port Number Registry). All enrichers share them.
var services = sync.OnceValue(func() *portNames {
	p, err := loadServices(servicesTable)
	if err != nil {
		panic(err) // the file is part of the program; a test loads it
	}
	return p
})

func loadServices(table []byte) (*portNames, error) {
	r := csv.NewReader(bytes.NewReader(table))
	r.Comment, r.ReuseRecord = '#', true
	header, err := r.Read()
	if err != nil || !slices.Equal(header, []string{"port", "name", "protocols"}) {
		return nil, fmt.Errorf("unable to read the service names: header %q: %w", header, err)
	}
	p := newPortNames()
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return nil, fmt.Errorf("unable to read the service names: %w", err)
		}
		port, err := strconv.ParseUint(row[0], 10, 16)
		if err != nil || row[1] == "" {
			return nil, fmt.Errorf("unable to read the service names: %q", row)
		}
		for protocol := range strings.FieldsSeq(row[2]) {
			t := slices.Index(transports, protocol)
			if t < 0 || !p.set(t, uint16(port), uint16(port), row[1]) {
				return nil, fmt.Errorf("unable to read the service names: %q", row)
			}
		}
	}
}
