package element

import "testing"

func TestTypes(t *testing.T) {
	for _, name := range TypeNames() {
		kind, ok := ParseType(name)
		if !ok || kind.String() != name {
			t.Errorf("%s is parsed as %v, %v", name, kind, ok)
		}
		if least, most := kind.Size(); least > most || most < 1 {
			t.Errorf("%s has from %d to %d octets", name, least, most)
		}
	}
	if kind, ok := ParseType("uint32"); ok {
		t.Errorf("uint32 is parsed as %v", kind)
	}
	if name := Type(200).String(); name != "unknown" {
		t.Errorf("no type is named %s", name)
	}
	if least, most := Type(200).Size(); least != 0 || most != 65535 {
		t.Errorf("no type has from %d to %d octets", least, most)
	}
}

// TestSize: RFC 7011 sections 6.1 and 6.2.
func TestSize(t *testing.T) {
	for kind, want := range map[Type][2]int{
		Unsigned8: {1, 1}, Unsigned64: {1, 8}, Signed32: {1, 4}, Float32: {4, 4}, Float64: {4, 8}, Boolean: {1, 1}, MACAddress: {6, 6},
		DateTimeSeconds: {4, 4}, DateTimeNanoseconds: {8, 8}, IPv4Address: {4, 4}, IPv6Address: {16, 16}, Unsigned256: {1, 32}, String: {0, 65535},
	} {
		if least, most := kind.Size(); [2]int{least, most} != want {
			t.Errorf("%s has from %d to %d octets, want %v", kind, least, most, want)
		}
	}
}

// TestTypeByCode: IANA's registry "IPFIX Information Element Data Types".
func TestTypeByCode(t *testing.T) {
	want := []string{
		"octetArray", "unsigned8", "unsigned16", "unsigned32", "unsigned64", "signed8", "signed16", "signed32", "signed64", "float32", "float64", "boolean",
		"macAddress", "string", "dateTimeSeconds", "dateTimeMilliseconds", "dateTimeMicroseconds", "dateTimeNanoseconds", "ipv4Address", "ipv6Address",
		"basicList", "subTemplateList", "subTemplateMultiList", "unsigned256",
	}
	if len(want) != len(TypeNames()) {
		t.Errorf("there are %d types, want %d", len(TypeNames()), len(want))
	}
	for code, name := range want {
		if kind, ok := TypeByCode(uint8(code)); !ok || kind.String() != name {
			t.Errorf("code %d is %v, %v, want %s", code, kind, ok, name)
		}
	}
	for _, code := range []uint8{24, 255} {
		if kind, ok := TypeByCode(code); ok {
			t.Errorf("code %d is %v", code, kind)
		}
	}
}
