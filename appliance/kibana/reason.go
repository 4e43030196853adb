package kibana

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// line is one of Kibana's log, in the form of 7.x ("tags") or of 8.x ("log").
type line struct {
	Timestamp time.Time `json:"@timestamp"`
	Tags      []string  `json:"tags"`
	Log       struct{ Level, Logger string }
	Message   string `json:"message"`
}

// level is how bad it is: 2 for what ends Kibana, 1 for an error, 0 for the rest.
func (l line) level() int {
	level := strings.ToLower(l.Log.Level)
	switch {
	case level == "fatal" || slices.Contains(l.Tags, "fatal"):
		return 2 //nolint:mnd // see above
	case level == "error" || slices.Contains(l.Tags, "error"):
		return 1
	}
	return 0
}

// reasons are how many of the last different messages are told.
const reasons = 5

// Reasons are the last messages of Kibana's log, or of its journal, since it was started that say why it does not work: what ended it or, without that,
// errors.
func Reasons(log string, since time.Time) []string {
	found := map[int][]string{}
	for text := range strings.Lines(log) {
		text = strings.TrimSpace(text)
		if _, fatal, ok := strings.Cut(text, "FATAL"); ok && !strings.HasPrefix(text, "{") { // what it writes to its standard error in the end
			found[2] = append(found[2], strings.TrimSpace(fatal))
			continue
		}
		var l line
		if json.Unmarshal([]byte(text), &l) != nil || l.level() == 0 || l.Timestamp.Before(since) {
			continue
		}
		message, _, _ := strings.Cut(l.Message, "\n") // without the stack
		message, _, _ = strings.Cut(message, `\n    at `)
		found[l.level()] = append(found[l.level()], strings.TrimPrefix(message, "{ "))
	}
	worst := found[2]
	if len(worst) == 0 {
		worst = found[1]
	}
	var last []string
	for _, message := range slices.Backward(worst) {
		if message != "" && !slices.Contains(last, message) && len(last) < reasons {
			last = append(last, message)
		}
	}
	slices.Reverse(last)
	return last
}
