package netflow

import (
	"math"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// Elements that option records use, besides those of samplers.
const (
	sourceIPv4        = 8
	ingressInterface  = 10
	destinationIPv4   = 12
	egressInterface   = 14
	sourceIPv6        = 27
	sourceMAC         = 56
	interfaceName     = 82
	interfaceDesc     = 83
	applicationID     = 95
	applicationName   = 96
	systemInit        = 160
	ingressVRF        = 234
	egressVRF         = 235
	vrfName           = 236
	elementID         = 303
	elementDataType   = 339
	elementName       = 341
	privateEnterprise = 346
	stationMAC        = 365
	stationIPv4       = 366
	userName          = 371
)

// scopes9 turns the scope field types of NetFlow v9 (RFC 3954 section 6.1) into elements. Of system, interface, line card, cache and template,
// 1 to 5, only the interface says something; the others become padding. Exporters that put the number of an element there are
// understood too.
func scopes9(fields []flow.FieldSpec) {
	const system, scopeInterface, template = 1, 2, 5
	for i := range fields {
		switch id := &fields[i].ID; {
		case *id == scopeInterface:
			*id = ingressInterface
		case *id >= system && *id <= template:
			*id = pad
		}
	}
}

// described is what an option record says.
type described struct {
	sampler
	interfaceIndex       uint32
	vrf                  uint32
	application          uint64
	hasInterface, hasVRF bool
	interfaceName, desc  []byte
	vrfName              []byte
	applicationName      []byte
	user                 []byte
	address              []byte // of the user
	initialized          uint64
	enterprise           uint32 // of an information element, as all that follow
	element              uint16
	elementName          []byte
	elementType          uint64
	hasElement, hasType  bool
}

// options reads the records of a set that describe the exporter, and returns what is left of the set.
func (d *Decoder) options(t *exporter.Template, body []byte) (rest []byte) {
	m := &d.message
	for {
		size := t.Program.Size(body)
		if size == 0 {
			return body
		}
		var o described
		for f, v := range flow.Values(t.Said(), body[:size]) {
			o.take(f, v)
		}
		d.learn(&o)
		m.options++
		body = body[size:]
	}
}

// take reads a field.
func (o *described) take(f flow.FieldSpec, v []byte) {
	if f.Enterprise != 0 || len(v) == 0 || o.sampler.take(f, v) {
		return
	}
	switch f.ID {
	case interfaceName:
		o.interfaceName = flow.Text(v)
		return
	case interfaceDesc:
		o.desc = flow.Text(v)
		return
	case vrfName:
		o.vrfName = flow.Text(v)
		return
	case applicationID:
		o.application = flow.ApplicationID(v)
		return
	case applicationName:
		o.applicationName = flow.Text(v)
		return
	case userName:
		o.user = flow.Text(v)
		return
	case elementName:
		o.elementName = flow.Text(v[:min(len(v), element.MaxName+1)])
		return
	case sourceIPv4, destinationIPv4, stationIPv4:
		o.takeAddress(v, 4)
		return
	case sourceMAC, stationMAC:
		o.takeAddress(v, 6)
		return
	case sourceIPv6:
		o.takeAddress(v, 16)
		return
	}
	if len(v) > 8 {
		return
	}
	switch n := flow.Number(v); f.ID {
	case ingressInterface, egressInterface:
		o.interfaceIndex, o.hasInterface = uint32(n), true
	case ingressVRF, egressVRF:
		o.vrf, o.hasVRF = uint32(n), true
	case systemInit:
		o.initialized = n
	case elementID:
		o.element, o.hasElement = uint16(n)&^enterpriseBit, true
	case privateEnterprise:
		o.enterprise = uint32(n)
	case elementDataType:
		o.elementType, o.hasType = n, true
	}
}

// takeAddress reads an address, if it has as many octets as its kind. Of a template with several the empty ones are none.
func (o *described) takeAddress(v []byte, octets int) {
	if len(v) == octets && !zero(v) {
		o.address = v
	}
}

// learn hands over what an option record says.
func (d *Decoder) learn(o *described) {
	s := d.message.source
	if rate := o.rate(); rate != 0 {
		switch {
		case o.selection != 0:
			s.DescribeSampler(flow.Selection|o.selection, rate)
		case o.hasSampler:
			s.DescribeSampler(o.id, rate)
		case o.hasInterface:
			s.DescribeInterfaceSampler(o.interfaceIndex, rate)
		default:
			s.DescribeSampler(0, rate)
		}
	}
	if o.selection != 0 && o.hasSampler { // Selection Sequence Report: RFC 5476 section 6.5.1
		if rate, ok := s.Sampler(o.id); ok {
			s.DescribeSampler(flow.Selection|o.selection, rate)
		}
	}
	if o.hasInterface && len(o.interfaceName)+len(o.desc) > 0 {
		s.NameInterface(o.interfaceIndex, o.interfaceName, o.desc)
	}
	if o.application != 0 && len(o.applicationName) > 0 {
		s.NameApplication(o.application, o.applicationName)
	}
	if o.hasVRF && len(o.vrfName) > 0 {
		s.NameVRF(o.vrf, o.vrfName)
	}
	if len(o.address) > 0 && len(o.user) > 0 {
		s.NameUser(o.address, o.user)
	}
	if o.initialized != 0 {
		s.Initialized(o.initialized)
		d.message.clock = s.Clock(d.message.clock)
	}
	d.learnElement(o)
}

// learnElement takes the description of an information element: RFC 5610 section 3.9. Its name becomes part of documents, so that it must
// be one.
func (d *Decoder) learnElement(o *described) {
	if d.table.Policy().Dialect.Keep == flow.KeepNone || !o.hasElement || !o.hasType || o.elementType > math.MaxUint8 || o.enterprise == 0 {
		return
	}
	if kind, ok := element.TypeByCode(uint8(o.elementType)); ok && element.ValidName(o.elementName) {
		d.message.source.DescribeElement(o.enterprise, o.element, o.elementName, kind)
	}
}
