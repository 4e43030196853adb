package schema

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

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

// ParseProtocol reads what people write for a protocol: its keyword, in any case, or IANA's number.
func ParseProtocol(text string) (uint8, error) {
	if n, err := strconv.ParseUint(text, 10, 8); err == nil && n > 0 {
		return uint8(n), nil
	}
	if n, ok := ProtocolNumber(strings.ToLower(text)); ok {
		return n, nil
	}
	return 0, fmt.Errorf("%q is not a protocol; write it like tcp, udp or 47", text)
}
