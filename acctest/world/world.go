// Package world makes up an internet to measure with: who has which address, where that is, and who talks to whom. The same seed makes the
// same world. Nothing of it is real but the shape: how many networks there are, how finely they are cut, how long names are, and how
// unevenly traffic is spread over all of it.
package world

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// hash makes a number of several, the same every time.
func hash(of ...uint64) uint64 {
	n := uint64(0x9e3779b97f4a7c15)
	for _, v := range of {
		n ^= v
		n ^= n >> 30
		n *= 0xbf58476d1ce4e5b9
		n ^= n >> 27
		n *= 0x94d049bb133111eb
		n ^= n >> 31
	}
	return n
}

// Salts keep the choices that are made of one thing apart.
const (
	saltCountry = iota + 1
	saltCut
	saltCity
	saltAS
	saltName
	saltPlace
	saltAddress
	saltService
)

// skewed spreads a hash over n things so that few get much: the first of 1000 gets a tenth.
func skewed(h uint64, n int) int {
	u := float64(h>>11) / (1 << 53)
	return int(u * u * u * float64(n))
}

// public tells the first octets of IPv4 that are cut up. Those with networks for special use in them (RFC 6890) are left alone as a whole.
func public(first int) bool {
	switch first {
	case 0, 10, 100, 127, 169, 172, 192, 198, 203:
		return false
	}
	return first < 224
}

// Address is one of the public addresses, by number: nine of ten are IPv4.
func Address(n uint64) netip.Addr {
	h := hash(saltAddress, n)
	if h%10 == 0 {
		a := [16]byte{0x2a, byte(h >> 8 % 32)}
		binary.BigEndian.PutUint32(a[2:], uint32(h>>16))
		binary.BigEndian.PutUint64(a[8:], hash(h))
		return netip.AddrFrom16(a)
	}
	a := [4]byte{byte(h >> 8), byte(h >> 16), byte(h >> 24), byte(h >> 32)}
	for !public(int(a[0])) {
		h = hash(h)
		a[0] = byte(h)
	}
	return netip.AddrFrom4(a)
}

// syllables are put together to names that are about as long as those of towns.
var syllables = [...]string{
	"al", "ber", "cas", "del", "en", "fur", "gra", "ham", "is", "jor", "kir", "lo", "mar", "neu", "ost", "por", "quin", "ros", "sal", "tor",
	"ul", "ville", "wes", "xan", "yor", "zell", "ford", "burg", "ton", "field", "haven", "stadt",
}

func name(of ...uint64) string {
	h := hash(append(of, saltName)...)
	var b strings.Builder
	for range 2 + h%3 {
		h = hash(h)
		b.WriteString(syllables[h%uint64(len(syllables))])
	}
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}
