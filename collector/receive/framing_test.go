package receive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"time"
)

// ipfix makes a message of so many octets with a body that tells it from others.
func ipfix(size int, mark byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, 10)
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	return append(b, bytes.Repeat([]byte{mark}, size-4)...)
}

func TestFraming(t *testing.T) {
	shortest, longest := ipfix(16, 'a'), ipfix(65535, 'b')
	for name, test := range map[string]struct {
		stream   []byte
		messages int
		want     string // the error; empty is io.EOF
	}{
		"nothing":               {nil, 0, ""},
		"one":                   {shortest, 1, ""},
		"shortest and longest":  {bytes.Join([][]byte{shortest, longest, shortest, longest}, nil), 4, ""},
		"cut in the version":    {append(bytes.Clone(shortest), 0), 1, "unexpected EOF"},
		"cut in the header":     {shortest[:15], 0, "unexpected EOF"},
		"cut in the message":    {longest[:65534], 0, "unexpected EOF"},
		"NetFlow v9":            {[]byte{0, 9, 0, 20}, 0, "IPFIX stream, offset 0: version 9 where 10 must be"},
		"HTTP":                  {append(bytes.Clone(shortest), "GET / HTTP/1.1\r\n"...), 1, "IPFIX stream, offset 16: version 18245 where 10 must be"},
		"TLS to a port without": {[]byte{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3}, 0, "IPFIX stream, offset 0: a TLS handshake where the version 10 must be"},
		"short length":          {append(bytes.Clone(longest), 0, 10, 0, 15, 0), 1, "IPFIX stream, offset 65535: length 15 of a message whose header alone has 16 octets"},
		"length 0":              {[]byte{0, 10, 0, 0}, 0, "IPFIX stream, offset 0: length 0 of a message whose header alone has 16 octets"},
	} {
		t.Run(name, func(t *testing.T) {
			for way, reader := range map[string]io.Reader{"whole": bytes.NewReader(test.stream), "octet by octet": iotest.OneByteReader(bytes.NewReader(test.stream))} {
				m := newMessages(reader)
				var got []byte
				n := 0
				message, err := m.next()
				for ; err == nil; message, err = m.next() {
					got = append(got, message...)
					n++
				}
				if n != test.messages || !bytes.HasPrefix(test.stream, got) {
					t.Errorf("%s: %d messages of %d octets, want %d", way, n, len(got), test.messages)
				}
				if test.want == "" && !errors.Is(err, io.EOF) || test.want != "" && err.Error() != test.want {
					t.Errorf("%s: error %q, want %q", way, err, test.want)
				}
			}
		})
	}
}

func TestFramingAtEveryBoundary(t *testing.T) {
	stream := append(ipfix(20, 'a'), ipfix(33, 'b')...)
	for cut := range stream {
		m := newMessages(io.MultiReader(bytes.NewReader(stream[:cut]), bytes.NewReader(stream[cut:])))
		for _, want := range [][]byte{stream[:20], stream[20:]} {
			if got, err := m.next(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("cut at %d: %d octets, %v; want %d", cut, len(got), err, len(want))
			}
		}
		if _, err := m.next(); !errors.Is(err, io.EOF) {
			t.Errorf("cut at %d: %v at the end", cut, err)
		}
	}
}

func TestFramingGoesOnAfterAnErrorThatPasses(t *testing.T) {
	stream := append(ipfix(100, 'a'), ipfix(50, 'b')...)
	m := newMessages(iotest.TimeoutReader(iotest.HalfReader(bytes.NewReader(stream))))
	var sizes []int
	timeouts := 0
	for {
		message, err := m.next()
		if errors.Is(err, iotest.ErrTimeout) {
			timeouts++
			continue
		}
		if err != nil {
			break
		}
		sizes = append(sizes, len(message))
	}
	if timeouts != 1 || len(sizes) != 2 || sizes[0] != 100 || sizes[1] != 50 {
		t.Errorf("%d time-outs, messages of %v octets", timeouts, sizes)
	}
}

// FuzzFraming holds the framing to what a stream says about itself: messages follow each other without a gap and carry their length, and
// the stream is read to its end unless a header is wrong there.
func FuzzFraming(f *testing.F) {
	f.Add(append(ipfix(16, 'a'), ipfix(300, 'b')...), 7)
	f.Add(ipfix(65535, 'c'), 1000)
	f.Add(ipfix(16, 'a')[:9], 1)
	f.Add([]byte{0, 10, 0, 15}, 3)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), 2)
	f.Fuzz(func(t *testing.T, stream []byte, segment int) {
		m := newMessages(&segments{stream, max(segment, 1)})
		at := 0
		for {
			message, err := m.next()
			if err == nil {
				if len(message) < headerSize || !bytes.HasPrefix(stream[at:], message) || int(binary.BigEndian.Uint16(message[2:])) != len(message) || message[1] != ipfixVersion {
					t.Fatalf("offset %d: a message of %d octets", at, len(message))
				}
				at += len(message)
				continue
			}
			rest := stream[at:]
			var framing *framingError
			switch {
			case errors.As(err, &framing):
				if int(framing.offset) != at || len(rest) < 4 || binary.BigEndian.Uint16(rest) == ipfixVersion && binary.BigEndian.Uint16(rest[2:]) >= headerSize {
					t.Fatalf("offset %d: %v", at, err)
				}
			case errors.Is(err, io.EOF):
				if len(rest) != 0 {
					t.Fatalf("%d octets were not read", len(rest))
				}
			case errors.Is(err, io.ErrUnexpectedEOF):
				if len(rest) == 0 || len(rest) >= 4 && len(rest) >= int(binary.BigEndian.Uint16(rest[2:])) {
					t.Fatalf("offset %d: %v with %d octets left", at, err, len(rest))
				}
			default:
				t.Fatal(err)
			}
			return
		}
	})
}

// segments is a stream that arrives in segments of a size.
type segments struct {
	rest []byte
	size int
}

func (s *segments) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:min(s.size, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}

func TestSample(t *testing.T) {
	var s sample
	now := time.Unix(1_700_000_000, 0)
	var got []uint64
	for range 3 {
		for range 100 {
			if n := s.take(now); n > 0 {
				got = append(got, n)
			}
		}
		now = now.Add(logEvery)
	}
	if !slices.Equal(got, []uint64{1, 100, 100}) {
		t.Errorf("lines for %v times", got)
	}
}
