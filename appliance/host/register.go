package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// Register is a file that lines are added to while it is there, by AddLine. It is made empty; what is in it is a note, not a fact.
type Register struct {
	Path string      // absolute and clean; its directory must be there
	Mode fs.FileMode // permission bits; 0 is 0644
}

// ID implements Item.
func (r Register) ID() string { return "register " + r.Path }

func (r Register) file() File { return File{Path: r.Path, Content: []byte{}, Mode: r.Mode} }

func (r Register) validate() error { return r.file().validate() }

func (r Register) want() Facts {
	facts := Facts{r.ID(): Present}
	r.file().attributes().want(facts, r.ID())
	return facts
}

func (r Register) request(bool) request {
	file := r.file()
	file.Format = lines{} // its content is asked for
	return file.request(false)
}

// lines is any text.
type lines struct{}

// Facts implements Format.
func (lines) Facts([]byte) (map[string]string, error) { return nil, nil }

func (r Register) observe(a answer) (Facts, error) {
	got, err := parseStat(a)
	if err != nil {
		return nil, err
	}
	facts := Facts{r.ID() + ": mode": Absent, r.ID() + ": owner": Absent, r.ID(): got.describe("regular file")}
	if got.kind == "regular file" {
		r.file().attributes().observe(facts, r.ID(), got)
	}
	return facts, nil
}

// note implements noter.
func (r Register) note(a answer) Facts {
	if content, ok := a.bytes("content"); ok {
		return Facts{r.ID(): string(content)}
	}
	return nil
}

func (r Register) record(a answer, b *Before) error { return r.file().record(a, b) }

func (r Register) apply(ctx context.Context, e *engine, a answer) error {
	got, err := parseStat(a)
	if err != nil {
		return err
	}
	if got.kind == "regular file" {
		t := r.file().attributes()
		return e.run(ctx, "set mode and owner", attributesScript, nil, r.Path, "file", t.modeText(), t.ownerText(), "no")
	}
	return r.file().apply(ctx, e, a)
}

func (r Register) remove(ctx context.Context, e *engine, b Before) error {
	return r.file().remove(ctx, e, b)
}

func (r Register) left(got Facts, b Before) []string {
	if got[r.ID()] != Absent && !b.Files[r.Path].Existed {
		return []string{r.ID() + " is still there"}
	}
	return nil
}

// AddLine adds a line to a register that is there, unless it is in it already.
func AddLine(ctx context.Context, runner Runner, path, line string) error {
	if strings.ContainsAny(line, "\n\x00") {
		return errors.New("a line of a register cannot contain line feeds or NULs")
	}
	result, err := runner.Run(ctx, ssh.Command{Argv: []string{"sh", "-c", registerScript, "flowstack", path, line}, Root: true})
	if err != nil {
		return fmt.Errorf("register %s: %w", path, err)
	}
	if result.ExitCode != 0 {
		return fmt.Errorf("register %s: %s", path, strings.TrimSpace(string(result.Stderr)))
	}
	return nil
}
