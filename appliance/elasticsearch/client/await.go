package client

import (
	"context"
	"time"
)

// pause is the time between two questions to an Elasticsearch that is starting.
const pause = 2 * time.Second

// Await asks until there is an answer that will not be another one when Elasticsearch has started, as long as ctx allows. The error is the last one.
func Await(ctx context.Context, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil || !Starting(err) {
			return err
		}
		deadline, limited := ctx.Deadline()
		if limited && time.Until(deadline) < pause {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}
