package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUnitLimits has the rules of systemd.unit(5).
func TestUnitLimits(t *testing.T) {
	const (
		folder = "/etc/systemd/system/demo.service.d/"
		own    = folder + "60-ours.conf"
		ours   = "[Service]\nLimitNOFILE=1024:64K\nLimitAS=1G\n"
	)
	type file struct{ path, content string }
	item := UnitLimits{Unit: "demo.service", Path: own, Limits: map[string]string{"LimitNOFILE": "1024:64K", "LimitAS": "1G"}}
	const asWanted = "LoadState=loaded\nNeedDaemonReload=no\nLimitNOFILE=65536\nLimitNOFILESoft=1024\nLimitAS=1073741824\nLimitASSoft=1073741824\n"
	const otherFiles = "LoadState=loaded\nNeedDaemonReload=no\nLimitNOFILE=7\nLimitNOFILESoft=7\nLimitAS=1073741824\nLimitASSoft=1073741824\n"
	fact := func(by, value string) Facts {
		return Facts{"unit demo.service: LimitNOFILE: overridden by " + by: value}
	}
	for name, c := range map[string]struct {
		show  string
		files []file
		want  Facts
	}{
		"no unit":           {"", nil, Facts{}},
		"before ours":       {otherFiles, nil, Facts{}},
		"as wanted":         {asWanted, []file{{own, ours}}, Facts{}},
		"earlier":           {asWanted, []file{{folder + "50-a.conf", "LimitNOFILE=7"}, {own, ours}}, Facts{}},
		"later":             {otherFiles, []file{{own, ours}, {folder + "90-a.conf", "[Service]\n LimitNOFILE = 7\n"}}, fact(folder+"90-a.conf", "7")},
		"of this boot":      {otherFiles, []file{{own, ours}, {"/run/systemd/system/demo.service.d/90-a.conf", "LimitNOFILE=7"}}, fact("/run/systemd/system/demo.service.d/90-a.conf", "7")},
		"of all services":   {otherFiles, []file{{own, ours}, {"/etc/systemd/system/service.d/90-a.conf", "LimitNOFILE=7"}}, fact("/etc/systemd/system/service.d/90-a.conf", "7")},
		"the last of two":   {otherFiles, []file{{own, ours}, {folder + "90-a.conf", "LimitNOFILE=8"}, {folder + "91-a.conf", "LimitNOFILE=7"}}, fact(folder+"91-a.conf", "7")},
		"same value":        {asWanted, []file{{own, ours}, {folder + "90-a.conf", "LimitNOFILE=1K:65536"}}, Facts{}},
		"another setting":   {asWanted, []file{{own, ours}, {folder + "90-a.conf", "#LimitNOFILE=7\nLimitCORE=7\n"}}, Facts{}},
		"before it is ours": {otherFiles, []file{{folder + "90-a.conf", "LimitNOFILE=infinity"}}, fact(folder+"90-a.conf", "infinity")},
		"taken back":        {otherFiles, []file{{folder + "90-a.conf", "LimitNOFILE="}}, fact(folder+"90-a.conf", "the default")},
		"by other means":    {otherFiles, []file{{own, ours}}, fact("something else", "7")},
		"changed by hand":   {otherFiles, []file{{own, "[Service]\nLimitNOFILE=7\n"}}, Facts{}}, // a fact of the file
		"not read yet":      {"LoadState=loaded\nNeedDaemonReload=yes\nLimitNOFILE=7\nLimitNOFILESoft=7\n", []file{{own, ours}}, Facts{}},
	} {
		a := answer{}
		if c.show != "" {
			a.values = append(a.values, value{name: "show", content: []byte(c.show)})
		}
		for _, f := range c.files {
			a.values = append(a.values, value{name: "path", content: []byte(f.path)}, value{name: "content", content: []byte(f.content)})
		}
		got, err := item.observe(a)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if _, err := item.observe(answer{failed: "no bus"}); err == nil {
		t.Error("what could not be told is taken for well")
	}
}

func TestLimit(t *testing.T) {
	for value, want := range map[string]string{
		"1024": "1024", "1K": "1024", "1M:2G": "1048576:2147483648", "infinity": "infinity", "18446744073709551615": "infinity", "8:infinity": "8:infinity",
		"7:7": "7", "many": "many", "1KK": "1KK", "": "the default",
	} {
		if got := limit(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}
