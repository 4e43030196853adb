package schema

import "testing"

func TestRolloverNumber(t *testing.T) {
	for index, want := range map[string]uint64{
		"flows-000001": 1, "flows-001000": 1000, "partial-flows-000007": 7, "restored-flows-000008": 8, "shrink-a1_b-flows-000009": 9, "partial-restored-flows-000010": 10,
		"flows": 0, "flows-": 0, "flows-lab": 0, "flows-lab-000001": 0, "flows--1": 0, "flows-+1": 0, "archive-flows-000001": 0, "flowsx-000001": 0, "shrink-flows-000001": 0,
	} {
		if got, ok := RolloverNumber("flows", index); got != want || ok != (want > 0) {
			t.Errorf("%s: %d, %t", index, got, ok)
		}
	}
	if got, ok := RolloverNumber("partial-flows", "partial-flows-000003"); got != 3 || !ok {
		t.Errorf("a name that begins as if it were moved: %d, %t", got, ok)
	}
}
