// Package replay decodes flow packets from files, through the same decoder, enrichment and encoder as the service.
package replay

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Options say how files are read.
type Options struct {
	Exporter netip.Addr      // of files that are a packet's payload
	Enrich   config.Enrich   // what is added; nobody is asked for names
	Document config.Document // which fields are written
	Dialect  flow.Dialect
	Report   func(error) // takes each file that could not be read to its end, and each packet that could not be decoded, by file and number
}

// Summary counts what was read.
type Summary struct {
	Files, Packets, Flows int
	Unread                int // of the files, those not read, or not to their end
	Failed                int // packets not decoded to their end
	Skipped               int // packets of a capture that are not UDP, or fragments
	Waiting               int // data sets whose template never came
}

func (s Summary) String() string {
	files := fmt.Sprintf("%d files", s.Files)
	if s.Unread > 0 {
		files += fmt.Sprintf(" (%d not read to the end)", s.Unread)
	}
	return fmt.Sprintf("%s, %d packets, %d flows, %d packets not decoded, %d packets skipped (not UDP, or fragments), %d data sets without a template",
		files, s.Packets, s.Flows, s.Failed, s.Skipped, s.Waiting)
}

// replay is the state over all files.
type replay struct {
	Options
	Summary
	out      io.Writer
	table    *exporter.Table
	decoder  *decode.Decoder
	enricher *enrich.Enricher
	encoder  *schema.Encoder
	records  []flow.Record
	line     []byte
}

// Files writes a line of JSON to out for each flow in the files, in order. A file that cannot be read, or not to its end, is reported and
// counted, and the next one is read. The error is about what is to be added, out or ctx.
func Files(ctx context.Context, out io.Writer, files []string, o Options) (Summary, error) {
	encoder, err := schema.NewEncoder(o.Document.Selection())
	if err != nil {
		return Summary{}, err
	}
	added := enrich.FromConfig(o.Enrich)
	added.Encoder, added.Logger = encoder, slog.New(slog.DiscardHandler)
	known := enrich.Open(added)
	for _, s := range known.Status() {
		if !s.Loaded {
			return Summary{}, errors.New(s.Error) // named on the command line, so it is wanted
		}
	}
	table := exporter.NewTable(exporter.Limits{})
	table.Apply(exporter.Policy{Dialect: o.Dialect})
	r := &replay{Options: o, out: out, table: table, decoder: decode.New(table), enricher: known.New(), encoder: encoder}
	for _, name := range files {
		r.Files++
		err := r.file(ctx, name)
		if unread := (unreadError{}); errors.As(err, &unread) {
			r.Unread++
			r.report(unread)
		} else if err != nil {
			return r.Summary, err
		}
	}
	r.Waiting = table.Snapshot().Total.Waiting
	return r.Summary, nil
}

// unreadError is one about a file that is to be read.
type unreadError struct{ error }

func (e unreadError) Unwrap() error { return e.error }

func (r *replay) report(problem error) {
	if r.Report != nil {
		r.Report(problem)
	}
}

func (r *replay) file(ctx context.Context, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return unreadError{err}
	}
	if isCapture(data) {
		return r.capture(ctx, name, data)
	}
	// The payload alone does not say when it was received: the exporter's own clock is the best there is, or else when the file was written.
	received, ok := exportTime(data)
	if !ok {
		info, err := os.Stat(name)
		if err != nil {
			return unreadError{err}
		}
		received = info.ModTime()
	}
	return r.packet(name, 1, data, netip.AddrPortFrom(r.Exporter, 0), received)
}

// isCapture tells pcap (either byte order, micro- and nanoseconds) and pcapng by their magic numbers.
func isCapture(data []byte) bool {
	for _, magic := range [][]byte{
		{0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, {0x0a, 0x0d, 0x0d, 0x0a},
	} {
		if bytes.HasPrefix(data, magic) {
			return true
		}
	}
	return false
}

// exportTime reads the seconds that the headers of NetFlow and IPFIX have; those of sFlow have none.
func exportTime(data []byte) (at time.Time, ok bool) {
	if len(data) < 12 || binary.BigEndian.Uint16(data) == 0 {
		return time.Time{}, false
	}
	seconds := data[8:]
	if binary.BigEndian.Uint16(data) == 10 { // IPFIX: RFC 7011 section 3.1
		seconds = data[4:]
	}
	return time.Unix(int64(binary.BigEndian.Uint32(seconds)), 0), true
}

func (r *replay) packet(name string, number int, payload []byte, from netip.AddrPort, received time.Time) error {
	r.Packets++
	var failed error
	r.records, failed = r.decoder.Decode(r.records[:0], payload, exporter.Origin{Address: from.Addr()}, received)
	r.Flows += len(r.records)
	for i := range r.records {
		r.enricher.Enrich(&r.records[i])
		r.line = append(r.encoder.Append(r.line[:0], &r.records[i]), '\n')
		if _, err := r.out.Write(r.line); err != nil {
			return err
		}
	}
	if failed != nil {
		r.Failed++
		r.report(fmt.Errorf("%s, packet %d: %w", name, number, failed))
	}
	return nil
}
