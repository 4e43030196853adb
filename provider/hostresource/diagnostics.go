package hostresource

import (
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// WarnOrFail words why a host could not be asked while planning: a host that proves to be the wrong one is an error; one that is not known
// or does not answer is a warning, one for all resources of the host, and the last known state stays. It reports false when err is
// of another kind.
func WarnOrFail(diags *diag.Diagnostics, h *connection.Host, err error) bool {
	var asked *connection.Error
	if !errors.As(err, &asked) {
		return false
	}
	switch {
	case asked.Refused():
		diags.AddError("Unable to connect to host "+h.Name, connection.Explain(asked.Cause))
	case !h.FirstWarning():
	case errors.Is(err, connection.ErrUnknown):
		diags.AddWarning("Unable to read from host "+h.Name+" yet",
			"How to reach it is known only during the apply. The plan takes what the state says for true; the apply reads the host first.")
	default:
		diags.AddWarning("Unable to read from host "+h.Name,
			connection.Explain(asked.Cause)+"\n\nThe plan takes what the state says for true. An apply needs the host.")
	}
	return true
}

// Cause is the innermost error: what is wrong, without the name that the summary has already.
func Cause(err error) error {
	for {
		if list, ok := err.(interface{ Unwrap() []error }); ok && len(list.Unwrap()) == 1 {
			err = list.Unwrap()[0]
			continue
		}
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
