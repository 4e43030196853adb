package exporter

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// TestRowsTakeWhatIsAccounted: the limit is only as good as the account.
func TestRowsTakeWhatIsAccounted(t *testing.T) {
	octets := func(i int) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8), uint64(i)) }
	for name, add := range map[string]func(s *Source, i int){
		"interfaces":   func(s *Source, i int) { s.NameInterface(uint32(i), octets(i)[15:], octets(i)[14:]) },
		"counters":     func(s *Source, i int) { s.CountInterface(flow.InterfaceCounters{Index: uint32(i)}) },
		"applications": func(s *Source, i int) { s.NameApplication(uint64(i), octets(i)[15:]) },
		"VRFs":         func(s *Source, i int) { s.NameVRF(uint32(i), octets(i)[15:]) },
		"users":        func(s *Source, i int) { s.NameUser(octets(i), octets(i)[15:]) },
		"samplers":     func(s *Source, i int) { s.DescribeSampler(uint64(i), 10) },
		"elements":     func(s *Source, i int) { s.DescribeElement(99999, uint16(i), octets(i)[15:], element.String) },
	} {
		for _, rows := range []int{1, 9, 1000, 15000} {
			const devices = 10
			before := heap()
			table := NewTable(Limits{OptionRows: 1 << 20, OptionAllBytes: 1 << 30})
			for d := range devices {
				s := table.Source(source(existing(d)), time.Unix(0, 0))
				for i := range rows {
					add(s, i+1)
				}
			}
			// A source and its places take about 1 KiB besides.
			if after := heap(); after > before && int(after-before) > table.optionBytes+devices*1024 {
				t.Errorf("%s: %d devices with %d rows take %d octets, accounted are %d", name, devices, rows, after-before, table.optionBytes)
			}
			runtime.KeepAlive(table)
		}
	}
}

func TestRowsAreLimited(t *testing.T) {
	table := NewTable(Limits{OptionRows: 3})
	now := time.Unix(1_700_000_000, 0)
	s := table.Source(source(existing(1)), now)
	s.NameInterface(1, []byte("eth0"), nil)
	s.NameApplication(7, []byte("dns"))
	s.NameVRF(3, []byte("blue"))
	s.NameUser([]byte{10, 0, 0, 1}, []byte("somebody"))
	s.NameInterface(1, []byte("eth0"), []byte("uplink")) // rows that are there may change
	s.NameApplication(7, []byte("domain"))
	s.CountInterface(flow.InterfaceCounters{Index: 1, Speed: 1e9})
	s.CountInterface(flow.InterfaceCounters{Index: 2})
	d := s.Device()
	if i := d.Interface(1); i == nil || string(i.Name) != "eth0" || string(i.Description) != "uplink" || i.Counters.Speed != 1e9 {
		t.Errorf("interface %+v", i)
	}
	if string(d.Application(7)) != "domain" || string(d.VRF(3)) != "blue" || d.User([]byte{10, 0, 0, 1}) != nil || d.Interface(2) != nil {
		t.Errorf("device %+v", d)
	}
	if snap := table.Snapshot(); snap.Total.OptionsRefused != 2 || snap.Devices[0].Rows != (Rows{Interfaces: 1, Applications: 1, VRFs: 1}) {
		t.Errorf("%d refused, %+v", snap.Total.OptionsRefused, snap.Devices)
	}
	want := deviceBytes + rowBytes[interfaceTable] + len("eth0uplink") + rowBytes[applicationTable] + len("domain") + rowBytes[vrfTable] + len("blue")
	if table.optionBytes != want || d.bytes != want {
		t.Errorf("%d octets accounted, want %d", table.optionBytes, want)
	}
}

// TestUsersMakeRoomForUsers: they come and go, so that the rows of a device are used up some day. A new one must get in then, though not at
// the cost of anything else.
func TestUsersMakeRoomForUsers(t *testing.T) {
	const rows, users = 50, 10_000
	table := NewTable(Limits{OptionRows: rows})
	s := table.Source(source(existing(1)), time.Unix(1_700_000_000, 0))
	s.NameInterface(1, []byte("eth0"), []byte("uplink"))
	s.NameApplication(7, []byte("dns"))
	for i := range users {
		address := []byte{10, 0, byte(i >> 8), byte(i)}
		s.NameUser(address, []byte("somebody"))
		if string(s.Device().User(address)) != "somebody" {
			t.Fatalf("user %d is refused", i)
		}
	}
	d := s.Device()
	snap := table.Snapshot()
	if got := snap.Devices[0].Rows; got.Interfaces != 1 || got.Applications != 1 || got.Total() != d.count || got.Total() > rows ||
		uint64(got.Users)+snap.RowsForgotten != users || got.Users != len(d.users) || snap.Total.OptionsRefused != 0 {
		t.Errorf("%+v, %d forgotten, %d refused", got, snap.RowsForgotten, snap.Total.OptionsRefused)
	}
	want := deviceBytes + rowBytes[interfaceTable] + len("eth0uplink") + rowBytes[applicationTable] + len("dns") + len(d.users)*(rowBytes[userTable]+len("somebody"))
	if table.optionBytes != want || d.bytes != want {
		t.Errorf("%d octets accounted, want %d", table.optionBytes, want)
	}
	// What is no user is refused as ever, and users have no room where they are not among those who took it.
	for i := range uint32(rows) {
		s.NameVRF(i, []byte("blue"))
	}
	if snap = table.Snapshot(); snap.Devices[0].Rows.Total() != rows || snap.Total.OptionsRefused == 0 {
		t.Errorf("%+v", snap.Devices)
	}
	other := table.Source(source(existing(2)), time.Unix(1_700_000_000, 0))
	for i := range uint32(rows) {
		other.NameVRF(i, []byte("blue"))
	}
	other.NameUser([]byte{10, 0, 0, 1}, []byte("somebody"))
	if snap = table.Snapshot(); snap.Devices[1].Rows != (Rows{VRFs: rows}) || snap.Sources[1].OptionsRefused != 1 {
		t.Errorf("%+v", snap)
	}
}

// TestDeviceThatFillsAll: one device may not take more than all may, and then does not cost the others.
func TestDeviceThatFillsAll(t *testing.T) {
	table := NewTable(Limits{OptionAllBytes: 3 * deviceBytes})
	now := time.Unix(1_700_000_000, 0)
	other := table.Source(source(existing(2)), now)
	other.NameInterface(1, []byte("eth0"), nil)
	s := table.Source(source(existing(1)), now)
	for i := range uint32(100) {
		s.NameInterface(i, []byte("eth"), nil)
	}
	row := rowBytes[interfaceTable] + 3
	fit := 2 * deviceBytes / row
	if snap := table.Snapshot(); snap.Devices[0].Rows.Interfaces != fit || snap.Total.OptionsRefused != uint64(100-fit) || snap.RowsForgotten != 1 {
		t.Errorf("%+v, %d refused, %d forgotten", snap.Devices, snap.Total.OptionsRefused, snap.RowsForgotten)
	}
	if table.optionBytes > 3*deviceBytes || other.Device() != nil {
		t.Errorf("%d octets", table.optionBytes)
	}
}

func TestDeviceGoesWithItsLastSource(t *testing.T) {
	table := NewTable(Limits{Exporters: 2})
	now := time.Unix(1_700_000_000, 0)
	key := func(address int, domain uint32) Key {
		return Key{Address: existing(address), Format: flow.IPFIX, Domain: domain}
	}
	table.Source(key(1, 1), now).NameInterface(1, []byte("eth0"), nil)
	if table.Source(key(1, 2), now).Device().Interface(1) == nil {
		t.Error("another process of the device does not know its interface")
	}
	second := table.Source(key(1, 2), now)
	table.Source(key(2, 1), now) // pushes out the first
	if second.Device().Interface(1) == nil {
		t.Error("the device is forgotten with one of its processes")
	}
	table.Source(key(2, 2), now) // pushes out the second
	if snap := table.Snapshot(); len(table.hosts) != 1 || table.optionBytes != 0 || snap.RowsForgotten != 1 || len(snap.Devices) != 1 {
		t.Errorf("%d hosts, %d octets, %+v", len(table.hosts), table.optionBytes, snap)
	}
}

func TestRepeatedDescriptionsAllocateNothing(t *testing.T) {
	table := NewTable(Limits{})
	s := table.Source(source(existing(1)), time.Unix(1_700_000_000, 0))
	name, long, user := []byte("eth0"), make([]byte, 300), []byte{10, 0, 0, 1}
	if n := testing.AllocsPerRun(100, func() {
		s.NameInterface(1, name, long)
		s.NameInterface(1, nil, nil)
		s.CountInterface(flow.InterfaceCounters{Index: 1, InOctets: 5})
		s.NameApplication(1, long)
		s.NameVRF(1, name)
		s.NameUser(user, long)
		s.DescribeSampler(1, 100)
		s.DescribeElement(99999, 1, name, element.String)
		s.Renew(1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if _, ok := s.Sampler(1); !ok || table.Snapshot().Devices[0].Rows.Total() != 7 {
		t.Errorf("%+v", table.Snapshot().Devices)
	}
}
