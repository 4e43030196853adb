package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFstab(t *testing.T) {
	const fstab = "# <file system> <mount point>\n\nUUID=1 / ext4 errors=remount-ro 0 1\nUUID=2\tnone\tswap\tsw\t0\t0\n/swap\\040file none swap defaults,pri=5\n" +
		"#/old none swap sw 0 0\n/spare none swap noauto 0 0\ntmpfs /swap tmpfs size=1g 0 0\n/dev/zram0 swap swap"
	if got := fstabSwaps([]byte(fstab)); !cmp.Equal(got, []string{"UUID=2", "/swap file", "/dev/zram0"}) {
		t.Errorf("swaps %q", got)
	}
	without := withoutSwaps([]byte(fstab))
	if got := fstabSwaps(without); len(got) != 0 {
		t.Errorf("without them there are %q", got)
	}
	if again := withoutSwaps(without); string(again) != string(without) {
		t.Errorf("a second time changes it to %q", again)
	}
	if got := string(withSwaps(without)); got != fstab {
		t.Error(cmp.Diff(fstab, got))
	}
}

func FuzzFstab(f *testing.F) {
	for _, seed := range []string{"a b swap\n", "a b swap noauto", "# off by flowstack: a b swap", "\n\n", "a\xffb none swap x\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, fstab []byte) {
		without := withoutSwaps(fstab)
		if got := fstabSwaps(without); len(got) != 0 {
			t.Fatalf("still there: %q", got)
		}
		if want := withSwaps(fstab); string(withSwaps(without)) != string(want) { // what was off already comes on, too
			t.Fatalf("%q came back as %q", fstab, withSwaps(without))
		}
	})
}

func TestSwaps(t *testing.T) {
	got, err := parseSwaps("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/zram0                              partition\t1048572\t\t0\t\t100\n/swap\\040file file 1 1 -2\n")
	if want := []SwapArea{{"/dev/zram0", 100}, {"/swap file", -2}}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := parseSwaps(""); err != nil || len(got) != 0 {
		t.Errorf("a kernel without swap: %v, %v", got, err)
	}
	for _, nonsense := range []string{"a b c\n", "/swap file 1 1 high\n"} {
		if _, err := parseSwaps(nonsense); err == nil {
			t.Errorf("%q is read", nonsense)
		}
	}
}

func TestCanLockMemory(t *testing.T) {
	const limits = "Limit                     Soft Limit           Hard Limit           Units     \nMax locked memory         8388608              8388608              bytes     \n"
	for name, c := range map[string]struct {
		limits, capabilities string
		want                 bool
	}{
		"machine":         {limits, "CapEff:\t000001ffffffffff\n", true},
		"container":       {limits, "CapEff:\t00000000fcecafff\n", false},
		"without a limit": {"Max locked memory         unlimited            unlimited            bytes\n", "CapEff:\t0000000000000000\n", true},
		"not told":        {"", "", false},
	} {
		if got := canLockMemory(c.limits, c.capabilities); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestRestoreSwap(t *testing.T) {
	on := UnitBefore{Existed: true, Enabled: "enabled", Active: active}
	hidden := UnitBefore{Existed: true, Enabled: masked, Active: "inactive"}
	off := UnitBefore{Existed: true, Enabled: "disabled", Active: "inactive"}
	units := func(unit UnitBefore) map[string]UnitBefore { return map[string]UnitBefore{"zramswap.service": unit} }
	for name, c := range map[string]struct {
		before *SwapBefore
		now    SwapBefore
		want   []string
	}{
		"unknown":          {nil, SwapBefore{Units: units(hidden)}, []string{"restore", "unmasked", "all", "", "", "unit", "zramswap.service", "auto"}},
		"masked by others": {&SwapBefore{Masked: true}, SwapBefore{}, []string{"restore", masked}},
		"areas": {
			&SwapBefore{Areas: []SwapArea{{"/a", 7}, {"/b", -2}}},
			SwapBefore{Areas: []SwapArea{{"/b", -2}}},
			[]string{"restore", "unmasked", "area", "/a", "7"},
		},
		"a service":        {&SwapBefore{Units: units(on)}, SwapBefore{Units: units(hidden)}, []string{"restore", "unmasked", "unit", "zramswap.service", "start"}},
		"one without mask": {&SwapBefore{Units: units(on)}, SwapBefore{Units: units(off)}, []string{"restore", "unmasked", "unit", "zramswap.service", "enable"}},
		"only enabled": {
			&SwapBefore{Units: units(UnitBefore{Existed: true, Enabled: "enabled", Active: "inactive"})},
			SwapBefore{Units: units(hidden)},
			[]string{"restore", "unmasked", "unit", "zramswap.service", "stay"},
		},
		"others' business": {&SwapBefore{Units: units(off)}, SwapBefore{Units: units(off)}, []string{"restore", "unmasked"}},
	} {
		if diff := cmp.Diff(c.want, restoreSwap(c.before, swapState{SwapBefore: c.now})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
