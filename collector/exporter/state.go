package exporter

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// State is what of a table outlives a restart: templates, and what devices said about themselves. Without it nothing could be decoded
// until exporters repeat their templates, which some do every half an hour only. Exporters over connections repeat them when they
// connect, so theirs are left out.
//
// It shares lists with the table and with other States, where they never change.
type State struct {
	Sources []SourceState `json:"sources"`
	Devices []DeviceState `json:"devices"`
}

// SourceState is a source with its templates.
type SourceState struct {
	Address  netip.Addr `json:"address"`
	Format   string     `json:"format"`
	Domain   uint32     `json:"domain"`
	LastSeen int64      `json:"last_seen"` // Unix seconds
	Rank     uint8      `json:"rank"`
	// Initialized is when the exporter started, Unix milliseconds, where option records said it.
	Initialized uint64          `json:"initialized,omitempty"`
	Templates   []TemplateState `json:"templates,omitempty"`
}

// TemplateState is a template.
type TemplateState struct {
	ID      uint16     `json:"id"`
	Options bool       `json:"options,omitempty"`
	Fields  fieldsJSON `json:"fields"`
}

// DeviceState is what a device said about itself. Names are octets, in base64, because exporters need not send UTF-8.
type DeviceState struct {
	Address      netip.Addr       `json:"address"`
	LastSeen     int64            `json:"last_seen"` // Unix seconds, of any of its sources
	Interfaces   []InterfaceState `json:"interfaces,omitempty"`
	Applications []NameState      `json:"applications,omitempty"`
	VRFs         []NameState      `json:"vrfs,omitempty"`
	Users        []UserState      `json:"users,omitempty"`
	Samplers     []SamplerState   `json:"samplers,omitempty"`
	Elements     []ElementState   `json:"elements,omitempty"`
}

// InterfaceState is an interface.
type InterfaceState struct {
	Index       uint32 `json:"index"`
	Name        []byte `json:"name,omitempty"`
	Description []byte `json:"description,omitempty"`
	Speed       uint64 `json:"speed,omitempty"` // bit/s
}

// NameState is an application or a VRF.
type NameState struct {
	ID   uint64 `json:"id"`
	Name []byte `json:"name"`
}

// UserState is who uses an address, which is in octets.
type UserState struct {
	Address []byte `json:"address"`
	Name    []byte `json:"name"`
}

// SamplerState is a sampler of an exporting process.
type SamplerState struct {
	Domain   uint64 `json:"domain"`
	ID       uint64 `json:"id"`
	Interval uint32 `json:"interval"`
}

// ElementState is an information element that the device described.
type ElementState struct {
	Enterprise uint32       `json:"enterprise"`
	ID         uint16       `json:"id"`
	Name       string       `json:"name"`
	Type       element.Type `json:"type"`
}

// fieldsJSON are fields as [id,length] or [id,length,enterprise].
type fieldsJSON []flow.FieldSpec

// MarshalJSON implements json.Marshaler.
func (f fieldsJSON) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 2+8*len(f)), '[')
	for i, one := range f {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendUint(append(b, '['), uint64(one.ID), 10), ',')
		b = strconv.AppendUint(b, uint64(one.Length), 10)
		if one.Enterprise != 0 {
			b = strconv.AppendUint(append(b, ','), uint64(one.Enterprise), 10)
		}
		b = append(b, ']')
	}
	return append(b, ']'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *fieldsJSON) UnmarshalJSON(data []byte) error {
	var list [][]uint32
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*f = make(fieldsJSON, 0, len(list))
	for _, v := range list {
		if len(v) < 2 || len(v) > 3 || v[0] > 65535 || v[1] > 65535 {
			return fmt.Errorf("%v is no field of a template", v)
		}
		one := flow.FieldSpec{ID: uint16(v[0]), Length: uint16(v[1])}
		if len(v) == 3 {
			one.Enterprise = v[2]
		}
		*f = append(*f, one)
	}
	return nil
}

// Changed tells whether the State is another than that of the last call of State.
func (t *Table) Changed() bool { return t.changed }

// State returns what outlives a restart: sources that have templates or whose device described something.
func (t *Table) State() State {
	t.changed = false
	state := State{Sources: make([]SourceState, 0, len(t.sources))}
	seen := map[*host]int64{} // when those with a device were last heard of
	for _, s := range t.sources {
		if s.Key.Session != 0 || s.Key.Agent.IsValid() || len(s.templates) == 0 && s.host.device == nil {
			continue
		}
		last := s.lastSeen.Load() / int64(time.Second)
		one := SourceState{Address: s.Key.Address, Format: s.Key.Format.String(), Domain: s.Key.Domain, LastSeen: last, Rank: s.place.rank, Initialized: s.initialized}
		one.Templates = s.state()
		state.Sources = append(state.Sources, one)
		if s.host.device != nil {
			seen[s.host] = max(seen[s.host], last)
		}
	}
	for h, last := range seen {
		one := h.device.state()
		one.Address, one.LastSeen = h.address, last
		state.Devices = append(state.Devices, one)
	}
	return state
}

// state lists the templates, anew when they changed since the last time.
func (s *Source) state() []TemplateState {
	if s.saved == nil && len(s.templates) > 0 {
		s.saved = make([]TemplateState, 0, len(s.templates))
		for _, t := range s.templates {
			s.saved = append(s.saved, TemplateState{ID: t.ID, Options: t.Options, Fields: t.Fields})
		}
	}
	return s.saved
}

// state lists the rows, those of each table anew when one of them changed since the last time.
func (d *Device) state() DeviceState {
	s, stale := &d.saved, d.stale
	d.stale = [tables]bool{}
	if stale[interfaceTable] {
		s.Interfaces = rowStates(d.interfaces, func(index uint32, i *Interface) InterfaceState {
			return InterfaceState{index, i.Name, i.Description, i.Counters.Speed}
		})
	}
	if stale[applicationTable] {
		s.Applications = rowStates(d.applications, func(id uint64, name []byte) NameState { return NameState{id, name} })
	}
	if stale[vrfTable] {
		s.VRFs = rowStates(d.vrfs, func(id uint32, name []byte) NameState { return NameState{uint64(id), name} })
	}
	if stale[userTable] {
		s.Users = rowStates(d.users, func(address string, name []byte) UserState { return UserState{[]byte(address), name} })
	}
	if stale[samplerTable] {
		s.Samplers = rowStates(d.samplers, func(key samplerKey, interval uint32) SamplerState {
			return SamplerState{key.domain, key.id, interval}
		})
	}
	if stale[elementTable] {
		s.Elements = rowStates(d.elements, func(_ elementKey, e *element.Element) ElementState {
			return ElementState{e.Enterprise, e.ID, e.Name, e.Type}
		})
	}
	return *s
}

// rowStates lists the rows of a table.
func rowStates[K comparable, V, S any](table map[K]V, state func(K, V) S) []S {
	list := make([]S, 0, len(table))
	for key, value := range table {
		list = append(list, state(key, value))
	}
	return list
}

// Restore takes a State back, within the table's limits and as far as it makes sense, and returns how many templates it has now. The table is to be
// empty. Where the limits allow less than there is, what goes first in a full table is left out.
func (t *Table) Restore(state State) (templates int) {
	sources := slices.DeleteFunc(slices.Clone(state.Sources), func(s SourceState) bool {
		_, ok := s.key()
		return !ok || !t.Allowed(s.Address)
	})
	slices.SortStableFunc(sources, func(a, b SourceState) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.LastSeen, b.LastSeen))
	})
	sources = slices.DeleteFunc(sources[max(0, len(sources)-t.limits.Exporters):], func(one SourceState) bool { return !t.restoreSource(one) })
	devices := slices.Clone(state.Devices)
	slices.SortStableFunc(devices, func(a, b DeviceState) int { return cmp.Compare(a.LastSeen, b.LastSeen) })
	for _, one := range devices {
		if h := t.hosts[one.Address]; h != nil { // those of no source would never go
			t.restoreDevice(h, one)
		}
	}
	for _, one := range sources { // after the devices, whose elements they may have
		t.restoreTemplates(one)
	}
	t.changed = false
	for _, s := range t.sources {
		templates += len(s.templates)
	}
	return templates
}

// key names the source, if there can be such a one.
func (s SourceState) key() (Key, bool) {
	for f := flow.NetFlow1; f <= flow.SFlow5; f++ {
		if f.String() == s.Format {
			return Key{Address: s.Address, Format: f, Domain: s.Domain}, s.Address.IsValid() && !s.Address.Is4In6()
		}
	}
	return Key{}, false
}

// restoreSource makes a source known, unless it was already: it may be twice in the file.
func (t *Table) restoreSource(one SourceState) (isNew bool) {
	key, _ := one.key()
	if t.sources[key] != nil {
		return false
	}
	s := t.add(key, min(one.Rank, established))
	s.lastSeen.Store(one.LastSeen * int64(time.Second))
	s.initialized = one.Initialized
	return true
}

func (t *Table) restoreTemplates(one SourceState) {
	key, _ := one.key()
	s := t.sources[key]
	if s == nil {
		return // it made room for another
	}
	for _, saved := range one.Templates {
		if template, err := t.compile(saved, s.Dialect()); err == nil {
			s.Define(template)
		}
	}
}

// firstTemplate is the least id of a template (RFC 3954 section 5.2, RFC 7011 section 3.4.1).
const firstTemplate = 256

// compile makes a template of a saved one. The error says why it cannot be one.
func (t *Table) compile(saved TemplateState, dialect flow.Dialect) (*Template, error) {
	if saved.ID < firstTemplate || len(saved.Fields) == 0 || len(saved.Fields) > t.limits.Fields {
		return nil, errors.New("no template within the limits")
	}
	program, err := flow.Compile(saved.Fields, dialect)
	if err != nil {
		return nil, err
	}
	return &Template{ID: saved.ID, Fields: saved.Fields, Options: saved.Options, Program: program}, nil
}

// restoreDevice fills the tables of a host. What is beyond the limits is left out.
func (t *Table) restoreDevice(h *host, one DeviceState) {
	for _, i := range one.Interfaces {
		if t.nameInterface(h, i.Index, i.Name, i.Description) && i.Speed != 0 {
			t.countInterface(h, flow.InterfaceCounters{Index: i.Index, Speed: i.Speed})
		}
	}
	for _, a := range one.Applications {
		t.nameApplication(h, a.ID, a.Name)
	}
	for _, v := range one.VRFs {
		if v.ID <= 1<<32-1 {
			t.nameVRF(h, uint32(v.ID), v.Name)
		}
	}
	for _, u := range one.Users {
		switch len(u.Address) {
		case 4, 6, 16:
			t.nameUser(h, u.Address, u.Name)
		}
	}
	for _, e := range one.Elements {
		if e.Type <= element.SubTemplateMultiList && element.ValidName(e.Name) {
			t.describeElement(h, e.Enterprise, e.ID, []byte(e.Name), e.Type)
		}
	}
	for _, s := range one.Samplers {
		if s.Interval != 0 {
			t.describeSampler(h, samplerKey{s.Domain, s.ID}, s.Interval)
		}
	}
}
