package kibana

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

const handshakeTimeout = 30 * time.Second

// Pinned makes TLS connections to a Kibana that presents exactly the certificate that read gives, the first one of a PEM file: the one that it was told to
// use. Whose name is in that, and who signed it, does not matter then. One that presents another one has not read its file since that changed.
func Pinned(dial client.DialFunc, read func(ctx context.Context) ([]byte, error)) client.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		content, err := read(ctx)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(content)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("the file of its certificate does not begin with one")
		}
		plain, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		conn := tls.Client(plain, &tls.Config{
			MinVersion:         tls.VersionTLS12,
			InsecureSkipVerify: true, //nolint:gosec // VerifyConnection is stricter
			VerifyConnection: func(state tls.ConnectionState) error {
				if len(state.PeerCertificates) == 0 || !bytes.Equal(state.PeerCertificates[0].Raw, block.Bytes) {
					return errors.New("it presents another certificate than that of its file")
				}
				return nil
			},
		})
		ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
		defer cancel()
		if err := conn.HandshakeContext(ctx); err != nil {
			_ = plain.Close() // of no use, and why is known
			return nil, fmt.Errorf("TLS: %w", err)
		}
		return conn, nil
	}
}
