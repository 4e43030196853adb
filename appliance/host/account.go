package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Account is a user of the system and the group of the same name that a program runs as: it has no home, and nobody logs in as it. It is for files
// that have to be there before the package that would make the account. A user or group that is there is taken as it is.
type Account struct{ Name string }

// ID implements Item.
func (c Account) ID() string { return "account " + c.Name }

func (c Account) userFact() string { return "user " + c.Name }

func (c Account) groupFact() string { return "group " + c.Name }

func (c Account) validate() error {
	if err := ValidOwner(c.Name); err != nil {
		return err
	}
	if c.Name == "root" || c.Name[0] >= '0' && c.Name[0] <= '9' {
		return fmt.Errorf("%q is not an account of a program", c.Name)
	}
	return nil
}

func (c Account) want() Facts { return Facts{c.userFact(): Present, c.groupFact(): Present} }

func (c Account) request(bool) request { return request{kind: "account", args: []string{c.Name}} }

func (c Account) state(a answer) (s AccountBefore, err error) {
	if a.failed != "" {
		return s, errors.New("could not tell whether it is there: " + a.failed)
	}
	for _, line := range a.all("there") {
		switch database, number, _ := strings.Cut(line, " "); database {
		case "passwd":
			s.User, s.UID = true, number
		case "group":
			s.Group, s.GID = true, number
		}
	}
	return s, nil
}

func (c Account) observe(a answer) (Facts, error) {
	s, err := c.state(a)
	if err != nil {
		return nil, err
	}
	facts := Facts{c.userFact(): Absent, c.groupFact(): Absent}
	if s.User {
		facts[c.userFact()] = Present
	}
	if s.Group {
		facts[c.groupFact()] = Present
	}
	return facts, nil
}

func (c Account) record(a answer, b *Before) error {
	s, err := c.state(a)
	if err == nil {
		put(&b.Accounts, c.Name, s)
	}
	return err
}

func (c Account) apply(ctx context.Context, e *engine, a answer) error {
	s, err := c.state(a)
	if err != nil {
		return err
	}
	var steps []string
	if !s.Group {
		steps = append(steps, "make-group")
	}
	if !s.User {
		steps = append(steps, "make-user")
	}
	return c.run(ctx, e, "make", steps)
}

func (c Account) remove(ctx context.Context, e *engine, b Before) error {
	s, err := c.now(ctx, e)
	if err != nil {
		return err
	}
	before := b.Accounts[c.Name]
	var steps []string
	if s.User && !before.User {
		steps = append(steps, "remove-user")
	}
	if s.Group && !before.Group {
		steps = append(steps, "remove-group")
	}
	return c.run(ctx, e, "remove", steps)
}

// now asks once more what there is: a package may have taken the account along.
func (c Account) now(ctx context.Context, e *engine) (AccountBefore, error) {
	answers, err := ask(ctx, e.runner, []request{c.request(false)})
	if err != nil {
		return AccountBefore{}, err
	}
	return c.state(answers[0])
}

func (c Account) run(ctx context.Context, e *engine, what string, steps []string) error {
	if len(steps) == 0 {
		return nil
	}
	return e.run(ctx, what, accountScript, nil, append(steps, c.Name)...)
}

func (c Account) left(got Facts, b Before) []string {
	before := b.Accounts[c.Name]
	if got[c.userFact()] != Absent && !before.User || got[c.groupFact()] != Absent && !before.Group {
		return []string{c.ID() + " is still there"}
	}
	return nil
}

// OutlivesPackage is an item for just before the package that the account is for: when the package goes it takes the account along, also one that was there
// before. That one is made again, with the numbers that it had, since files are of these.
func (c Account) OutlivesPackage() Item { return outliving{c} }

type outliving struct{ Account }

// ID implements Item.
func (o outliving) ID() string { return o.Account.ID() + ": outlives its package" }

func (o outliving) want() Facts { return Facts{} }

func (o outliving) observe(a answer) (Facts, error) {
	_, err := o.state(a)
	return Facts{}, err
}

func (o outliving) apply(context.Context, *engine, answer) error { return nil }

func (o outliving) remove(ctx context.Context, e *engine, b Before) error {
	s, err := o.now(ctx, e)
	if err != nil {
		return err
	}
	before := b.Accounts[o.Name]
	var steps []string
	if before.Group && !s.Group {
		steps = append(steps, "make-group="+before.GID)
	}
	if before.User && !s.User {
		steps = append(steps, "make-user="+before.UID)
	}
	return o.run(ctx, e, "make again", steps)
}

func (o outliving) left(Facts, Before) []string { return nil }
