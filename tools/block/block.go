// Package block writes parts of a page that are made by programs: what is between two comments of Markdown.
package block

import (
	"bytes"
	"fmt"
	"os"
)

// Replace writes the block of a page anew, between <!-- begin name --> and <!-- end name -->, each a line of its own.
func Replace(page, name, text string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("unable to read the page: %w", err)
	}
	fresh, err := replace(old, name, text)
	if err != nil {
		return fmt.Errorf("unable to write block %s of %s: %w", name, page, err)
	}
	if bytes.Equal(old, fresh) {
		return nil
	}
	return os.WriteFile(page, fresh, 0o644) //nolint:gosec // G306: a page of the documentation
}

func replace(page []byte, name, text string) ([]byte, error) {
	begin, end := []byte("<!-- begin "+name+" -->\n"), []byte("<!-- end "+name+" -->\n")
	before, rest, found := bytes.Cut(page, begin)
	if !found {
		return nil, fmt.Errorf("there is no line %q", bytes.TrimSpace(begin))
	}
	_, after, found := bytes.Cut(rest, end)
	if !found {
		return nil, fmt.Errorf("there is no line %q", bytes.TrimSpace(end))
	}
	return bytes.Join([][]byte{before, begin, []byte("\n" + string(bytes.TrimSpace([]byte(text))) + "\n\n"), end, after}, nil), nil
}
