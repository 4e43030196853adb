// Package commandline knows what Terraform and OpenTofu say about themselves.
package commandline

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// Version is what the Terraform or OpenTofu at a path says: the whole, and its first two numbers.
func Version(ctx context.Context, path string) (text string, major, minor int, err error) {
	command := exec.CommandContext(ctx, path, "version", "-json")
	// OpenTofu says before the JSON that a file of settings is not there; Terraform asks for newer versions.
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE=", "CHECKPOINT_DISABLE=1")
	out, err := command.Output()
	var is struct {
		Version string `json:"terraform_version"`
	}
	if err == nil {
		err = json.Unmarshal(out, &is)
	}
	if err == nil {
		_, err = fmt.Sscanf(is.Version, "%d.%d.", &major, &minor)
	}
	if err != nil {
		return "", 0, 0, fmt.Errorf("%s is no Terraform and no OpenTofu: %w", path, err)
	}
	return is.Version, major, minor, nil
}
