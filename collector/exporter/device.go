package exporter

import (
	"bytes"
	"sync/atomic"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// Device is what an exporter said about itself in option records and counter samples. It belongs to the address, not to one exporting
// process: line cards export with observation domains of their own, and one of them describes the interfaces of all.
//
// Its methods belong to the decoding goroutine, but for Rows. Names are read-only.
type Device struct {
	interfaces   map[uint32]*Interface
	applications map[uint64][]byte
	vrfs         map[uint32][]byte
	users        map[string][]byte // by address or hardware address, as on the wire
	samplers     map[samplerKey]uint32
	elements     map[elementKey]*element.Element
	described    uint64        // the latest change of elements, of those of all devices
	known        flow.Elements // before those; may be nil

	count int // rows of all tables
	bytes int // about what they take in memory
	rows  [tables]atomic.Int64

	saved DeviceState  // what State last said
	stale [tables]bool // what changed since
}

// The tables of a device.
const (
	interfaceTable = iota
	applicationTable
	vrfTable
	userTable
	samplerTable
	elementTable
	tables
)

// About what a device, and a row of each table, takes in memory besides the names; that of the maps included.
const deviceBytes = 2560

var rowBytes = [tables]int{interfaceTable: 288, applicationTable: 112, vrfTable: 112, userTable: 144, samplerTable: 80, elementTable: 176}

// Interface is an interface of a device.
type Interface struct {
	Name, Description []byte
	Counters          flow.InterfaceCounters // the latest; zero when the device sends none
}

// maxName is the most octets of a name that are kept.
const maxName = 255

// Device returns the tables of the source's device. It is nil, on which the look-ups work, as long as the device described nothing.
func (s *Source) Device() *Device { return s.host.device }

// row returns the tables of a host to write to, with room for a row that grows by so many octets of names, or nil when there is none.
// Devices whose sources were silent for long make room for it, never this one; but where the rows of the device are used up, a new user
// takes the place of all users.
func (t *Table) row(h *host, table int, known bool, growth int) *Device {
	d := h.device
	if d == nil {
		growth += deviceBytes
	}
	if !known {
		growth += rowBytes[table]
		if d != nil && d.count >= t.limits.OptionRows && (table != userTable || !t.forgetUsers(d)) {
			return nil
		}
	}
	if !t.optionRoom(growth, h) {
		return nil
	}
	if d == nil {
		d = t.describe(h)
	}
	if !known {
		d.count++
		d.rows[table].Add(1)
	}
	d.bytes += growth
	t.optionBytes += growth
	t.changed, d.stale[table] = true, true
	return d
}

// forgetUsers empties the table of users and tells whether there was one: they come and go without a word of it, so that those who
// came first are mostly gone. Those who are still there will be named again.
func (t *Table) forgetUsers(d *Device) bool {
	n := len(d.users)
	freed := n * rowBytes[userTable]
	for _, name := range d.users {
		freed += len(name)
	}
	d.users = map[string][]byte{} // it would not shrink
	d.count -= n
	d.rows[userTable].Add(-int64(n))
	d.bytes -= freed
	t.optionBytes -= freed
	t.rowsForgotten.Add(uint64(n))
	return n > 0
}

// describe gives a host its tables.
func (t *Table) describe(h *host) *Device {
	t.mu.Lock()
	defer t.mu.Unlock()
	h.device = &Device{
		interfaces: map[uint32]*Interface{}, applications: map[uint64][]byte{}, vrfs: map[uint32][]byte{},
		users: map[string][]byte{}, samplers: map[samplerKey]uint32{}, elements: map[elementKey]*element.Element{}, known: t.policy.Dialect.Elements,
	}
	t.devices.add(&h.place)
	return h.device
}

// optionRoom makes room for rows of a host and tells whether there is enough.
func (t *Table) optionRoom(size int, h *host) bool {
	if t.optionBytes+size <= t.limits.OptionAllBytes {
		return true
	}
	own := 0
	if h.device != nil {
		own = h.device.bytes
	}
	if own+size > t.limits.OptionAllBytes {
		return false // though all others went
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.optionBytes+size > t.limits.OptionAllBytes {
		victim := t.devices.first(h)
		if victim == nil {
			return false
		}
		t.forgetDevice(victim)
	}
	return true
}

// stored counts a row that there was no room for.
func (s *Source) stored(ok bool) {
	if !ok {
		s.optionsRefused.Add(1)
	}
}

// NameInterface records name and description of an interface; empty ones leave what is known.
func (s *Source) NameInterface(index uint32, name, description []byte) {
	s.stored(s.table.nameInterface(s.host, index, name, description))
}

func (t *Table) nameInterface(h *host, index uint32, name, description []byte) bool {
	i := h.device.Interface(index)
	known := i != nil
	if !known {
		i = &Interface{}
	}
	name, description = orOld(name, i.Name), orOld(description, i.Description)
	if known && bytes.Equal(name, i.Name) && bytes.Equal(description, i.Description) {
		return true
	}
	d := t.row(h, interfaceTable, known, len(name)-len(i.Name)+len(description)-len(i.Description))
	if d == nil {
		return false
	}
	i.Name, i.Description = bytes.Clone(name), bytes.Clone(description)
	d.interfaces[index] = i
	return true
}

// CountInterface records the latest counters of an interface.
func (s *Source) CountInterface(c flow.InterfaceCounters) {
	s.stored(s.table.countInterface(s.host, c))
}

func (t *Table) countInterface(h *host, c flow.InterfaceCounters) bool {
	i := h.device.Interface(c.Index)
	if i == nil {
		d := t.row(h, interfaceTable, false, 0)
		if d == nil {
			return false
		}
		i = &Interface{}
		d.interfaces[c.Index] = i
	}
	if i.Counters.Speed != c.Speed { // the rest is not kept over a restart
		t.changed, h.device.stale[interfaceTable] = true, true
	}
	i.Counters = c
	return true
}

// NameApplication records the name of an application (RFC 6759).
func (s *Source) NameApplication(id uint64, name []byte) {
	s.stored(s.table.nameApplication(s.host, id, name))
}

func (t *Table) nameApplication(h *host, id uint64, name []byte) bool {
	name, old := clip(name), h.device.Application(id)
	if bytes.Equal(old, name) {
		return true
	}
	d := t.row(h, applicationTable, old != nil, len(name)-len(old))
	if d != nil {
		d.applications[id] = bytes.Clone(name)
	}
	return d != nil
}

// NameVRF records the name of a VRF.
func (s *Source) NameVRF(id uint32, name []byte) { s.stored(s.table.nameVRF(s.host, id, name)) }

func (t *Table) nameVRF(h *host, id uint32, name []byte) bool {
	name, old := clip(name), h.device.VRF(id)
	if bytes.Equal(old, name) {
		return true
	}
	d := t.row(h, vrfTable, old != nil, len(name)-len(old))
	if d != nil {
		d.vrfs[id] = bytes.Clone(name)
	}
	return d != nil
}

// NameUser records who uses an address, which is given as on the wire: 4 or 16 octets of IP, 6 of a hardware address.
func (s *Source) NameUser(address, name []byte) { s.stored(s.table.nameUser(s.host, address, name)) }

func (t *Table) nameUser(h *host, address, name []byte) bool {
	name, old := clip(name), h.device.User(address)
	if bytes.Equal(old, name) {
		return true
	}
	d := t.row(h, userTable, old != nil, len(name)-len(old))
	if d != nil {
		d.users[string(address)] = bytes.Clone(name)
	}
	return d != nil
}

// clip is the part of a name that is kept.
func clip(name []byte) []byte { return name[:min(len(name), maxName)] }

// orOld is what is kept of a name, or what is known when it is empty.
func orOld(name, old []byte) []byte {
	if len(name) == 0 {
		return old
	}
	return clip(name)
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

// Rows are how many rows each table of a device has.
type Rows struct {
	Interfaces, Applications, VRFs, Users, Samplers, Elements int
}

// Total is the sum over all tables.
func (r Rows) Total() int {
	return r.Interfaces + r.Applications + r.VRFs + r.Users + r.Samplers + r.Elements
}

// Rows counts the rows. It may be called from any goroutine.
func (d *Device) Rows() Rows {
	if d == nil {
		return Rows{}
	}
	n := func(table int) int { return int(d.rows[table].Load()) }
	return Rows{n(interfaceTable), n(applicationTable), n(vrfTable), n(userTable), n(samplerTable), n(elementTable)}
}
