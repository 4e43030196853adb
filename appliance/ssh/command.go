package ssh

import (
	"fmt"
	"io"
	"strings"
)

// Command is one program run on a host. Data never becomes shell text: every argument is quoted, content goes in by Stdin.
type Command struct {
	Argv  []string  // program and arguments, as execve takes them
	Stdin io.Reader // nil: empty
	Root  bool      // run as root: directly when logged in as root, else by sudo
}

// Result is what a command that ran to its end left behind. A non-zero ExitCode is a result, not an error.
type Result struct {
	Stdout, Stderr []byte
	ExitCode       int
}

// ExitError turns a non-zero exit into an error that says what the program said.
type ExitError struct {
	Program  string
	ExitCode int
	Stderr   string
}

func (e *ExitError) Error() string {
	said := strings.TrimSpace(e.Stderr)
	if said == "" {
		said = "no message"
	}
	return fmt.Sprintf("%s exited with status %d: %s", e.Program, e.ExitCode, said)
}
