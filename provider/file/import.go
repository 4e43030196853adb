package file

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// imported takes the content of a file that everybody on the host may read; what somebody may not read may be a secret, and a state is no place for
// it. Nor is it one for large files. Of these the next apply will tell whether their content is as configured.
func imported(ctx context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	item := m.item()
	kind, text := facts[item.ID()], facts[item.ID()+": "+textFact]
	unread := strings.HasPrefix(kind, host.Unreadable)
	if kind != host.Present && !unread {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to import the file",
			"At "+item.Path+" there is a "+kind+". Only regular files can be imported.")}
	}
	m.Import(item, facts)
	m.Backup, m.FollowSymlinks = types.BoolValue(false), types.BoolValue(false)
	if unread || m.FileMode()&0o004 == 0 || !utf8.ValidString(text) {
		m.ContentRevision = types.StringValue(host.NotVerified)
		return nil
	}
	m.Content = types.StringValue(text)
	return m.measure(ctx)
}
