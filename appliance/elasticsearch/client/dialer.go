package client

// DialTLS is the DialTLSContext of an HTTP client of another program of the Elastic Stack, which trusts in the same way.
func (t Trust) DialTLS(dial DialFunc) (DialFunc, error) {
	trusted, err := newTrusting(dial, t)
	if err != nil {
		return nil, err
	}
	return trusted.dial, nil
}
