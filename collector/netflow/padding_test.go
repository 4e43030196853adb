package netflow_test

import (
	"errors"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestTemplateOfZeros: behind zeros where a template should begin nothing can be told apart, so the set ends there. Reading on would look
// through what is left of the set at each four octets of it: the greatest packet took the better part of a second.
func TestTemplateOfZeros(t *testing.T) {
	good, record := template(256, 1, 4), set(256, u32(7))
	for name, test := range map[string]struct {
		id     int
		before []byte
		zeros  int
		after  []byte
		fault  int // offset, 0 for none
	}{
		"padding of a template set":             {0, good, 2, nil, 0},
		"much padding":                          {0, good, 60_000, nil, 0},
		"padding of an options template set":    {1, optionsTemplate(512, 2, 4, 82, 16), 40, nil, 0},
		"a template behind zeros":               {0, nil, 400, template(257, 2, 4), 24},
		"an octet behind many zeros":            {0, good, 60_000, []byte{1}, 24 + 8},
		"an options template behind zeros":      {1, nil, 402, optionsTemplate(512, 2, 4, 82, 16), 24},
		"an octet behind zeros of that kind":    {1, optionsTemplate(512, 2, 4, 82, 16), 60_000, []byte{1}, 24 + 14},
		"too few zeros for a template header":   {0, good, 3, nil, 0},
		"the rest of an options template set":   {1, optionsTemplate(512, 2, 4, 82, 16), 5, nil, 0},
		"nothing but zeros in a template set":   {0, nil, 60_000, nil, 0},
		"nothing but zeros in an options set":   {1, nil, 60_000, nil, 0},
		"zeros that are half an options header": {1, nil, 4, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			tested := set(test.id, test.before, make([]byte, test.zeros), test.after)
			got, err := c.decode(join(header9(1, 1), tested, set(0, good), record))
			if len(got) != 1 || got[0].Bytes != 7 {
				t.Errorf("the sets behind it are lost: %+v", got)
			}
			var failed *flow.PacketError
			if test.fault == 0 && err != nil || test.fault != 0 && (!errors.As(err, &failed) || failed.Offset != test.fault) {
				t.Errorf("error %v, want one at %d", err, test.fault)
			}
			known := 1
			if test.id == 1 && len(test.before) > 0 {
				known = 2
			}
			if s := c.table.Snapshot().Total; s.Templates != known {
				t.Errorf("%d templates, want %d", s.Templates, known)
			}
		})
	}
}
