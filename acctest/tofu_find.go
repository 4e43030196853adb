package acctest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
		return "", fmt.Errorf("there is no OpenTofu: %w (TOFU=, FLOWSTACK_TOFU)", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	// What a configuration of the user's says is no matter of the version, and is said before the JSON.
	out, err := command(ctx, "env", "TF_CLI_CONFIG_FILE=", "CHECKPOINT_DISABLE=1", path, "version", "-json")
	var is struct {
		Version string `json:"terraform_version"`
	}
	var major, minor int
	if err == nil {
		if err = json.Unmarshal(out, &is); err == nil {
			_, err = fmt.Sscanf(is.Version, "%d.%d.", &major, &minor)
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s is no OpenTofu: %w", path, err)
	}
	if cmp.Or(cmp.Compare(major, 1), cmp.Compare(minor, oldestTofu)) < 0 {
		return "", fmt.Errorf("%s is OpenTofu %s: the provider needs 1.%d", path, is.Version, oldestTofu)
	}
	return path, nil
}
