package service

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

func TestFlowOverTLSToTheDocument(t *testing.T) {
	authority := certtest.New(t)
	files := newTLSFiles(t)
	files.put(t, authority.Server(t, "collector"), authority)
	es := newElastic(t)
	c := run(t, settings(func(c *config.Config) {
		c.Listen.UDP = nil
		c.Listen.IPFIXTLS = []string{"127.0.0.1:0"}
		c.Listen.TLS = files.TLS
		c.Output.Elasticsearch.Addresses = []string{es.URL}
	}), Options{})
	exporter, err := (&tls.Dialer{Config: &tls.Config{
		RootCAs: authority.Pool(), MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{authority.Client(t, "exporter").TLS(t)},
	}}).DialContext(t.Context(), "tcp", c.TLS[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = exporter.Close() }()

	end := time.Now().Add(-time.Second).Truncate(time.Millisecond).UTC()
	template := be(nil, uint16(2), uint16(44), uint16(256), uint16(9), uint16(8), uint16(4), uint16(12), uint16(4), uint16(7), uint16(2),
		uint16(11), uint16(2), uint16(4), uint16(1), uint16(1), uint16(4), uint16(2), uint16(4), uint16(153), uint16(8), uint16(10), uint16(2))
	record := be(nil, "198.18.0.1", "203.0.113.1", uint16(40000), uint16(443), uint8(6), uint32(5000), uint32(7),
		uint32(uint64(end.UnixMilli())>>32), uint32(end.UnixMilli()), uint16(3))
	data := append(be(nil, uint16(256), uint16(4+len(record))), record...)
	// Template and record in one message, then a record alone, in another TLS record: the template stands as long as the connection.
	for _, message := range [][]byte{ipfix(0, template, data), ipfix(1, data)} {
		if _, err := exporter.Write(message); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "both documents", func() bool { return es.count() == 2 })
	for _, doc := range es.docs {
		for name, want := range map[string]any{
			"source.ip": "198.18.0.1", "source.port": 40000.0, "destination.ip": "203.0.113.1", "destination.port": 443.0,
			"network.transport": "tcp", "network.bytes": 5000.0, "network.packets": 7.0, "@timestamp": end.Format("2006-01-02T15:04:05.000Z"),
		} {
			if got := at(doc, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	}

	_ = exporter.Close()
	listen := "tls://" + c.TLS[0].String()
	for _, line := range []string{
		fmt.Sprintf(`flowcollector_stream_connections_closed_total{cause="ended",listen="%s"} 1`, listen),
		fmt.Sprintf(`flowcollector_stream_messages_total{listen="%s"} 2`, listen),
		fmt.Sprintf(`flowcollector_records_total{listen="%s"} 2`, listen),
		fmt.Sprintf(`flowcollector_exporters_ended_total{listen="%s"} 1`, listen),
	} {
		until(t, line, func() bool { _, text := c.get("/metrics"); return strings.Contains(text, line+"\n") })
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
}
