package acctest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Pair is a direction of traffic: who sent to whom.
type Pair struct {
	Source, Destination netip.Addr
}

// Sums are what was counted for a pair. Bytes are octets of IP packets, headers included.
type Sums struct {
	Packets, Bytes uint64
}

// ElasticsearchClient talks to a server from within the network of a host.
type ElasticsearchClient struct {
	URL      string // as seen from the host
	CA       []byte // PEM
	Username string // of Do; "elastic" may do everything
	Password string

	client *http.Client
}

// NewElasticsearchClient makes a client for a server at an address as seen from a host, such as 127.0.0.1:9200, with certificates of an authority.
func NewElasticsearchClient(h *Host, address string, ca []byte, username, password string) *ElasticsearchClient {
	e := &ElasticsearchClient{URL: "https://" + address, Username: username, Password: password}
	e.trust(h, address, ca)
	return e
}

// trust makes the connections from now on, to a server with certificates of this authority.
func (e *ElasticsearchClient) trust(h *Host, address string, ca []byte) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	e.CA = ca
	e.client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return h.DialContext(ctx, network, address)
		},
		TLSClientConfig:       &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: 2 * time.Minute,
	}}
}

// HTTPClient trusts the server's authority and reaches it from within the host's network. It adds no credentials.
func (e *ElasticsearchClient) HTTPClient() *http.Client { return e.client }

// Do sends a request as Username. The body is sent as it is when it is a string or bytes (newline-delimited JSON), as JSON
// otherwise; nil is no body. The answer is decoded into what into points to, unless it is nil. A status of 400 and above is an error.
func (e *ElasticsearchClient) Do(ctx context.Context, method, path string, body, into any) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("elasticsearch %s %s: %w", method, path, err)
		}
	}()
	kind := "application/json"
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		kind, content = "application/x-ndjson", bytes.NewReader([]byte(b))
	case []byte:
		kind, content = "application/x-ndjson", bytes.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return fmt.Errorf("body: %w", err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, e.URL+path, content)
	if err != nil {
		return err
	}
	request.SetBasicAuth(e.Username, e.Password)
	if content != nil {
		request.Header.Set("Content-Type", kind)
	}
	response, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(answer))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// Bulk sends a body of the bulk API, compressed with gzip, as Username. Each document in it must have been stored.
func (e *ElasticsearchClient) Bulk(ctx context.Context, index string, gzipped []byte) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL+"/"+index+"/_bulk?filter_path=errors", bytes.NewReader(gzipped))
	if err != nil {
		return err
	}
	request.SetBasicAuth(e.Username, e.Password)
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Content-Encoding", "gzip")
	response, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	var verdict struct {
		Errors *bool `json:"errors"`
	}
	if json.Unmarshal(answer, &verdict) != nil || verdict.Errors == nil || *verdict.Errors {
		return fmt.Errorf("bulk request: %s: %.300s", response.Status, answer)
	}
	return nil
}

// PairSums adds up network.packets and network.bytes of all documents of an index, alias or pattern, for each pair of source.ip and
// destination.ip. It refreshes first, so that everything acknowledged is counted. An index that does not exist has no sums.
func (e *ElasticsearchClient) PairSums(ctx context.Context, index string) (map[Pair]Sums, error) {
	name := url.PathEscape(index)
	if err := e.Do(ctx, http.MethodPost, "/"+name+"/_refresh?ignore_unavailable=true", nil, nil); err != nil {
		return nil, err
	}
	const perPage = 1000
	sums := map[Pair]Sums{}
	source := func(name, field string) any {
		return map[string]any{name: map[string]any{"terms": map[string]any{"field": field}}}
	}
	sum := func(field string) any { return map[string]any{"sum": map[string]any{"field": field}} }
	composite := map[string]any{
		"size": perPage, "sources": []any{source("source", "source.ip"), source("destination", "destination.ip")},
	}
	query := map[string]any{"size": 0, "aggs": map[string]any{"pairs": map[string]any{
		"composite": composite, "aggs": map[string]any{"packets": sum("network.packets"), "bytes": sum("network.bytes")},
	}}}
	for {
		var page pairPage
		if err := e.Do(ctx, http.MethodPost, "/"+name+"/_search?ignore_unavailable=true", query, &page); err != nil {
			return nil, err
		}
		if page.TimedOut || page.Shards.Failed > 0 {
			return nil, fmt.Errorf("sums of %s are not complete: %d shards failed", index, page.Shards.Failed)
		}
		for _, b := range page.Aggregations.Pairs.Buckets {
			pair, s, err := b.sums()
			if err != nil {
				return nil, fmt.Errorf("sums of %s: %w", index, err)
			}
			sums[pair] = s
		}
		if len(page.Aggregations.Pairs.Buckets) < perPage {
			return sums, nil
		}
		composite["after"] = page.Aggregations.Pairs.After
	}
}

// NetFlowStored returns how often each of the flows of a NetFlow exporter is stored, by their numbers from first to last. Those that are not
// are absent. It refreshes first, so that everything acknowledged is counted.
func (e *ElasticsearchClient) NetFlowStored(ctx context.Context, index string, first, last uint32) (map[uint32]int, error) {
	name := url.PathEscape(index)
	if err := e.Do(ctx, http.MethodPost, "/"+name+"/_refresh", nil, nil); err != nil {
		return nil, err
	}
	const perPage = 10_000
	composite := map[string]any{
		"size": perPage, "sources": []any{map[string]any{"number": map[string]any{"terms": map[string]any{"field": "network.bytes"}}}},
		"after": map[string]any{"number": first - 1},
	}
	query := map[string]any{
		"size": 0, "query": map[string]any{"term": map[string]any{"source.ip": netflowSources.String()}},
		"aggs": map[string]any{"flows": map[string]any{"composite": composite}},
	}
	times := map[uint32]int{}
	for {
		var page struct {
			TimedOut bool `json:"timed_out"`
			Shards   struct {
				Failed int `json:"failed"`
			} `json:"_shards"`
			Aggregations struct {
				Flows struct {
					After   any `json:"after_key"`
					Buckets []struct {
						Key struct {
							Number uint32 `json:"number"`
						} `json:"key"`
						Count int `json:"doc_count"`
					} `json:"buckets"`
				} `json:"flows"`
			} `json:"aggregations"`
		}
		if err := e.Do(ctx, http.MethodPost, "/"+name+"/_search", query, &page); err != nil {
			return nil, err
		}
		if page.TimedOut || page.Shards.Failed > 0 {
			return nil, fmt.Errorf("flows stored in %s are not all counted: %d shards failed", index, page.Shards.Failed)
		}
		for _, b := range page.Aggregations.Flows.Buckets {
			if b.Key.Number > last {
				return times, nil
			}
			times[b.Key.Number] = b.Count
		}
		if len(page.Aggregations.Flows.Buckets) < perPage {
			return times, nil
		}
		composite["after"] = page.Aggregations.Flows.After
	}
}

// pairPage is one page of the answer.
type pairPage struct {
	TimedOut bool `json:"timed_out"`
	Shards   struct {
		Failed int `json:"failed"`
	} `json:"_shards"`
	Aggregations struct {
		Pairs struct {
			After   any          `json:"after_key"`
			Buckets []pairBucket `json:"buckets"`
		} `json:"pairs"`
	} `json:"aggregations"`
}

type pairBucket struct {
	Key struct {
		Source      string `json:"source"`
		Destination string `json:"destination"`
	} `json:"key"`
	Packets, Bytes sumValue
}

type sumValue struct {
	Value float64 `json:"value"`
}

// Sums are doubles in Elasticsearch: whole numbers up to 2^53 are exact.
var errInexact = errors.New("not a whole number below 2^53")

func (v sumValue) exact() (uint64, error) {
	if v.Value < 0 || v.Value > 1<<53 || v.Value != float64(uint64(v.Value)) {
		return 0, fmt.Errorf("%g: %w", v.Value, errInexact)
	}
	return uint64(v.Value), nil
}

func (b pairBucket) sums() (pair Pair, s Sums, err error) {
	if pair.Source, err = netip.ParseAddr(b.Key.Source); err != nil {
		return pair, s, err
	}
	if pair.Destination, err = netip.ParseAddr(b.Key.Destination); err != nil {
		return pair, s, err
	}
	if s.Packets, err = b.Packets.exact(); err != nil {
		return pair, s, err
	}
	s.Bytes, err = b.Bytes.exact()
	return pair, s, err
}
