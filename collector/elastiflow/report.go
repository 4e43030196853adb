package elastiflow

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// titles head the parts of the report, in their order.
var titles = []struct {
	class Class
	text  string
}{
	{Translated, "Translated"},
	{AsDefault, "The same by default here, and left out"},
	{SecretToKeep, "Secrets: put each into the credential that is named, by hand"},
	{NotNeeded, "Not needed"},
	{NoEquivalent, "Without equivalent"},
	{Unknown, "Unknown"},
}

// WriteReport says what became of each setting, for people. It has no values in it.
func (r *Result) WriteReport(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Settings of ElastiFlow: %d\n", len(r.Entries))
	for _, title := range titles {
		var part strings.Builder
		n := 0
		for _, e := range r.Entries {
			if e.Result == title.class {
				n++
				part.WriteString("  " + e.String() + "\n")
			}
		}
		if n > 0 {
			fmt.Fprintf(&b, "\n%s (%d):\n%s", title.text, n, part.String())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (e Entry) String() string {
	text := fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Name)
	if len(e.To) > 0 {
		text += " → " + strings.Join(e.To, ", ")
	}
	if e.Note != "" {
		text += ": " + strings.ReplaceAll(e.Note, "`", "")
	}
	return text
}

// WriteJSON says the same to programs.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Settings    []Entry  `json:"settings"`
		Credentials []string `json:"credentials"`
		Lost        int      `json:"lost"`
	}{append([]Entry{}, r.Entries...), append([]string{}, r.credentials...), r.Loses()})
}
