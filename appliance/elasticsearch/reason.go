package elasticsearch

import (
	"regexp"
	"slices"
	"strings"
)

// Patterns of Elasticsearch's log, "[2026-11-27T10:15:00,123][ERROR][o.e.b.Bootstrap ] [node] text".
var (
	startLine    = regexp.MustCompile(`\] version\[[0-9.]+`)
	checkFailure = regexp.MustCompile(`bootstrap check failure \[\d+\] of \[\d+\]: .*`)
	exception    = regexp.MustCompile(`^(?:Exception in thread "[^"]*" |uncaught exception in thread \[[^]]*\] )?((?:[a-z][A-Za-z0-9_]*\.)+[A-Z][A-Za-z0-9_$]*(?:Exception|Error)(?:\[.*|: .*))$`)
	cause        = regexp.MustCompile(`^(?:Likely root cause|Caused by): (.*)$`)
	severe       = regexp.MustCompile(`^\[[^]]*\]\[(?:ERROR|FATAL)\s*\]\[[^]]*\]\s*(?:\[[^]]*\])?\s*(.*)$`)
	notFormed    = regexp.MustCompile(`(master not discovered(?: yet| or elected yet)?[,:].*)$`)
)

// remedies say what to do about some of the reasons.
var remedies = []struct{ word, remedy string }{
	{"vm.max_map_count", "set vm.max_map_count with flowstack_sysctl and sysctl_profile(\"elasticsearch\")"},
	{"memory is not locked", "the host does not let the service lock memory, as containers often do not: give memory_lock = false, and take care that nothing is swapped out"},
	{"max file descriptors", "a drop-in of somebody else lowers LimitNOFILE of elasticsearch.service"},
	{"max number of threads", "a drop-in of somebody else lowers LimitNPROC of elasticsearch.service"},
	{"the default discovery settings are unsuitable", "give seed_hosts"},
	{"Transport SSL must be enabled", "give tls.transport"},
	{"serial collector", "take -XX:+UseSerialGC out of jvm_options"},
}

// Reasons finds in a node's log, or in its journal, why its last start failed: bootstrap checks, and the innermost causes of exceptions. Each is one line.
func Reasons(log string) []string {
	lines := strings.Split(log, "\n")
	for i, line := range slices.Backward(lines) {
		if startLine.MatchString(line) {
			lines = lines[i:]
			break
		}
	}
	var reasons []string
	add := func(text string) {
		text = strings.TrimSpace(text)
		for _, r := range remedies {
			if strings.Contains(text, r.word) {
				text += " (" + r.remedy + ")"
			}
		}
		if text != "" && !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	var thrown, waiting string
	for _, raw := range lines {
		line := strings.TrimSpace(raw)
		if m := checkFailure.FindString(line); m != "" {
			add(m)
			continue
		}
		if m := notFormed.FindStringSubmatch(line); m != nil {
			waiting = m[1]
			continue
		}
		if m := cause.FindStringSubmatch(line); m != nil {
			thrown = m[1]
			continue
		}
		if m := exception.FindStringSubmatch(line); m != nil && thrown == "" {
			thrown = m[1]
			continue
		}
		if m := severe.FindStringSubmatch(line); m != nil && !strings.Contains(m[1], "bootstrap checks failed") && !strings.Contains(m[1], "uncaught exception") {
			add(m[1])
		}
	}
	if thrown != "" {
		add(thrown)
	}
	if waiting != "" && len(reasons) == 0 {
		add(waiting)
	}
	return reasons
}
