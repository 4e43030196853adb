package support

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Command is a part that a program prints.
func Command(name, program string, args ...string) Part {
	return Part{Name: name, Collect: func(ctx context.Context) ([]byte, error) {
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=")
		var out, said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &said
		err := cmd.Run()
		if err != nil {
			err = fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(said.Bytes()))
		}
		return out.Bytes(), err
	}}
}

// Files is a part of small files, each with its name above it. A pattern is one of filepath.Glob.
func Files(name string, patterns ...string) Part {
	return Part{Name: name, Collect: func(context.Context) ([]byte, error) {
		var out bytes.Buffer
		var errs []error
		for _, pattern := range patterns {
			paths, err := filepath.Glob(pattern)
			errs = append(errs, err)
			for _, path := range paths {
				content, err := os.ReadFile(path)
				errs = append(errs, err)
				fmt.Fprintf(&out, "%s\n%s\n\n", path, bytes.TrimRight(content, "\n"))
			}
		}
		return out.Bytes(), errors.Join(errs...)
	}}
}
