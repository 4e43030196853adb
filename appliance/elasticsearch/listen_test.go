package elasticsearch_test

import (
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
)

const (
	tableHead  = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	any6       = "00000000000000000000000000000000"
	mapped     = "0000000000000000FFFF00000A0200C0" // ::ffff:192.0.2.10
	loopback6  = "00000000000000000000000001000000"
	documented = "B80D0120000000000000000001000000" // 2001:db8::1
)

func TestListening(t *testing.T) {
	line := func(local, state string) string {
		return "   0: " + local + " 00000000:0000 " + state + " 00000000:00000000\n"
	}
	for name, c := range map[string]struct{ table, want string }{
		"everywhere":                  {line("00000000:23F0", "0A"), "127.0.0.1:9200"},
		"everywhere, as Java does":    {line(any6+":23F0", "0A"), "127.0.0.1:9200"},
		"loopback":                    {line("0100007F:23F0", "0A"), "127.0.0.1:9200"},
		"one address":                 {line("0A0200C0:23F0", "0A"), "192.0.2.10:9200"},
		"one address, as Java does":   {line(mapped+":23F0", "0A"), "192.0.2.10:9200"},
		"one address of version 6":    {line(documented+":23F0", "0A"), "[2001:db8::1]:9200"},
		"loopback before others":      {line(documented+":23F0", "0A") + line(loopback6+":23F0", "0A") + line(mapped+":23F0", "0A"), "[::1]:9200"},
		"loopback of 4 before others": {line(loopback6+":23F0", "0A") + line("0100007F:23F0", "0A"), "127.0.0.1:9200"},
		"another port":                {line("00000000:0016", "0A"), ""},
		"a connection":                {line("00000000:23F0", "01"), ""},
		"nothing":                     {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			at, ok := elasticsearch.Listening(tableHead+c.table, 9200)
			if got := at.String(); ok != (c.want != "") || ok && got != c.want {
				t.Errorf("it listens at %s, %t", got, ok)
			}
		})
	}
}

func FuzzListening(f *testing.F) {
	f.Add(tableHead+"   0: 00000000:23F0 00000000:0000 0A 00000000:00000000\n", 9200)
	f.Fuzz(func(t *testing.T, table string, port int) {
		if at, ok := elasticsearch.Listening(table, port); ok && (int(at.Port()) != port || !at.Addr().IsValid()) {
			t.Errorf("%d is found at %s", port, at)
		}
	})
}
