package receive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	ipfixVersion = 10
	// headerSize is the header of an IPFIX message, and so the shortest one (RFC 7011 section 3.1).
	headerSize = 16
	// maxMessage is the longest message: its length is given in 16 bits.
	maxMessage = 65535
)

// messages cuts a stream into IPFIX messages. They stand one behind the other, each with its length in its header; nothing else tells
// where one begins.
type messages struct {
	in     *bufio.Reader // of one message at least
	size   int           // of the message handed out last, still in the buffer
	offset uint64        // of the next message in the stream
}

func newMessages(in io.Reader) *messages {
	return &messages{in: bufio.NewReaderSize(in, maxMessage+1)}
}

// framingError is a header that cannot be one. Where the next message begins is then unknown for good.
type framingError struct {
	offset uint64
	reason string
}

func (e *framingError) Error() string {
	return fmt.Sprintf("IPFIX stream, offset %d: %s", e.offset, e.reason)
}

// next returns the next message, which stands until the call after. The error is io.EOF where the stream ends between two messages,
// io.ErrUnexpectedEOF where it ends within one, a *framingError where no message begins, or the reader's own. After one that passes, such
// as a deadline, next may be called again.
func (m *messages) next() ([]byte, error) {
	if _, err := m.in.Discard(m.size); err != nil {
		return nil, err
	}
	m.offset += uint64(m.size)
	m.size = 0
	// No more than version and length: what is no IPFIX need not be as long as a header.
	start, err := m.in.Peek(4)
	if err != nil {
		return nil, m.ended(err)
	}
	version, length := binary.BigEndian.Uint16(start), int(binary.BigEndian.Uint16(start[2:]))
	switch {
	case version == 0x1603:
		return nil, &framingError{m.offset, "a TLS handshake where the version 10 must be"}
	case version != ipfixVersion:
		return nil, &framingError{m.offset, fmt.Sprintf("version %d where 10 must be", version)}
	case length < headerSize:
		return nil, &framingError{m.offset, fmt.Sprintf("length %d of a message whose header alone has %d octets", length, headerSize)}
	}
	message, err := m.in.Peek(length)
	if err != nil {
		return nil, m.ended(err)
	}
	m.size = length
	return message, nil
}

// partial tells whether there is a part of a message that next could not return.
func (m *messages) partial() bool { return m.size == 0 && m.in.Buffered() > 0 }

func (m *messages) ended(err error) error {
	if errors.Is(err, io.EOF) && m.partial() {
		return io.ErrUnexpectedEOF
	}
	return err
}
