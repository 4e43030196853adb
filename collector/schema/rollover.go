package schema

import (
	"regexp"
	"strconv"
	"strings"
)

// moved is what a lifecycle policy puts before the name of an index that it shrinks, or mounts from a snapshot (Elasticsearch 7.17, "Shrink", "Searchable snapshot").
var moved = regexp.MustCompile(`^(restored-|partial-|shrink-[a-z0-9_-]{4}-)+`)

// RolloverNumber is the number of an index that rollovers of an alias made: NAME-000001 and so on, also where a lifecycle policy has put another one in its place. What
// somebody else put behind the alias has none.
func RolloverNumber(name, index string) (number uint64, ok bool) {
	digits, ok := strings.CutPrefix(index, name+"-")
	if !ok {
		if digits, ok = strings.CutPrefix(moved.ReplaceAllString(index, ""), name+"-"); !ok {
			return 0, false
		}
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil
}
