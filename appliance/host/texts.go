package host

import (
	"context"
	"fmt"
)

// ReadTexts reads small files in one round trip, as programs do: by symbolic links, too. One that is not in the result is proven not to be there; what is no file, and
// one that is larger than MaxPreviousContent, is an error.
func ReadTexts(ctx context.Context, runner Runner, paths ...string) (map[string]string, error) {
	requests := make([]request, len(paths))
	for i, path := range paths {
		requests[i] = File{Path: path, FollowLinks: true}.request(true)
	}
	answers, err := ask(ctx, runner, requests)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for i, path := range paths {
		got, err := parseStat(answers[i])
		if err != nil {
			return nil, fmt.Errorf("file %s: %w", path, err)
		}
		content, whole := answers[i].bytes("content")
		switch {
		case whole:
			texts[path] = string(content)
		case got.kind == "regular file":
			return nil, fmt.Errorf("file %s: its %d bytes are more than %d", path, got.size, MaxPreviousContent)
		case got.kind != "":
			return nil, fmt.Errorf("file %s: it is a %s", path, got.describe("regular file"))
		}
	}
	return texts, nil
}
