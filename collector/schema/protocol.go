package schema

import "sync"

var protocolNumbers = sync.OnceValue(func() map[string]uint8 {
	numbers := make(map[string]uint8, len(transports))
	for n, keyword := range transports {
		if len(keyword) > 2 { // quoted
			numbers[keyword[1:len(keyword)-1]] = uint8(n)
		}
	}
	return numbers
})

// ProtocolNumber is IANA's number of what network.transport says, and whether there is one.
func ProtocolNumber(keyword string) (number uint8, ok bool) {
	number, ok = protocolNumbers()[keyword]
	return number, ok
}
