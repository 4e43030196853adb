package acctest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// CacheDir is where downloaded and built things are kept between runs: $FLOWSTACK_CACHE, or flowstack in the user's cache
// directory. Removing it costs only the time to build it again.
func CacheDir() (string, error) {
	if dir := os.Getenv("FLOWSTACK_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache directory: %w (set FLOWSTACK_CACHE)", err)
	}
	return filepath.Join(dir, "flowstack"), nil
}

// cached returns the directory kept for exactly these inputs, and builds it when it is not there: under a temporary name that is
// renamed when complete, guarded by a lock, so that processes at the same time and builds cut short do no harm.
func cached(ctx context.Context, kind string, inputs []string, build func(ctx context.Context, dir string) error) (string, error) {
	base, err := CacheDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	digest := sha256.New()
	for _, input := range inputs {
		fmt.Fprintf(digest, "%d:%s", len(input), input)
	}
	dir := filepath.Join(base, kind+"-"+hex.EncodeToString(digest.Sum(nil))[:16])
	if present(dir) {
		return dir, nil
	}
	unlock, err := lockFile(filepath.Join(base, kind+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if present(dir) {
		return dir, nil
	}
	building := dir + ".building"
	// Left by a build that was killed; refused when something is still mounted there.
	if err := removeDir(building); err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	if err := os.Mkdir(building, 0o700); err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	err = build(ctx, building)
	if err == nil {
		err = os.Rename(building, dir)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("build %s for the cache: %w", kind, err), removeDir(building))
	}
	return dir, nil
}

func present(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}
