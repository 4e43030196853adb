package pki

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
)

// program is one that trusts an authority without having a certificate of it, perhaps: a client of Elasticsearch, or a node of it.
type program struct {
	settings string // its file
	unit     string // of one that reads whom it trusts when it starts, and not again
}

var programs = []program{{settings: "/etc/elasticsearch/elasticsearch.yml"}, {settings: "/etc/flowcollector/flowcollector.yml"}, {"/etc/kibana/kibana.yml", "kibana.service"}}

// trusting are the last words of the settings that name files of authorities.
var trusting = []string{"ca_file", "client_ca_file", "certificate_authorities", "certificateAuthorities"}

// Behind reads what the settings of Elasticsearch, Kibana and the collector on a host have them trust, and says which of these files have the old generation and lack
// the next one, and which program runs with what it read before such a file changed: it would refuse the next one's certificates. Settings and files that cannot be read are
// an error.
func Behind(ctx context.Context, runner host.Runner, old, next Generation) ([]string, error) {
	paths := make([]string, len(programs))
	for i, p := range programs {
		paths[i] = p.settings
	}
	texts, err := host.ReadTexts(ctx, runner, paths...)
	if err != nil {
		return nil, err
	}
	var behind []string
	for _, p := range programs {
		lacking, err := p.behind(ctx, runner, texts[p.settings], old, next)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.settings, err)
		}
		behind = append(behind, lacking...)
	}
	return behind, nil
}

// behind says what of a program with these settings is.
func (p program) behind(ctx context.Context, runner host.Runner, settings string, old, next Generation) ([]string, error) {
	named, err := p.trusts(settings)
	if err != nil {
		return nil, err
	}
	files := slices.Sorted(maps.Keys(named))
	texts, err := host.ReadTexts(ctx, runner, files...)
	if err != nil {
		return nil, err
	}
	var behind, ours []string
	for _, file := range files {
		trusted := trustedBy(texts[file])
		if !trusted.has(old) {
			continue
		}
		ours = append(ours, file)
		if !trusted.has(next) {
			behind = append(behind, fmt.Sprintf("%s (%s of %s) lacks the certificate of generation %d", file, named[file], p.settings, next.Number))
		}
	}
	if p.unit == "" || len(ours) == 0 || len(behind) > 0 {
		return behind, nil
	}
	unit, err := host.ReadUnit(ctx, runner, p.unit, ours)
	if err == nil && unit.Stale() {
		behind = append(behind, fmt.Sprintf("%s has to be restarted, since it reads %s when it starts: its configuration is %s", p.unit, strings.Join(ours, ", "), unit.Configuration))
	}
	return behind, err
}

// trusts are the files that settings name as those of authorities, and the setting that does.
func (p program) trusts(text string) (map[string]string, error) {
	settings, err := stack.Read([]byte(text))
	if err != nil {
		return nil, err
	}
	named := map[string]string{}
	for name, value := range settings {
		if !slices.Contains(trusting, name[strings.LastIndexByte(name, '.')+1:]) {
			continue
		}
		for one := range strings.SplitSeq(value, ",") {
			if one = strings.TrimSpace(one); one == "" {
				continue
			}
			if !path.IsAbs(one) {
				one = path.Join(path.Dir(p.settings), one)
			}
			named[path.Clean(one)] = name
		}
	}
	return named, nil
}

// trust is the set of trusted certificates, by fingerprint.
type trust map[string]bool

// trustedBy reads a file of authorities as programs do: they pass over what is no certificate.
func trustedBy(text string) trust {
	t := trust{}
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			t[Fingerprint(certificate)] = true
		}
	}
	return t
}

func (t trust) has(g Generation) bool {
	chain, err := ParseChain(g.Certificate)
	return err == nil && t[Fingerprint(chain[0])]
}
