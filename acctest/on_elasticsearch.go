package acctest

import (
	"context"
	"errors"
	"time"
)

// takeDownTime bounds taking a host and its server down again.
const takeDownTime = 2 * time.Minute

// OnElasticsearch starts a host with an Elasticsearch for do, and takes both down again, also when the context has ended. The server's host is the new one, whatever
// the options say.
func OnElasticsearch(ctx context.Context, host HostOptions, server ElasticsearchOptions, do func(context.Context, *Elasticsearch) error) (err error) {
	h, err := StartHost(ctx, host)
	if err != nil {
		return err
	}
	stop := func(f func(context.Context) error) {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeDownTime)
		defer cancel()
		err = errors.Join(err, f(cleanup))
	}
	defer stop(h.Stop)
	server.Host = h
	e, err := StartElasticsearch(ctx, server)
	if err != nil {
		return err
	}
	defer stop(e.Close)
	return do(ctx, e)
}
