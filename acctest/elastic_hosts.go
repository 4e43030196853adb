package acctest

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// ElasticHosts are hosts on which Elasticsearch can be installed from a signed repository, as from Elastic's. Nothing is installed yet.
type ElasticHosts struct {
	Hosts      []*Host // in the order of the names; they share a LAN
	Repository string  // URL of the repository, on every host; its suite is "stable", its component "main"
	Signer     *AptSigner
	Versions   []string // of the package elasticsearch that the repository has, the oldest first; one when ELASTICSEARCH_DEB names one

	lan   *LAN
	stops []func() error // of what serves the repository
}

// ElasticHostsOptions say what hosts to start.
type ElasticHostsOptions struct {
	Names []string
	Debs  []string // files of more packages for the repository, such as a stand-in for Kibana; those of GivenDebs("KIBANA") are there by themselves
	Log   Logf
}

const elasticRepository = "127.0.0.1:8099"

// StartElasticHosts starts hosts with a repository that has the package elasticsearch (ElasticsearchDebs). On an error everything is stopped again.
func StartElasticHosts(ctx context.Context, options ElasticHostsOptions) (_ *ElasticHosts, err error) {
	debs, err := ElasticsearchDebs(ctx, options.Log)
	if err != nil {
		return nil, err
	}
	s := &ElasticHosts{Repository: "http://" + elasticRepository}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
		}
	}()
	for _, deb := range debs {
		version, err := command(ctx, "dpkg-deb", "--field", deb, "Version")
		if err != nil {
			return nil, err
		}
		s.Versions = append(s.Versions, strings.TrimSpace(string(version)))
	}
	if s.Signer, err = NewAptSigner(); err != nil {
		return nil, err
	}
	repository := NewAptRepository(s.Signer)
	kibana, err := GivenDebs(ctx, "KIBANA", options.Log)
	if err != nil {
		return nil, err
	}
	if err := repository.AddFiles(ctx, slices.Concat(debs, kibana, options.Debs)...); err != nil {
		return nil, err
	}
	if s.lan, err = StartLAN(ctx, options.Names...); err != nil {
		return nil, err
	}
	for _, name := range options.Names {
		h, err := StartHost(ctx, HostOptions{Name: name, LAN: s.lan, Log: options.Log})
		if err != nil {
			return nil, err
		}
		s.Hosts = append(s.Hosts, h)
		stop, err := repository.ServeOn(context.WithoutCancel(ctx), h, elasticRepository)
		if err != nil {
			return nil, err
		}
		s.stops = append(s.stops, stop)
	}
	return s, nil
}

// Stop stops the hosts and removes everything that belonged to them.
func (s *ElasticHosts) Stop(ctx context.Context) error {
	var errs []error
	for _, stop := range s.stops {
		errs = append(errs, stop())
	}
	for _, h := range s.Hosts {
		errs = append(errs, h.Stop(ctx))
	}
	if s.lan != nil {
		errs = append(errs, s.lan.Close(ctx))
	}
	return errors.Join(errs...)
}
