package sflow

// encoding is how a sample writes interfaces and data sources: compact, in one number, or expanded, in two, for ifIndex beyond 24 bits.
type encoding bool

const (
	compact  encoding = false
	expanded encoding = true
)

// sourceInterface is the type of a data source that is an interface.
const sourceInterface = 0

// dataSource reads what was sampled ("sflow_data_source"): the ifIndex, or 0 when it was no interface.
func (in *reader) dataSource(e encoding) (index uint32) {
	v := in.uint32()
	kind, index := v>>24, v&0xffffff
	if e == expanded {
		kind, index = v, in.uint32()
	}
	if kind != sourceInterface {
		return 0
	}
	return index
}

// port is an interface that a packet came in or went out by ("interface", "interface_expanded").
type port struct {
	format uint32
	value  uint32
}

// Formats of a port.
const (
	portInterface = 0 // value is an ifIndex
	portDropped   = 1 // value is the reason
	portMultiple  = 2 // value is the number of interfaces
)

// portInside as the value stands for no interface: the device itself sent the packet, or it was meant for it.
const portInside = 0x3fffffff

func (in *reader) port(e encoding) port {
	v := in.uint32()
	if e == expanded {
		return port{format: v, value: in.uint32()}
	}
	return port{format: v >> 30, value: v & portInside}
}

// index is the ifIndex of a port, 0 when it is not one interface or not known which.
func (p port) index() uint32 {
	if p.format != portInterface || p.value == portInside || p.value == 0xffffffff { // the latter in the expanded encoding
		return 0
	}
	return p.value
}
