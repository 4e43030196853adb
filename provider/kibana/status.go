package kibana

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// statusFact is a fact while Kibana runs and cannot be used.
const statusFact = "kibana: status"

const (
	pause      = 2 * time.Second  // between two questions to a Kibana that starts
	refusals   = 5                // in a row: then the password is wrong. Elasticsearch refuses everybody while its index of users is not ready
	lookTime   = 20 * time.Second // for one question of a read
	logTail    = 256 << 10        // octets of the log that are looked at for a reason
	userOfSelf = "kibana_system"
)

// ask asks Kibana itself how it is. With the password of its own user it says all; without, that somebody has to log in is enough.
func ask(ctx context.Context, on *connection.Host, settings map[string]string, password string) (kbn.Status, error) {
	config := kbn.Config{Endpoint: kbn.Endpoint(settings), Dial: on.DialContext}
	if password != "" {
		config.Credentials = []client.Credentials{{Username: cmp.Or(settings["elasticsearch.username"], userOfSelf), Password: password}}
	}
	if file := kbn.CertificateFile(settings); kbn.Secure(settings) && file != "" {
		config.DialTLS = kbn.Pinned(on.DialContext, func(ctx context.Context) ([]byte, error) { return on.Read(ctx, file) })
	}
	c, err := kbn.New(config)
	if err != nil {
		return kbn.Status{}, err
	}
	status, err := c.Status(ctx)
	if client.Refused(err) && password == "" {
		return kbn.Status{Level: "available"}, nil
	}
	return status, err
}

// look adds the fact that Kibana cannot be used though its service runs. What cannot be told is none.
func look(ctx context.Context, on *connection.Host, m *Model, facts host.Facts, _ hostresource.Context) diag.Diagnostics {
	settings, known := m.settings()
	unit := host.Unit{Name: kbn.Unit}
	if !known || facts[unit.ID()+": active"] != "active" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	status, err := ask(ctx, on, kbn.AllSettings(settings), "")
	var cut *connection.Error
	switch {
	case errors.As(err, &cut):
	case err != nil:
		facts[statusFact] = connection.Explain(err)
	case !status.Usable():
		facts[statusFact] = strings.TrimSuffix(status.Level+": "+status.Reason, ": ")
	}
	return nil
}

// apply makes the host as desired, and waits until Kibana can be used.
func apply(ctx context.Context, on *connection.Host, _, plan *Model, desired host.Desired, c hostresource.Context) (host.Observation, error) {
	secrets, _, diags := plan.secrets(ctx, c)
	if diags.HasError() {
		return host.Observation{}, errors.New("the secrets of the configuration cannot be read")
	}
	observation, err := host.Apply(ctx, on, desired)
	if err != nil {
		return observation, withoutSecrets(explained(ctx, on, err), secrets)
	}
	settings, _ := plan.settings()
	password := string(secrets[kbn.Password].Content)
	if inForce, diags := secretOf(kbn.Password).Recognised(ctx, c); diags.HasError() || !inForce {
		password = "" // its version says that another one stays
	}
	if err := await(ctx, on, kbn.AllSettings(settings), password); err != nil {
		return observation, withoutSecrets(err, secrets)
	}
	return observation, nil
}

// await waits until Kibana can be used, or its service shows that it will not come to that.
func await(ctx context.Context, on *connection.Host, settings map[string]string, password string) error {
	began, err := host.ReadUnit(ctx, on, kbn.Unit, nil)
	if err != nil {
		return err
	}
	for refused := 0; ; {
		status, err := ask(ctx, on, settings, password)
		deadline, limited := ctx.Deadline()
		over := limited && time.Until(deadline) < 2*pause
		var cut *connection.Error
		if client.Refused(err) {
			refused++
		} else {
			refused = 0
		}
		switch {
		case err == nil && status.Usable():
			return nil
		case err == nil:
			err = fmt.Errorf("Kibana is %s: %s", status.Level, status.Reason) //nolint:staticcheck // a name
		case refused == refusals, refused > 0 && over:
			return fmt.Errorf("the password of Kibana's user is not the one that Elasticsearch has: %w", err)
		case errors.As(err, &cut) && cut.Refused():
			return err
		}
		unit, failed := host.ReadUnit(ctx, on, kbn.Unit, nil)
		if failed == nil && (unit.Active == "failed" || unit.Restarts > began.Restarts) {
			return explained(ctx, on, fmt.Errorf("%s does not keep running: %w", kbn.Unit, err))
		}
		if over {
			return explained(context.WithoutCancel(ctx), on, fmt.Errorf("Kibana cannot be used within the time for it (see timeouts): %w", err)) //nolint:staticcheck // a name
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

// explained adds to an error what Kibana's log says about it.
func explained(ctx context.Context, on *connection.Host, err error) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	unit, failed := host.ReadUnit(ctx, on, kbn.Unit, nil)
	if failed != nil || !unit.Exists {
		return err
	}
	for _, command := range [][]string{
		{"tail", "-c", strconv.Itoa(logTail), "--", kbn.LogPath},
		{"journalctl", "-u", kbn.Unit, "-n", "100", "--no-pager", "-o", "cat"},
	} {
		result, failed := on.Run(ctx, ssh.Command{Argv: command, Root: true})
		if failed != nil || result.ExitCode != 0 {
			continue // the file is not there where settings say another one
		}
		if reasons := kbn.Reasons(string(result.Stdout), unit.Started); len(reasons) > 0 {
			return fmt.Errorf("%w\n\nKibana says:\n- %s", err, strings.Join(reasons, "\n- "))
		}
	}
	return err
}

// redacted is an error without what no diagnostic may have.
type redacted struct {
	error
	text string
}

func (r *redacted) Error() string { return r.text }

// Unwrap returns the error.
func (r *redacted) Unwrap() error { return r.error }

// withoutSecrets takes the secrets out of what Kibana has said: longer ones first, since one may be a part of another.
func withoutSecrets(err error, secrets map[string]kbn.Secret) error {
	text := err.Error()
	longest := func(a, b kbn.Secret) int { return cmp.Compare(len(b.Content), len(a.Content)) }
	for _, secret := range slices.SortedFunc(maps.Values(secrets), longest) {
		if len(secret.Content) > 0 {
			text = strings.ReplaceAll(text, string(secret.Content), "…")
		}
	}
	if text == err.Error() {
		return err
	}
	return &redacted{err, text}
}
