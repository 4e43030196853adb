package acctest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Tofu runs the real OpenTofu in a folder, with the provider that was built here. Variables come from the environment, so no secret is
// ever an argument.
type Tofu struct {
	Dir string
	// Log takes a line for each thing that OpenTofu begins and ends; nil is silent.
	Log Logf

	binary  string
	env     []string
	secrets map[string]string // secret → the variable's name
}

// Change is what a plan says of one resource.
type Change struct {
	Actions       []string // "no-op", "create", "read", "update", "delete"
	Before, After map[string]any
}

// Plan is what OpenTofu would do.
type Plan struct {
	Changes  map[string]Change // by address; only what would change
	Drift    map[string]Change // by address: what is not as it was left
	Warnings []string          // "summary: detail"
	Raw      []byte            // the plan as `tofu show -json` prints it
}

// DiagnosticError holds the errors that OpenTofu reported.
type DiagnosticError struct {
	Command string
	Errors  []string // "summary: detail"
}

func (e *DiagnosticError) Error() string {
	return "tofu " + e.Command + ": " + strings.Join(e.Errors, "\n")
}

// NewTofu makes OpenTofu ready in dir. Both registries' names of the provider lead to the binary.
func NewTofu(binary, provider, dir string, env map[string]string) (*Tofu, error) {
	// It runs in a folder of its own.
	for _, needed := range []*string{&binary, &provider} {
		var err error
		if *needed, err = filepath.Abs(*needed); err == nil {
			_, err = os.Stat(*needed)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: run make build, or let make test run this", err)
		}
	}
	// Overrides name the folder that holds the provider's binary.
	folder := filepath.Dir(provider)
	config := fmt.Sprintf(`provider_installation {
  dev_overrides {
    "registry.terraform.io/flowstack/flowstack" = %[1]q
    "registry.opentofu.org/flowstack/flowstack" = %[1]q
  }
  direct {}
}
`, folder)
	file := filepath.Join(dir, ".tofurc")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	t := &Tofu{Dir: dir, binary: binary, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TF_CLI_CONFIG_FILE=" + file, "TF_DATA_DIR=" + filepath.Join(dir, ".terraform"),
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0",
	}}
	if SearchSecrets {
		t.env = append(t.env, "TF_LOG=TRACE", "TF_LOG_PATH="+ownLog)
	}
	for name, value := range env {
		t.SetEnv(name, value)
	}
	return t, nil
}

// message is one line of OpenTofu's machine-readable output.
type message struct {
	Level      string `json:"@level"`
	Text       string `json:"@message"`
	Type       string `json:"type"`
	Diagnostic struct {
		Severity, Summary, Detail string
	} `json:"diagnostic"`
}

// run runs a command with -json and collects its diagnostics.
func (t *Tofu) run(ctx context.Context, args ...string) (warnings []string, err error) {
	cmd := exec.CommandContext(ctx, t.binary, append(args, "-json")...)
	cmd.Dir, cmd.Env = t.Dir, t.env
	// As Ctrl-C in a terminal: all of its group get the interrupt, the provider as well. OpenTofu ends what runs, and saves its state.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	var stderr, printed bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.leaks(printed.String()+stderr.String())) }()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	failed := &DiagnosticError{Command: args[0]}
	lines := bufio.NewReader(out)
	for {
		line, readErr := lines.ReadBytes('\n')
		printed.Write(line)
		var m message
		if json.Unmarshal(line, &m) == nil {
			text := m.Diagnostic.Summary
			if m.Diagnostic.Detail != "" {
				text += ": " + m.Diagnostic.Detail
			}
			switch {
			case m.Diagnostic.Severity == "error":
				failed.Errors = append(failed.Errors, text)
			case m.Diagnostic.Severity == "warning" && m.Diagnostic.Summary != "Provider development overrides are in effect":
				warnings = append(warnings, text)
			case m.Type == "apply_start" || m.Type == "apply_complete" || m.Type == "apply_progress":
				t.Log.printf("  %s", m.Text)
			}
		}
		if readErr != nil {
			if !errors.Is(readErr, io.EOF) {
				failed.Errors = append(failed.Errors, readErr.Error())
			}
			break
		}
	}
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return warnings, context.Cause(ctx)
	case len(failed.Errors) > 0:
		return warnings, failed
	case err != nil:
		return warnings, fmt.Errorf("tofu %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return warnings, nil
}

// Plan makes a plan and reads it.
func (t *Tofu) Plan(ctx context.Context) (*Plan, error) {
	const file = "plan.out"
	warnings, err := t.run(ctx, "plan", "-out="+file)
	p := &Plan{Changes: map[string]Change{}, Drift: map[string]Change{}, Warnings: warnings}
	if err != nil {
		return p, err
	}
	if p.Raw, err = t.output(ctx, "show", "-json", file); err != nil {
		return p, err
	}
	if err := t.leaks(withoutVariables(p.Raw)); err != nil {
		return p, fmt.Errorf("tofu show: %w", err)
	}
	var shown struct {
		Changes []resourceChange `json:"resource_changes"`
		Drift   []resourceChange `json:"resource_drift"`
	}
	if err := json.Unmarshal(p.Raw, &shown); err != nil {
		return p, fmt.Errorf("tofu show: %w", err)
	}
	for _, c := range shown.Changes {
		if !slices.Equal(c.Change.Actions, []string{"no-op"}) && !slices.Equal(c.Change.Actions, []string{"read"}) { // a data source changes nothing
			p.Changes[c.Address] = c.Change
		}
	}
	for _, c := range shown.Drift {
		p.Drift[c.Address] = c.Change
	}
	return p, nil
}

type resourceChange struct {
	Address string `json:"address"`
	Change  Change `json:"change"`
}

// Apply applies the configuration. The error is a *DiagnosticError when OpenTofu says why it failed.
func (t *Tofu) Apply(ctx context.Context) error {
	_, err := t.run(ctx, "apply", "-auto-approve")
	return err
}

// Destroy takes everything away again.
func (t *Tofu) Destroy(ctx context.Context) error {
	_, err := t.run(ctx, "destroy", "-auto-approve")
	return err
}

// Import takes something that exists under management.
func (t *Tofu) Import(ctx context.Context, address, id string) error {
	_, err := t.output(ctx, "import", "-no-color", address, id)
	return err
}

// StateRemove forgets a resource.
func (t *Tofu) StateRemove(ctx context.Context, address string) error {
	_, err := t.output(ctx, "state", "rm", address)
	return err
}

// Output is an output of the configuration, as JSON without blanks.
func (t *Tofu) Output(ctx context.Context, name string) (string, error) {
	out, err := t.output(ctx, "output", "-json", name)
	return strings.TrimSpace(string(out)), err
}

// StateFile reads the state as it lies on disk.
func (t *Tofu) StateFile() ([]byte, error) {
	return os.ReadFile(filepath.Join(t.Dir, "terraform.tfstate"))
}

// Set changes the value of a variable for the runs to come.
func (t *Tofu) Set(name, value string) { t.SetEnv("TF_VAR_"+name, value) }

// SetEnv changes a variable of OpenTofu's own environment, such as TF_LOG.
func (t *Tofu) SetEnv(name, value string) {
	t.env = append(t.env, name+"="+value)
	t.learn(name + "=" + value)
}

func (t *Tofu) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, t.binary, args...)
	cmd.Dir, cmd.Env = t.Dir, t.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return out, fmt.Errorf("tofu %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
