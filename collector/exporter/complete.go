package exporter

import (
	"net/netip"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Complete adds to a record of the source what is known of its exporter: sampling, names, and which moment the document is filed under.
// It allocates nothing in steady state.
func (s *Source) Complete(r *flow.Record, a *flow.Arena) {
	d := s.host.device
	s.sample(r, d)
	s.time(r)
	if d != nil && !s.Key.Agent.IsValid() { // the interfaces of an agent behind a relay are not the relay's
		d.name(r, a)
	}
	s.traffic.take(r)
}

// sample says how the packets of the record were sampled: as it says itself, or as the source described the sampler that it names, or else
// another source of the device, or else the sampler of its interface or of the whole source. Configuration fills in or, when told so, wins.
func (s *Source) sample(r *flow.Record, d *Device) {
	if s.rate.Override {
		r.Sampling.Interval, r.Sampling.Source = s.rate.Interval, flow.SamplingConfigured
		return
	}
	if r.Sampling.Source == flow.SamplingNone && (r.Sampling.Sampler != 0 || d != nil && len(d.samplers) > 0) {
		s.findSampler(r)
	}
	if s.rate.Interval != 0 && (r.Sampling.Source == flow.SamplingNone || r.Sampling.Source == flow.SamplingMissing) {
		r.Sampling.Interval, r.Sampling.Source = s.rate.Interval, flow.SamplingConfigured
	}
}

func (s *Source) findSampler(r *flow.Record) {
	id := r.Sampling.Sampler
	var interval uint32
	ok := false
	if id == 0 && r.Has&flow.HasInput != 0 {
		interval, ok = s.host.device.sampler(s.samplerOf(anyDomain, ofInterface|uint64(r.Input)))
	}
	if !ok {
		interval, ok = s.Sampler(id)
	}
	switch {
	case ok:
		r.Sampling.Interval, r.Sampling.Source = interval, flow.SamplingOptions
	case id != 0:
		r.Sampling.Source = flow.SamplingMissing
	}
}

// earliest is before there were flow exporters, in Unix nanoseconds: what a clock says that was never set.
const earliest = 946_684_800e9 // 2000

// time moves the times of an exporter whose clock is wrong, forgets those that cannot be, and chooses the document's.
func (s *Source) time(r *flow.Record) {
	limit := int64(s.table.policy.MaxSkew)
	if limit > 0 {
		skew := r.Received - r.Exported
		if skew > limit || skew < -limit {
			r.Shift(skew)
			s.skewed.Add(1)
		}
		latest := r.Received + limit
		if r.Has&flow.HasStart != 0 && (r.Start < earliest || r.Start > latest) {
			r.Has &^= flow.HasStart
			s.implausible.Add(1)
		}
		if r.Has&flow.HasEnd != 0 && (r.End < earliest || r.End > latest) {
			r.Has &^= flow.HasEnd
			s.implausible.Add(1)
		}
		if d := r.Details; d != nil && d.Has&(flow.HasReverseStart|flow.HasReverseEnd) != 0 {
			s.reverseTime(d, latest)
		}
	}
	at := s.table.policy.Timestamp
	switch {
	case at == End && r.Has&flow.HasEnd != 0:
		r.Timestamp = r.End
	case at <= Start && r.Has&flow.HasStart != 0:
		r.Timestamp = r.Start
	case at == Start && r.Has&flow.HasEnd != 0:
		r.Timestamp = r.End
	case at != Receive && (limit == 0 || abs(r.Received-r.Exported) <= limit):
		r.Timestamp = r.Exported
	default:
		r.Timestamp = r.Received
	}
}

// reverseTime forgets times of the other direction that cannot be.
func (s *Source) reverseTime(d *flow.Details, latest int64) {
	if d.Has&flow.HasReverseStart != 0 && (d.ReverseStart < earliest || d.ReverseStart > latest) {
		d.Has &^= flow.HasReverseStart
		s.implausible.Add(1)
	}
	if d.Has&flow.HasReverseEnd != 0 && (d.ReverseEnd < earliest || d.ReverseEnd > latest) {
		d.Has &^= flow.HasReverseEnd
		s.implausible.Add(1)
	}
}

func abs(n int64) int64 { return max(n, -n) }

// name adds the names that the device told.
func (d *Device) name(r *flow.Record, a *flow.Arena) {
	if r.Has&flow.HasInput != 0 {
		if i := d.interfaces[r.Input]; i != nil && len(i.Name)+len(i.Description) > 0 {
			t := r.Detail(a)
			prefer(&t.InputName, i.Name)
			prefer(&t.InputDescription, i.Description)
		}
	}
	if r.Has&flow.HasOutput != 0 {
		if i := d.interfaces[r.Output]; i != nil && len(i.Name)+len(i.Description) > 0 {
			t := r.Detail(a)
			prefer(&t.OutputName, i.Name)
			prefer(&t.OutputDescription, i.Description)
		}
	}
	if len(d.users) > 0 {
		d.nameUser(r, a)
	}
	t := r.Details
	if t == nil {
		return
	}
	if t.Has&flow.HasInputVRF != 0 {
		prefer(&t.InputVRFName, d.vrfs[t.InputVRF])
	}
	if t.Has&flow.HasOutputVRF != 0 {
		prefer(&t.OutputVRFName, d.vrfs[t.OutputVRF])
	}
	if t.Has&flow.HasApplication != 0 {
		prefer(&t.ApplicationName, d.applications[t.ApplicationID])
	}
}

// nameUser adds who uses the source address, or else the hardware address it came from, or else the wireless client.
func (d *Device) nameUser(r *flow.Record, a *flow.Arena) {
	name := d.userOf(r.Source.Addr)
	if name == nil && r.Has&flow.HasSourceMAC != 0 {
		name = d.users[string(r.Source.MAC[:])]
	}
	if t := r.Details; name == nil && t != nil {
		if name = d.userOf(t.Station); name == nil && t.Has&flow.HasStationMAC != 0 {
			name = d.users[string(t.StationMAC[:])]
		}
	}
	if name != nil {
		prefer(&r.Detail(a).User, name)
	}
}

func (d *Device) userOf(address netip.Addr) []byte {
	switch {
	case address.Is4():
		b := address.As4()
		return d.users[string(b[:])]
	case address.Is6():
		b := address.As16()
		return d.users[string(b[:])]
	}
	return nil
}

// prefer keeps what the record says itself.
func prefer(to *[]byte, name []byte) {
	if len(*to) == 0 {
		*to = name
	}
}
