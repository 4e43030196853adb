package providertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/flowstack/terraform-provider-flowstack/provider"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// CLI runs OpenTofu, or the Terraform that FLOWSTACK_TERRAFORM names, with the provider in the test's process, for what plugin-testing cannot see: warnings.
type CLI struct {
	Dir string // with the configuration and the state
	Env []string
	// Former are other providers in the state, such as elastic/elasticstack: this one stands for them, so that none is looked for. It has none of their resources.
	Former []string

	t       *testing.T
	program program
}

// Outcome is what a command said.
type Outcome struct {
	Warnings, Errors []string // summary, a line feed, and the detail
	Changes          int      // resources that would be, or were, added, changed or removed
	Found            []string // by a query: the type and the display name
}

// NewCLI prepares a folder of its own.
func NewCLI(t *testing.T) *CLI {
	t.Helper()
	return &CLI{Dir: t.TempDir(), t: t, program: findProgram(t)}
}

// Write writes the configuration.
func (c *CLI) Write(config string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.Dir, "main.tf"), []byte(config), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// Plan runs tofu plan.
func (c *CLI) Plan() Outcome { return c.run("plan", "-json", "-input=false") }

// Apply runs tofu apply.
func (c *CLI) Apply() Outcome { return c.run("apply", "-json", "-input=false", "-auto-approve") }

// Destroy runs tofu destroy.
func (c *CLI) Destroy() Outcome { return c.run("destroy", "-json", "-input=false", "-auto-approve") }

// Query runs terraform query, which writes configuration for what it finds to a file; empty: it does not. It is Terraform's alone, from 1.14 on.
func (c *CLI) Query(into string) Outcome {
	args := []string{"query", "-json"}
	if into != "" {
		args = append(args, "-generate-config-out="+into)
	}
	return c.run(args...)
}

// Invoke plans, or applies, one action alone. It is Terraform's alone, from 1.14 on.
func (c *CLI) Invoke(command, action string) Outcome {
	args := []string{command, "-json", "-input=false", "-invoke=" + action}
	if command == "apply" {
		args = append(args, "-auto-approve")
	}
	return c.run(args...)
}

// Show plans and returns the plan in full, besides what was said.
func (c *CLI) Show() (*tfjson.Plan, Outcome) {
	c.t.Helper()
	outcome := c.run("plan", "-json", "-input=false", "-out=plan.out")
	if len(outcome.Errors) > 0 {
		return nil, outcome
	}
	plan := new(tfjson.Plan)
	if err := json.Unmarshal(c.say("show", "-json", "plan.out"), plan); err != nil {
		c.t.Fatal(err)
	}
	return plan, outcome
}

// PlanText is a plan as people read it.
func (c *CLI) PlanText() string {
	c.t.Helper()
	return string(c.say("plan", "-input=false", "-no-color"))
}

// Import runs tofu import.
func (c *CLI) Import(address, id string) { c.say("import", "-no-color", "-input=false", address, id) }

// Forget removes a resource from the state.
func (c *CLI) Forget(address string) { c.say("state", "rm", address) }

// say runs a command that has to succeed and returns what it printed.
func (c *CLI) say(args ...string) []byte {
	c.t.Helper()
	reattach, stop := c.serve()
	defer stop()
	out, err := c.exec(reattach, args...)
	if err != nil {
		c.t.Fatalf("tofu %s: %v\n%s", args[0], err, out)
	}
	return out
}

func (c *CLI) run(args ...string) Outcome {
	c.t.Helper()
	reattach, stop := c.serve()
	defer stop()
	if _, err := os.Stat(filepath.Join(c.Dir, ".terraform")); err != nil {
		if out, err := c.exec(reattach, "init", "-input=false"); err != nil {
			c.t.Fatalf("tofu init: %v\n%s", err, out)
		}
	}
	out, err := c.exec(reattach, args...)
	outcome := c.parse(out)
	if err != nil && len(outcome.Errors) == 0 {
		c.t.Fatalf("tofu %s: %v\n%s", args[0], err, out)
	}
	return outcome
}

func (c *CLI) exec(reattach string, args ...string) ([]byte, error) {
	command := exec.CommandContext(c.t.Context(), c.program.path, args...)
	command.Dir = c.Dir
	command.Env = append(append(os.Environ(), "TF_REATTACH_PROVIDERS="+reattach, "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="), c.Env...)
	return command.CombinedOutput()
}

// serve starts the provider as one process of Terraform's would be: configured once, without connections before, gone with stop.
func (c *CLI) serve() (reattach string, stop func()) {
	c.t.Helper()
	var connections connection.Pool
	server := providerserver.NewProtocol6(provider.New("test", &connections)())
	ctx, cancel := context.WithCancel(context.Background())
	ready, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	go func() {
		err := tf6server.Serve(provider.Address, func() tfprotov6.ProviderServer { return server() },
			tf6server.WithDebug(ctx, ready, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()), tf6server.WithLoggingSink(c.t), tf6server.WithoutLogStderrOverride())
		if err != nil {
			panic(err) // the test would wait for ever
		}
	}()
	config := <-ready
	stop = func() {
		cancel()
		<-closed
		if err := connections.Close(); err != nil {
			c.t.Log(err) // the fake host may have been stopped before
		}
	}
	attach := map[string]any{}
	for _, provider := range append([]string{"flowstack/flowstack"}, c.Former...) {
		attach[c.program.registry+"/"+provider] = map[string]any{
			"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.Getpid(), "Test": true,
			"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
		}
	}
	text, err := json.Marshal(attach)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text), stop
}

func (c *CLI) parse(out []byte) Outcome {
	c.t.Helper()
	var outcome Outcome
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var message struct {
			Diagnostic struct{ Severity, Summary, Detail string }
			Changes    struct{ Add, Change, Remove int }
			Found      struct {
				Type string `json:"resource_type"`
				Name string `json:"display_name"`
			} `json:"list_resource_found"`
		}
		if err := json.Unmarshal(lines.Bytes(), &message); err != nil {
			continue // what is not from the JSON view
		}
		text := message.Diagnostic.Summary + "\n" + message.Diagnostic.Detail
		switch message.Diagnostic.Severity {
		case "warning":
			if !strings.Contains(text, "CLI configuration") {
				outcome.Warnings = append(outcome.Warnings, text)
			}
		case "error":
			outcome.Errors = append(outcome.Errors, text)
		}
		if message.Found.Type != "" {
			outcome.Found = append(outcome.Found, message.Found.Type+" "+message.Found.Name)
		}
		outcome.Changes += message.Changes.Add + message.Changes.Change + message.Changes.Remove
	}
	if err := lines.Err(); err != nil {
		c.t.Fatal(err)
	}
	return outcome
}
