package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Item is one thing a host shall have: File, Directory, Sysctl, SysctlOrder, Swap, NftTable, Package, Unit, UnitLimits, Account, Keystore, OpenKeystore and those that
// AptRepository is made of are.
type Item interface {
	// ID names the item among all of a host: "file /etc/x.conf". Two items with one ID describe the same thing.
	ID() string

	validate() error
	// want are the facts when all is as desired.
	want() Facts
	// request is the question to the host; previous also asks for what a Before records.
	request(previous bool) request
	// observe turns the host's answer into facts.
	observe(a answer) (Facts, error)
	// record notes into b what the answer says was there; an error refuses to replace that.
	record(a answer, b *Before) error
	// apply makes the host have the item. It is called only when observe's facts were not want's.
	apply(ctx context.Context, e *engine, a answer) error
	// remove takes the item away again, or puts back what b says was there.
	remove(ctx context.Context, e *engine, b Before) error
	// left says what of the item is still there though it was removed, and what of b was not put back.
	left(got Facts, b Before) []string
}

// noter is an item that sees more than facts.
type noter interface {
	note(a answer) Facts
}

// Desired is what a host shall have, in the order it is to be made. It is data: nothing in it has touched a host yet.
type Desired []Item

// Facts are what the host shows when all is as desired; a Terraform plan shows them. Pure: it asks no host.
func (d Desired) Facts() Facts {
	facts := Facts{}
	for _, item := range d {
		maps.Copy(facts, item.want())
	}
	return facts
}

// settler is an item that leaves open which of several states of the host it is satisfied by.
type settler interface {
	// settled is the item that asks for just what got shows, if that satisfies it; otherwise the item itself.
	settled(got Facts) Item
}

// Settled are the items of d; what they leave open is what got shows, where that satisfies them.
func (d Desired) Settled(got Facts) Desired {
	d = slices.Clone(d)
	for i, item := range d {
		d[i] = settle(item, got)
	}
	return d
}

func settle(item Item, got Facts) Item {
	if open, ok := item.(settler); ok {
		return open.settled(got)
	}
	return item
}

// Without are the items of d that other does not have, in d's order: what has to be removed when other takes d's place.
func (d Desired) Without(other Desired) Desired {
	return slices.DeleteFunc(slices.Clone(d), func(item Item) bool {
		return slices.ContainsFunc(other, func(o Item) bool { return o.ID() == item.ID() })
	})
}

// Validate reports every item that cannot be asked for (a relative path, a malformed unit name, content its own Format cannot
// read) and every thing that is described twice.
func (d Desired) Validate() error {
	var errs []error
	seen := map[string]bool{}
	for _, item := range d {
		id := item.ID()
		if seen[id] {
			errs = append(errs, fmt.Errorf("%s: described twice", id))
		}
		seen[id] = true
		if err := item.validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}
