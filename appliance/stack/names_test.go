package stack

import "testing"

func TestNames(t *testing.T) {
	var names Names[int]
	for i, name := range []string{"path.data", "cluster.remote.*.seeds", "node.attr.", "node.attr.rack.", "thread_pool.*", "path.logs"} {
		if !names.Add(name, i+1) || names.Add(name, 0) {
			t.Errorf("%s was there, or is there twice", name)
		}
	}
	for name, want := range map[string]struct {
		of int
		by string
	}{
		"path.data": {1, "path.data"}, "cluster.remote.two.seeds": {2, "cluster.remote.*.seeds"}, "cluster.remote.a.b.seeds": {}, "cluster.remote.seeds": {},
		"node.attr.zone": {3, "node.attr."}, "node.attr.": {}, "node.attr.rack.a": {4, "node.attr.rack."}, "thread_pool.write.size": {5, "thread_pool.*"}, "path": {},
	} {
		if of, by, ok := names.Find(name); of != want.of || by != want.by || ok != (want.by != "") {
			t.Errorf("%s is %d, by %q, %t", name, of, by, ok)
		}
	}
	all := func(string, int) bool { return true }
	for _, c := range []struct {
		name, want string
		least      int
		fits       func(string, int) bool
	}{
		{"path.dta", "path.data", 3, all},
		{"path.dta", "path.logs", 9, func(name string, _ int) bool { return name != "path.data" }},
		{"path.dta", "", 1, all},
	} {
		if got := names.Nearest(c.name, c.least, c.fits); got != c.want {
			t.Errorf("%s, less than %d: %q", c.name, c.least, got)
		}
	}
}
