package acctest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/flowstack/terraform-provider-flowstack/acctest/commandline"
)

// oldestTofu is the minor version of OpenTofu 1 that the provider needs at least.
const oldestTofu = 11

// FindTofu is the path of the OpenTofu that FLOWSTACK_TOFU names (a path, or a name in PATH), or else of the one that make built in the repository. The error says what is
// wrong with it: that it is not there, is not one, or is older than 1.11.
func FindTofu(ctx context.Context, repository string) (string, error) {
	named, given := os.LookupEnv("FLOWSTACK_TOFU")
	if !given {
		named = filepath.Join(repository, "bin", "tofu")
	}
	path, err := exec.LookPath(named)
	if err != nil {
		return "", fmt.Errorf("there is no OpenTofu: %w: make demo builds one, TOFU= of make or FLOWSTACK_TOFU names another", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	version, major, minor, err := commandline.Version(ctx, path)
	if err != nil {
		return "", err
	}
	if cmp.Or(cmp.Compare(major, 1), cmp.Compare(minor, oldestTofu)) < 0 {
		return "", fmt.Errorf("%s is OpenTofu %s: the provider needs 1.%d", path, version, oldestTofu)
	}
	return path, nil
}
