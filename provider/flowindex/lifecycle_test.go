package flowindex

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIndexAge(t *testing.T) {
	for retention, want := range map[string]string{
		"": "30d", "30d": "1d", "7d": "5h", "1h": "1h", "90d": "3d", "365d": "12d", "3650d": "30d", "31d": "1d", "20d": "16h",
	} {
		if got := (lifecycle{retention: retention}).indexAge(); got != want {
			t.Errorf("%s: %s, want %s", retention, got, want)
		}
	}
	if got := (lifecycle{retention: "30d", maxAge: "2d"}).indexAge(); got != "2d" {
		t.Errorf("as asked for: %s", got)
	}
}

func TestPolicy(t *testing.T) {
	none := int64(0)
	for name, c := range map[string]struct {
		lifecycle lifecycle
		want      string
	}{
		"for ever": {
			lifecycle{merge: true},
			`{"hot":{"min_age":"0ms","actions":{"set_priority":{"priority":100},"rollover":{"max_age":"30d","max_primary_shard_size":"50gb"},"forcemerge":{"max_num_segments":1}}}}`,
		},
		"all tiers": {
			lifecycle{
				retention: "90d", maxAge: "1d", maxSize: "20gb", warm: &tier{after: "2d", replicas: &none},
				cold: &tier{after: "10d", attributes: map[string]string{"box": "slow"}}, frozen: &frozen{"30d", "backup"},
			},
			`{"hot":{"min_age":"0ms","actions":{"set_priority":{"priority":100},"rollover":{"max_age":"1d","max_primary_shard_size":"20gb"}}},
			"warm":{"min_age":"2d","actions":{"set_priority":{"priority":50},"allocate":{"number_of_replicas":0,"include":{},"exclude":{},"require":{}}}},
			"cold":{"min_age":"10d","actions":{"set_priority":{"priority":0},"allocate":{"include":{},"exclude":{},"require":{"box":"slow"}},"migrate":{"enabled":false}}},
			"frozen":{"min_age":"30d","actions":{"searchable_snapshot":{"snapshot_repository":"backup","force_merge_index":true}}},
			"delete":{"min_age":"90d","actions":{"delete":{"delete_searchable_snapshot":true}}}}`,
		},
	} {
		var want any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.lifecycle.policy()["phases"]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestLifecycleMistakes(t *testing.T) {
	minus := int64(-1)
	for want, l := range map[string]lifecycle{
		"": {retention: "30d", maxAge: "1d", maxSize: "50gb", warm: &tier{after: "2d"}, cold: &tier{after: "3d"}, frozen: &frozen{after: "4d"}},
		`retention: "30" is not a time such as 30d, 12h, 90m or 30s`:                                                                     {retention: "30"},
		"retention: retention has to come later than warm: times count from the moment that the next index is begun":                     {retention: "2d", warm: &tier{after: "2d"}},
		"cold.after: cold has to come later than warm: times count from the moment that the next index is begun":                         {warm: &tier{after: "3d"}, cold: &tier{after: "2d"}},
		"frozen.after: frozen has to come later than cold: times count from the moment that the next index is begun":                     {cold: &tier{after: "3d"}, frozen: &frozen{after: "2d"}},
		`rollover.max_age: "1w" is not a time such as 30d, 12h, 90m or 30s, rollover.max_size: "50" is not a size such as 50gb or 500mb`: {maxAge: "1w", maxSize: "50"},
		"warm.replicas: there cannot be fewer than 0":                                                                                    {warm: &tier{after: "3d", replicas: &minus}},
	} {
		found := l.check()
		texts := make([]string, 0, len(found))
		for _, m := range found {
			texts = append(texts, fmt.Sprintf("%s: %v", strings.Join(m.at, "."), m.err))
		}
		if got := strings.Join(texts, ", "); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
