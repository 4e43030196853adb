package pki

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// nextGenerations are the generations after the apply: as they are, or a phase of a rollover further.
func nextGenerations(ctx context.Context, prior, plan *Authority, c hostresource.Context) ([]pki.Generation, diag.Diagnostics) {
	var diags diag.Diagnostics
	var now []pki.Generation
	if prior != nil {
		now, _ = prior.generations()
	}
	if len(now) == 0 {
		return []pki.Generation{{Number: 1, Role: pki.Signing, Certificate: plan.own()}}, nil
	}
	why := plan.rolloverReason(prior, now)
	phase := pki.PhaseOf(now)
	switch {
	case phase == pki.Steady && why == "":
		return now, nil
	case phase == pki.Steady:
		return pki.Begin(now, plan.own()), nil
	case why != "":
		diags.AddAttributeError(tfpath.Root(why), "Unable to begin another rollover of the certificate authority",
			fmt.Sprintf("One is under way (phase %s). Apply until its phase is %s, then change %s.", phase, pki.Steady, why))
		return nil, diags
	}
	if slices.ContainsFunc(now, func(g pki.Generation) bool { return g.Certificate == nil }) {
		return now, nil // an apply that failed has not made it yet
	}
	waiting, err := waitingFor(ctx, prior, now, c)
	switch {
	case err != nil:
		diags.AddWarning("The rollover of the certificate authority does not go on yet",
			fmt.Sprintf("It stays in phase %s: %s.", phase, connection.Explain(err)))
		return now, diags
	case len(waiting) > 0:
		diags.AddWarning("The rollover of the certificate authority does not go on yet",
			fmt.Sprintf("It stays in phase %s. Not all hosts have come along:\n  %s", phase, strings.Join(waiting, "\n  ")))
		return now, diags
	}
	return pki.Proceed(now), nil
}

// rolloverReason is the attribute because of which the authority has to give way to the next one; empty: it has not.
func (m *Authority) rolloverReason(prior *Authority, now []pki.Generation) string {
	newest := now[0]
	for _, g := range now {
		if g.Number > newest.Number {
			newest = g
		}
	}
	own := m.own()
	switch {
	case newest.Certificate == nil: // still to be made
		return ""
	case own != nil && string(newest.Certificate) != string(own):
		return "own_certificate"
	case own == nil && !prior.OwnCertificate.IsNull():
		return "own_certificate"
	case !m.Rollover.IsNull() && !m.Rollover.Equal(prior.Rollover):
		return "rollover"
	case own != nil:
		return ""
	}
	chain := parse(stringValue(newest.Certificate))
	switch {
	case chain[0].Subject.String() != m.name().String():
		return "common_name"
	case host.KeyAlgorithmOf(chain[0].PublicKey) != m.KeyAlgorithm.ValueString():
		return "key_algorithm"
	case pki.PhaseOf(now) == pki.Steady && pki.Due(chain[0], m.early()):
		return "early_renewal_days"
	}
	return ""
}

// waitingFor says which certificates the next phase has to wait for, and why. An error means that it could not be told.
func waitingFor(ctx context.Context, m *Authority, now []pki.Generation, c hostresource.Context) ([]string, error) {
	if c.Host == nil {
		return nil, connection.ErrUnknown
	}
	if err := c.Host.Reach(ctx); err != nil {
		return nil, err
	}
	file := path.Join(m.Directory.ValueString(), registerFile)
	texts, err := host.ReadTexts(ctx, c.Host, file)
	if err != nil {
		return nil, err
	}
	register, there := texts[file]
	if !there {
		return nil, fmt.Errorf("%s on host %s is not there, which says where certificates of the authority are", file, c.Host.Name)
	}
	entries, err := pki.ParseRegister(register)
	if err != nil {
		return nil, fmt.Errorf("%s on host %s: %w", file, c.Host.Name, err)
	}
	byHost := map[string][]pki.Entry{}
	for _, e := range entries {
		byHost[e.Host] = append(byHost[e.Host], e)
	}
	if pki.Find(now, pki.Next) != nil { // whoever trusts the old one has to trust the next one, too, also without a certificate
		for _, name := range c.Data.Hosts.Names() {
			if _, is := byHost[name]; !is {
				byHost[name] = nil
			}
		}
	}
	var waiting []string
	for name, entries := range byHost {
		lacking, err := lackingOn(ctx, name, entries, now, c)
		switch {
		case err != nil && len(entries) == 0:
			return nil, fmt.Errorf("what host %s trusts could not be told: %w", name, err)
		case err != nil:
			return nil, fmt.Errorf("what host %s has could not be told: %w. If the host is gone for good, remove its lines from %s on host %s", name, err, file, c.Host.Name)
		}
		waiting = append(waiting, lacking...)
	}
	slices.Sort(waiting)
	return waiting, nil
}

func lackingOn(ctx context.Context, name string, entries []pki.Entry, now []pki.Generation, c hostresource.Context) ([]string, error) {
	on, err := c.Data.Hosts.Lookup(name)
	if err != nil {
		return nil, err
	}
	if err := on.Reach(ctx); err != nil {
		return nil, err
	}
	standings, err := pki.Look(ctx, on, entries)
	if err != nil {
		return nil, err
	}
	var lacking []string
	next, signing := pki.Find(now, pki.Next), pki.Find(now, pki.Signing)
	for i, s := range standings {
		switch {
		case !s.There:
		case next != nil && !s.Trusts(*next):
			lacking = append(lacking, fmt.Sprintf("%s: %s lacks the certificate of generation %d", entries[i], entries[i].Authorities, next.Number))
		case next == nil && !s.Issuer(*signing):
			lacking = append(lacking, fmt.Sprintf("%s: %s is not of generation %d", entries[i], entries[i].Certificate, signing.Number))
		}
	}
	if next == nil {
		return lacking, nil
	}
	behind, err := pki.Behind(ctx, on, *signing, *next)
	for _, b := range behind {
		lacking = append(lacking, name+": "+b)
	}
	return lacking, err
}
