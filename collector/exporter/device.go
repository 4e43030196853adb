package exporter

import (
	"bytes"
	"net/netip"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Device is what an exporter said about itself in option records and counter samples. It belongs to the address, not to one exporting
// process: line cards export with observation domains of their own, and one of them describes the interfaces of all.
//
// Its methods belong to the decoding goroutine. Names are read-only.
type Device struct {
	interfaces   map[uint32]*Interface
	applications map[uint64][]byte
	vrfs         map[uint32][]byte
	users        map[string][]byte // by address or hardware address, as on the wire
	samplers     map[samplerKey]uint32
	rows         int
}

// Interface is an interface of a device.
type Interface struct {
	Name, Description []byte
	Counters          flow.InterfaceCounters // the latest; zero when the device sends none
}

// maxName is the most octets of a name that are kept.
const maxName = 255

// Device returns the tables of the source's device. It is nil, on which the look-ups work, as long as the device described nothing.
func (s *Source) Device() *Device { return s.device }

// describe returns the tables of the source's device to write to, with room for a further row, or nil when there is none.
func (s *Source) describe(known bool) *Device {
	d := s.device
	if d == nil {
		d = s.table.device(s.Key.Address)
		s.device = d
	}
	if known {
		return d
	}
	if d.rows >= s.table.limits.OptionRows {
		s.optionsRefused.Add(1)
		return nil
	}
	d.rows++
	return d
}

// device returns the tables of an address, new ones when it has none.
func (t *Table) device(address netip.Addr) *Device {
	d := t.devices[address]
	if d == nil {
		d = &Device{
			interfaces: map[uint32]*Interface{}, applications: map[uint64][]byte{}, vrfs: map[uint32][]byte{},
			users: map[string][]byte{}, samplers: map[samplerKey]uint32{},
		}
		t.devices[address] = d
		for _, s := range t.sources {
			if s.Key.Address == address {
				s.device = d
			}
		}
	}
	return d
}

// NameInterface records name and description of an interface; empty ones leave what is known.
func (s *Source) NameInterface(index uint32, name, description []byte) {
	i := s.interfaceRow(index)
	if i == nil {
		return
	}
	s.keep(&i.Name, name)
	s.keep(&i.Description, description)
}

// CountInterface records the latest counters of an interface.
func (s *Source) CountInterface(c flow.InterfaceCounters) {
	if i := s.interfaceRow(c.Index); i != nil {
		i.Counters = c
	}
}

func (s *Source) interfaceRow(index uint32) *Interface {
	i := s.device.Interface(index)
	if d := s.describe(i != nil); d != nil && i == nil {
		i = &Interface{}
		d.interfaces[index] = i
	}
	return i
}

// NameApplication records the name of an application (RFC 6759).
func (s *Source) NameApplication(id uint64, name []byte) {
	old := s.device.Application(id)
	if bytes.Equal(old, name) {
		return
	}
	if d := s.describe(old != nil); d != nil {
		d.applications[id] = s.name(name)
	}
}

// NameVRF records the name of a VRF.
func (s *Source) NameVRF(id uint32, name []byte) {
	old := s.device.VRF(id)
	if bytes.Equal(old, name) {
		return
	}
	if d := s.describe(old != nil); d != nil {
		d.vrfs[id] = s.name(name)
	}
}

// NameUser records who uses an address, which is given as on the wire: 4 or 16 octets of IP, 6 of a hardware address.
func (s *Source) NameUser(address, name []byte) {
	old := s.device.User(address)
	if bytes.Equal(old, name) {
		return
	}
	if d := s.describe(old != nil); d != nil {
		d.users[string(address)] = s.name(name)
	}
}

// keep replaces a name by another that is not empty.
func (s *Source) keep(to *[]byte, name []byte) {
	if len(name) > 0 && !bytes.Equal(*to, name) {
		*to = s.name(name)
	}
}

// name copies a name out of a packet.
func (s *Source) name(b []byte) []byte {
	s.table.changed = true
	return bytes.Clone(b[:min(len(b), maxName)])
}

// Interface returns what is known of an interface, or nil.
func (d *Device) Interface(index uint32) *Interface {
	if d == nil {
		return nil
	}
	return d.interfaces[index]
}

// Application returns the name of an application, or nil.
func (d *Device) Application(id uint64) []byte {
	if d == nil {
		return nil
	}
	return d.applications[id]
}

// VRF returns the name of a VRF, or nil.
func (d *Device) VRF(id uint32) []byte {
	if d == nil {
		return nil
	}
	return d.vrfs[id]
}

// User returns who uses an address given as on the wire, or nil.
func (d *Device) User(address []byte) []byte {
	if d == nil {
		return nil
	}
	return d.users[string(address)]
}
