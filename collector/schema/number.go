package schema

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// pairs are the numbers up to 99 in two digits, as they lie in memory.
var pairs = func() (all [100]uint16) {
	for n := range all {
		all[n] = binary.LittleEndian.Uint16([]byte{byte('0' + n/10), byte('0' + n%10)})
	}
	return all
}()

// digits is how long numbers of so many bits are at most, and least the smallest number of so many digits.
var (
	digits = func() (all [65]uint8) {
		for n := range all {
			all[n] = uint8(1 + n*1233>>12)
		}
		return all
	}()
	least = func() (all [21]uint64) {
		for n, power := 2, uint64(10); n < len(all); n, power = n+1, power*10 {
			all[n] = power
		}
		return all
	}()
)

// appendUint appends a decimal number. It is half the cost of strconv.AppendUint.
func appendUint(dst []byte, n uint64) []byte {
	if n < 10 {
		return append(dst, byte('0'+n))
	}
	length := int(digits[bits.Len64(n)])
	if n < least[length] {
		length--
	}
	if cap(dst)-len(dst) < length {
		dst = slices.Grow(dst, length)
	}
	at := len(dst)
	dst = dst[:at+length]
	to := dst[at:]
	for length >= 2 {
		length -= 2
		rest := n / 100
		binary.LittleEndian.PutUint16(to[length:], pairs[n-rest*100])
		n = rest
	}
	if length == 1 {
		to[0] = byte('0' + n)
	}
	return dst
}

// appendLong appends what fits Elasticsearch's long, which is signed.
func appendLong(dst []byte, n uint64) []byte { return appendUint(dst, min(n, 1<<63-1)) }

func appendQuoted(dst []byte, n uint64) []byte { return append(appendUint(append(dst, '"'), n), '"') }

// octets are the numbers up to 255 with a dot behind them, as they lie in memory, and how long that is.
var octets = func() (all [256]struct{ text, length uint32 }) {
	for n := range all {
		text := append(appendUint(nil, uint64(n)), '.')
		all[n].length = uint32(len(text))
		all[n].text = binary.LittleEndian.Uint32(append(text, 0, 0)[:4])
	}
	return all
}()

// longestIPv4 is room for an address in quotes.
const longestIPv4 = len(`"255.255.255.255"`)

// appendAddr appends an address, and nothing for none.
func appendAddr(dst []byte, a netip.Addr) []byte {
	switch {
	case a.Is4():
		if cap(dst)-len(dst) < longestIPv4 {
			dst = slices.Grow(dst, longestIPv4)
		}
		at := len(dst)
		to := dst[at : at+longestIPv4]
		to[0] = '"'
		n := uint32(1)
		for _, b := range a.As4() {
			binary.LittleEndian.PutUint32(to[n:], octets[b].text)
			n += octets[b].length
		}
		to[n-1] = '"'
		return dst[:at+int(n)]
	case a.IsValid():
		dst = append(dst, '"')
		dst = a.AppendTo(dst)
		return append(dst, '"')
	}
	return dst
}
