package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// proxy stands between us and a host, and cuts every connection once it carried so many octets towards the host.
type proxy struct {
	listener net.Listener
	target   string
	after    int64
	wg       sync.WaitGroup
}

func startProxy(t *testing.T, h *acctest.Host, after int64) *proxy {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: netip.AddrPortFrom(h.Address, uint16(h.Port)).String(), after: after}
	p.wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.carry(t.Context(), in) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) carry(ctx context.Context, in net.Conn) {
	defer in.Close() //nolint:errcheck // cut is the purpose
	out, err := new(net.Dialer).DialContext(ctx, "tcp", p.target)
	if err != nil {
		return
	}
	defer out.Close() //nolint:errcheck // as above
	stop := context.AfterFunc(ctx, func() { _, _ = in.Close(), out.Close() })
	defer stop()
	go func() { _, _ = io.Copy(in, out) }()
	_, _ = io.CopyN(out, in, p.after)
}

func (p *proxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// TestLinkCutWhileAFileIsWritten cuts the connection in the middle of a file's content: the old file stays whole, and the next apply over a
// sound link writes the new one and leaves nothing else behind.
func TestLinkCutWhileAFileIsWritten(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "link")
	const path = "/etc/flowstack-test.conf"
	old := host.Desired{host.File{Path: path, Content: []byte("old content\n"), Mode: 0o640}}
	sound := connect(t, h, h.Address.String(), h.Port)
	if _, err := host.Apply(ctx, sound, old); err != nil {
		t.Fatal(err)
	}

	content := bytes.Repeat([]byte("new content, long enough to be cut\n"), 40_000)
	wanted := host.Desired{host.File{Path: path, Content: content, Mode: 0o640}}
	cut := startProxy(t, h, 600_000)
	_, err := host.Apply(ctx, connect(t, h, "127.0.0.1", cut.port()), wanted)
	var lost *ssh.LinkError
	if !errors.As(err, &lost) || !strings.Contains(err.Error(), "file "+path) {
		t.Fatalf("error %v, want a lost link that names the file", err)
	}
	if out, err := h.Run(ctx, "cat", path); err != nil || string(out) != "old content\n" {
		t.Fatalf("after the cut the file has %d octets beginning with %q, %v", len(out), out[:min(len(out), 20)], err)
	}

	if _, err := host.Apply(ctx, sound, wanted); err != nil {
		t.Fatal(err)
	}
	if out, err := h.Run(ctx, "cat", path); err != nil || !bytes.Equal(out, content) {
		t.Errorf("the new file has %d octets of %d, %v", len(out), len(content), err)
	}
	if out, err := h.Run(ctx, "sh", "-c", "ls -A /etc | grep flowstack"); err != nil || string(out) != "flowstack-test.conf\n" {
		t.Errorf("left in /etc: %q, %v", out, err)
	}
}
