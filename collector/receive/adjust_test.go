package receive

import "testing"

// A receive buffer is made smaller and larger again, that of sockets that systemd kept too.
func TestResize(t *testing.T) {
	m := manager(t)
	first, _ := group(t, m, "127.0.0.1:0", 2)
	address := first.LocalAddr().String()
	stored(t, m, 2)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	g, _ := group(t, m, address, 2)
	if got := g.Buffer(); got != 2<<20 {
		t.Errorf("%d octets to begin with", got)
	}
	for _, size := range []int{100 << 10, 1 << 20} {
		if err := g.Resize(size); err != nil || g.Buffer() != 2*size {
			t.Errorf("%d octets in place of %d: %v", g.Buffer(), 2*size, err)
		}
	}
}
