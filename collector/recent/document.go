package recent

import (
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// row is what the columns of a flow are made from. What the document does not say is zero.
type row struct {
	time                int64 // Unix milliseconds
	exporter            netip.Addr
	source, destination sideRow
	protocol            uint8
	octets, packets     int64 // at most 2⁶³-1, which SQLite's integers are
	application         string
}

type sideRow struct {
	address netip.Addr
	port    uint16
	as      uint32
	country string
}

var errDocument = errors.New("not a JSON object")

// reader reads documents, one after the other. It reads objects in whatever order, and passes over what it does not know; a document of the
// collector's own encoder is read without an allocation once its texts are known.
type reader struct {
	data  []byte // what is left of the document
	names map[string]string
	row   *row
}

// maxNames bounds the texts that a reader remembers.
const maxNames = 4096

// read fills r from a document. What comes before an error is filled in.
func (d *reader) read(doc []byte, r *row) error {
	*r = row{}
	d.data, d.row = doc, r
	return d.object((*reader).document)
}

// member reads the value of a member of an object, or nothing, which lets it be passed over.
type member func(d *reader, name []byte) error

func (d *reader) document(name []byte) error {
	switch string(name) {
	case "@timestamp":
		text, err := d.text()
		if err == nil {
			d.row.time, err = milliseconds(text)
		}
		return err
	case "observer":
		return d.object((*reader).observer)
	case "network":
		return d.object((*reader).network)
	case "source":
		return d.object((*reader).sourceSide)
	case "destination":
		return d.object((*reader).destinationSide)
	}
	return d.skip()
}

func (d *reader) observer(name []byte) error {
	if string(name) == "ip" {
		return d.address(&d.row.exporter)
	}
	return d.skip()
}

func (d *reader) network(name []byte) error {
	switch string(name) {
	case "transport":
		text, err := d.text()
		if n, ok := schema.ProtocolNumber(d.known(text)); ok {
			d.row.protocol = n
		}
		return err
	case "iana_number":
		text, err := d.text()
		n, perr := strconv.ParseUint(d.known(text), 10, 8)
		d.row.protocol = uint8(n)
		return errors.Join(err, perr)
	case "bytes":
		return d.count(&d.row.octets)
	case "packets":
		return d.count(&d.row.packets)
	case "application":
		text, err := d.text()
		d.row.application = d.known(text)
		return err
	}
	return d.skip()
}

func (d *reader) sourceSide(name []byte) error {
	return d.side(&d.row.source, name, sourceAS, sourceGeo)
}

func (d *reader) destinationSide(name []byte) error {
	return d.side(&d.row.destination, name, destinationAS, destinationGeo)
}

func (d *reader) side(s *sideRow, name []byte, as, geo member) error {
	switch string(name) {
	case "ip":
		return d.address(&s.address)
	case "port":
		n, err := d.number()
		s.port = uint16(n)
		return err
	case "as":
		return d.object(as)
	case "geo":
		return d.object(geo)
	}
	return d.skip()
}

func sourceAS(d *reader, name []byte) error      { return d.system(&d.row.source, name) }
func destinationAS(d *reader, name []byte) error { return d.system(&d.row.destination, name) }

func (d *reader) system(s *sideRow, name []byte) error {
	if string(name) != "number" {
		return d.skip()
	}
	n, err := d.number()
	s.as = uint32(n)
	return err
}

func sourceGeo(d *reader, name []byte) error      { return d.geo(&d.row.source, name) }
func destinationGeo(d *reader, name []byte) error { return d.geo(&d.row.destination, name) }

func (d *reader) geo(s *sideRow, name []byte) error {
	if string(name) != "country_iso_code" {
		return d.skip()
	}
	text, err := d.text()
	s.country = d.known(text)
	return err
}

// known returns the text as a string, the same one each time.
func (d *reader) known(text []byte) string {
	if s, ok := d.names[string(text)]; ok {
		return s
	}
	if d.names == nil || len(d.names) >= maxNames {
		d.names = make(map[string]string, maxNames)
	}
	s := string(text)
	d.names[s] = s
	return s
}

func (d *reader) address(into *netip.Addr) error {
	text, err := d.text()
	if err != nil {
		return err
	}
	if a, ok := address4(text); ok {
		*into = a
		return nil
	}
	a, err := netip.ParseAddr(string(text))
	*into = a.Unmap().WithZone("")
	return err
}

// address4 reads an IPv4 address without making a string of it.
func address4(text []byte) (netip.Addr, bool) {
	var octets [4]byte
	at, digits, n := 0, 0, 0
	for _, c := range text {
		switch {
		case c == '.' && digits > 0 && at < 3:
			octets[at] = byte(n)
			at, digits, n = at+1, 0, 0
		case c >= '0' && c <= '9' && digits < 3:
			n, digits = 10*n+int(c-'0'), digits+1
			if n > 255 {
				return netip.Addr{}, false
			}
		default:
			return netip.Addr{}, false
		}
	}
	octets[at] = byte(n)
	return netip.AddrFrom4(octets), at == 3 && digits > 0
}

// count reads a number that SQLite can hold, or the largest one that it can.
func (d *reader) count(into *int64) error {
	n, err := d.number()
	*into = int64(min(n, math.MaxInt64))
	return err
}

// milliseconds reads a time as the encoder writes it, 2006-01-02T15:04:05.000Z.
func milliseconds(text []byte) (int64, error) {
	const form = "2006-01-02T15:04:05.000Z"
	if len(text) != len(form) {
		return 0, errors.New("@timestamp is not of the form " + form)
	}
	part := func(from, to int) (n int) {
		for _, c := range text[from:to] {
			n = 10*n + int(c-'0')
		}
		return n
	}
	t := time.Date(part(0, 4), time.Month(part(5, 7)), part(8, 10), part(11, 13), part(14, 16), part(17, 19), part(20, 23)*1e6, time.UTC)
	return t.UnixMilli(), nil
}

// flow makes a Flow of a document.
func parseFlow(doc []byte) (Flow, error) {
	type side struct {
		IP     netip.Addr `json:"ip"`
		Port   uint16     `json:"port"`
		Domain string     `json:"domain"`
		AS     struct {
			Number       uint32 `json:"number"`
			Organization struct {
				Name string `json:"name"`
			} `json:"organization"`
		} `json:"as"`
		Geo struct {
			Country string `json:"country_iso_code"`
		} `json:"geo"`
	}
	type ports struct {
		Interface struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"interface"`
	}
	var d struct {
		Timestamp time.Time `json:"@timestamp"`
		Observer  struct {
			IP      netip.Addr `json:"ip"`
			Ingress ports      `json:"ingress"`
			Egress  ports      `json:"egress"`
		} `json:"observer"`
		Network struct {
			Transport   string `json:"transport"`
			Number      string `json:"iana_number"`
			Bytes       uint64 `json:"bytes"`
			Packets     uint64 `json:"packets"`
			Application string `json:"application"`
			Direction   string `json:"direction"`
		} `json:"network"`
		Source      side `json:"source"`
		Destination side `json:"destination"`
		Flow        struct {
			Direction string `json:"direction"`
		} `json:"flow"`
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		return Flow{}, err
	}
	end := func(s side) Side {
		return Side{s.IP.WithZone(""), s.Port, s.Domain, s.AS.Number, s.AS.Organization.Name, s.Geo.Country}
	}
	f := Flow{
		Time: d.Timestamp, Exporter: d.Observer.IP.WithZone(""), Source: end(d.Source), Destination: end(d.Destination),
		Transport: d.Network.Transport, Octets: d.Network.Bytes, Packets: d.Network.Packets, Application: d.Network.Application,
		Input: Interface(d.Observer.Ingress.Interface), Output: Interface(d.Observer.Egress.Interface),
		Direction: d.Network.Direction, Document: doc,
	}
	if f.Direction == "" {
		f.Direction = d.Flow.Direction
	}
	f.Protocol, _ = schema.ProtocolNumber(f.Transport)
	if n, err := strconv.ParseUint(strings.TrimSpace(d.Network.Number), 10, 8); err == nil {
		f.Protocol = uint8(n)
	}
	return f, nil
}
