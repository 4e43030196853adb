package softflowd

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFacts(t *testing.T) {
	got, err := Format{}.Facts([]byte("# by hand\ninterface=\"eth0\"\noptions='-n 192.0.2.10:2055 -v 9 -t maxlife=60 -t tcp.rst=10 -T full -6'\n"))
	want := map[string]string{
		"interface": "eth0", "-n": "192.0.2.10:2055", "-v": "9", "timeout maxlife": "60", "timeout tcp.rst": "10", "-T": "full", "-6": "yes",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	got, err = Format{}.Facts([]byte("options=\"-T full -6 -- udp and  not port 53\"\n"))
	want = map[string]string{"-T": "full", "-6": "yes", "filter": "udp and not port 53"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := (Format{}).Facts([]byte("interface\n")); err == nil {
		t.Error("a line that says nothing is taken")
	}
}

func TestDesired(t *testing.T) {
	facts := Desired(map[string]string{"wan": "interface=\"eth0\"\noptions=\"-n 192.0.2.10:2055 -v 9\"\n"}).Facts()
	for name, want := range map[string]string{
		"file /etc/softflowd/wan.conf: interface": "eth0", "file /etc/softflowd/wan.conf: -v": "9", "unit softflowd@wan.service: active": "active",
		"unit softflowd@wan.service: enabled": "enabled",
	} {
		if facts[name] != want {
			t.Errorf("%s is %q, want %q", name, facts[name], want)
		}
	}
	for name, good := range map[string]bool{"wan": true, "eth0.100": true, "": false, "a-b": false, "../x": false, "default": false, ".x": false} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
