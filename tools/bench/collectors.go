package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
)

// contestant is a collector to be measured.
type contestant struct {
	Name    string
	Output  string // what it does with flows
	command func(dir string) ([]string, error)
	metrics string // URL; empty: it has none of use here
	sunk    bool   // its documents come to the sink
	rates   []int  // flows a second, to be tried in this order
	purge   time.Duration
}

const metricsAddress = "127.0.0.1:8080"

// contestants are ours in three settings, and the peers with what they write naturally.
func contestants(programs string, d world.Knowledge) []contestant {
	ours := func(name, settings string, rates []int) contestant {
		return contestant{
			Name: name, Output: "ECS documents, City and ASN, bulk requests over HTTP", sunk: true, metrics: "http://" + metricsAddress + "/metrics", rates: rates,
			command: func(dir string) ([]string, error) {
				file := filepath.Join(dir, "flowcollector.yml")
				text := fmt.Sprintf("listen:\n  udp: [\"127.0.0.1:%d\"]\nhttp:\n  address: %s\nenrich:\n  geoip: {city: %s, asn: %s}\noutput:\n  elasticsearch:\n    addresses: [\"http://%s\"]\n%s",
					flowPort, metricsAddress, d.City, d.ASN, sinkAddress, strings.ReplaceAll(settings, "DIR", dir))
				return []string{filepath.Join(programs, "flowcollector"), "run", "--config", file}, os.WriteFile(file, []byte(text), 0o600)
			},
		}
	}
	goflow2 := func(format string, rates []int) contestant {
		return contestant{
			Name: "goflow2, " + format, Output: "not enriched, /dev/null", rates: rates,
			command: func(string) ([]string, error) {
				return []string{
					filepath.Join(programs, "goflow2"), "-listen", "netflow://127.0.0.1:" + strconv.Itoa(flowPort), "-format", format,
					"-transport", "file", "-transport.file", "/dev/null", "-addr", metricsAddress, "-loglevel", "error",
				}, nil
			},
		}
	}
	k := func(rates ...int) []int { return rates }
	return []contestant{
		ours("flowcollector", "    gzip: true\n", k(50, 100, 125, 150, 200, 250, 300, 350, 400)),
		ours("flowcollector, spool on tmpfs", "    gzip: true\n    spool: {directory: DIR/spool}\n", k(50, 100, 125, 150, 200, 250, 300, 350, 400)),
		ours("flowcollector, gzip: false", "    gzip: false\n", k(100, 150, 200, 250, 300, 400, 500, 600)),
		goflow2("json", k(2, 5, 10, 15, 20)),
		goflow2("bin", k(20, 40, 60, 80, 100, 150, 200, 250)),
		{
			Name: "nfacctd, JSON", Output: "16 keys, print plugin, file on tmpfs", rates: k(20, 40, 60, 80, 100, 125), purge: 8 * time.Second,
			command: func(dir string) ([]string, error) {
				file := filepath.Join(dir, "nfacctd.conf")
				return []string{"nfacctd", "-f", file}, os.WriteFile(file, []byte(nfacctd(dir)), 0o600)
			},
		},
		{
			Name: "nfcapd", Output: "its binary file on tmpfs, not enriched", rates: k(250, 500, 1000, 2000, 3000, 4000),
			command: func(dir string) ([]string, error) {
				flows := filepath.Join(dir, "flows")
				return []string{"nfcapd", "-w", flows, "-p", strconv.Itoa(flowPort), "-b", "127.0.0.1", "-B", "4194304", "-t", "60"}, os.Mkdir(flows, 0o700)
			},
		},
	}
}

// nfacctd are settings with which nearly each flow is a record of its own.
func nfacctd(dir string) string {
	return fmt.Sprintf(`daemonize: false
nfacctd_ip: 127.0.0.1
nfacctd_port: %d
nfacctd_pipe_size: 4194304
plugins: print
plugin_pipe_size: 67108864
plugin_buffer_size: 65536
aggregate: src_host, dst_host, src_port, dst_port, proto, tos, tcpflags, in_iface, out_iface, src_as, dst_as, src_mask, dst_mask, peer_src_ip, timestamp_start, timestamp_end
print_output: json
print_output_file: %s
print_refresh_time: 4
print_cache_entries: 400009
`, flowPort, filepath.Join(dir, "flows.json"))
}

// figuresOf reads metrics of the Prometheus format: sums over all labels, by name.
func figuresOf(ctx context.Context, url string) (map[string]float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(res.Body)
	if cerr := res.Body.Close(); err != nil || cerr != nil {
		return nil, fmt.Errorf("unable to read the metrics: %w", err)
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(data)) {
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		if err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
		name, _, _ := strings.Cut(line[:at], "{")
		all[name] += v
	}
	return all, nil
}
