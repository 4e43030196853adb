//go:build packaging

package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// settingsPage is flowcollector.yml(5), in the language of man(7).
func settingsPage(version string, date time.Time) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`.TH "FLOWCOLLECTOR.YML" "5" "%s" "flowcollector %s" "Flow collector"`, date.Format("Jan 2006"), roff(version))
	line(".SH NAME\nflowcollector.yml \\- settings of the flow collector")
	line(".SH SYNOPSIS\n%s", roff(DefaultFile))
	line(".SH DESCRIPTION")
	line("%s", roff("A YAML file; a setting that is not in it has its default. Below, settings are named with dots: log.level is"))
	line(".PP\n.RS\n.nf\nlog:\n  level: info\n.fi\n.RE\n.PP")
	line("%s", roff("Sizes are written like 4MiB, durations like 30s, lists like [a, b]. A changed file is read by systemctl reload flowcollector; what needs a restart is marked."))
	line(".PP\n.B flowcollector check\nnames every mistake in the file, with line and column;\n.B flowcollector check \\-\\-print\\-effective\nshows every setting with its value.")
	line(".SH SETTINGS")
	group := ""
	for _, k := range config.Keys() {
		if first, _, _ := strings.Cut(k.Key, "."); first != group {
			group = first
			line(".SS %s", roff(group))
		}
		line(".TP\n.BR %s \" (%s)\"", roff(k.Key), roff(k.Type))
		line("%s", roff(k.Description))
		if k.Default != "" {
			line(".br\nDefault: %s", roff(k.Default))
		}
		if k.Restart {
			line(".br\nA change needs a restart.")
		}
	}
	line(".SH FILES")
	for _, f := range [][2]string{
		{DefaultFile, "The settings. No secret belongs into them."},
		{"/etc/flowcollector/credentials/", "Secrets for systemd to hand over, with LoadCredential= in a drop-in. For root only."},
		{"/var/lib/flowcollector/", "What exporters announced, recent flows, the spool and documents that were refused."},
	} {
		line(".TP\n.I %s\n%s", roff(f[0]), roff(f[1]))
	}
	line(".SH SEE ALSO\n.BR flowcollector (1),\n.BR flowcollector\\-check (1),\n.BR systemd.exec (5)")
	return b.Bytes()
}

// roff makes text of one line plain to the formatter: no escape, no request, hyphens that can be copied.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ", `"`, `\(dq`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

var section = regexp.MustCompile(`(?m)^## (.*)$`)

// debianChangelog is the newest section of a changelog in the form of deb-changelog(5). The package is native: its version has no revision.
func debianChangelog(markdown []byte, version string, date time.Time) ([]byte, error) {
	starts := section.FindAllIndex(markdown, 2)
	if len(starts) == 0 {
		return nil, errors.New("there is no section")
	}
	end := len(markdown)
	if len(starts) == 2 {
		end = starts[1][0]
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "flowcollector (%s) stable; urgency=medium\n", version)
	entry := ""
	flush := func() {
		wrap(&b, "  * ", entry)
		entry = ""
	}
	for text := range strings.Lines(string(markdown[starts[0][1]:end])) {
		text = strings.TrimSpace(text)
		switch heading, item := strings.CutPrefix(text, "### "); {
		case item:
			flush()
			fmt.Fprintf(&b, "\n  [ %s ]\n", heading)
		case strings.HasPrefix(text, "- "):
			flush()
			entry = text[2:]
		default:
			entry += " " + text
		}
	}
	flush()
	if !bytes.Contains(b.Bytes(), []byte("  * ")) {
		return nil, errors.New("its newest section is empty")
	}
	fmt.Fprintf(&b, "\n -- flowstack maintainers <maintainers@flowstack.dev>  %s\n", date.Format(time.RFC1123Z))
	return b.Bytes(), nil
}

// wrap writes a text in lines of at most 80 columns where its words allow it, the first one behind first, the others as far to the right.
func wrap(b *bytes.Buffer, first, text string) {
	line := first
	for word := range strings.FieldsSeq(text) {
		if len(line) > len(first) && len(line)+1+len(word) > 80 {
			fmt.Fprintln(b, line)
			line = strings.Repeat(" ", len(first))
		}
		if len(line) > len(first) {
			line += " "
		}
		line += word
	}
	if line != first {
		fmt.Fprintln(b, line)
	}
}
