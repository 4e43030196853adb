package acctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// NodePackages returns the folder whose node_modules has exactly what a lock file says (npm ci), which is kept for the next time. Packages' own
// scripts do not run.
func NodePackages(ctx context.Context, manifest, lock []byte, log Logf) (string, error) {
	return cached(ctx, "node", []string{string(manifest), string(lock)}, func(ctx context.Context, dir string) error {
		log.printf("installing packages for node into the cache (once)")
		if err := errors.Join(
			os.WriteFile(filepath.Join(dir, "package.json"), manifest, 0o600),
			os.WriteFile(filepath.Join(dir, "package-lock.json"), lock, 0o600),
		); err != nil {
			return err
		}
		if _, err := command(ctx, "npm", "ci", "--prefix", dir, "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"); err != nil {
			return fmt.Errorf("unable to install what package-lock.json says: %w", err)
		}
		return nil
	})
}
