package elasticsearch_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
)

// nodeOf is a client of a fake; lose is called after each answer, and tells whether it gets lost.
func nodeOf(t *testing.T, fake http.Handler, lose func(*http.Request) bool) elasticsearch.Node {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lose == nil || !lose(r) {
			fake.ServeHTTP(w, r)
			return
		}
		fake.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{Endpoint: server.URL, Dial: new(net.Dialer).DialContext})
	if err != nil {
		t.Fatal(err)
	}
	return elasticsearch.Node{Client: c}
}

const long = time.Hour

// TestTurn: whoever has it keeps all others out, and they know who that is.
func TestTurn(t *testing.T) {
	fake := elasticfake.New(elasticfake.Options{})
	node := nodeOf(t, fake, nil)
	first, err := node.TakeTurn(t.Context(), "ops on box (process 1)", "a", long)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	looks := 0
	watched := nodeOf(t, fake, func(r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		if looks++; looks == 2 { // it has seen who has the turn
			cancel(stop)
		}
		return false
	})
	var held *elasticsearch.HeldError
	_, err = watched.TakeTurn(ctx, "others", "b", long)
	if !errors.As(err, &held) || held.Holder.Node != "a" || !errors.Is(err, stop) && !errors.Is(err, context.Canceled) ||
		!strings.Contains(err.Error(), "node a is being restarted by ops on box (process 1) since 2") {
		t.Errorf("while another has the turn: %v", err)
	}
	if err := first.Renew(t.Context(), node, long); err != nil {
		t.Error(err)
	}
	if err := first.Leave(t.Context(), node); err != nil {
		t.Error(err)
	}
	second, err := node.TakeTurn(t.Context(), "others", "b", long)
	if err != nil {
		t.Fatalf("once it was left: %v", err)
	}
	// What has come to an end does not disturb whoever came next.
	if err := first.Renew(t.Context(), node, long); !errors.Is(err, elasticsearch.ErrTurnLost) {
		t.Errorf("the renewal of a turn that has ended: %v", err)
	}
	if err := first.Leave(t.Context(), node); err != nil {
		t.Error(err)
	}
	if err := second.Renew(t.Context(), node, long); err != nil {
		t.Errorf("the turn of another was ended: %v", err)
	}
}

// TestTurnOfTheGone is taken over by one of those who wait, after its lease without a sign of life, and not before.
func TestTurnOfTheGone(t *testing.T) {
	node := nodeOf(t, elasticfake.New(elasticfake.Options{}), nil)
	const lease = 50 * time.Millisecond
	gone, err := node.TakeTurn(t.Context(), "somebody", "a", lease)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var inside, most, all int
	var mu sync.Mutex
	var waiting sync.WaitGroup
	for range 4 {
		waiting.Go(func() {
			turn, err := node.TakeTurn(t.Context(), "another", "b", long)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			inside++
			most, all = max(most, inside), all+1
			mu.Unlock()
			if time.Since(began) < lease {
				t.Error("it was taken over before its lease was over")
			}
			mu.Lock()
			inside--
			mu.Unlock()
			if err := turn.Leave(t.Context(), node); err != nil {
				t.Error(err)
			}
		})
	}
	waiting.Wait()
	if most != 1 || all != 4 {
		t.Errorf("%d had a turn, %d at the same time", all, most)
	}
	if err := gone.Renew(t.Context(), node, lease); !errors.Is(err, elasticsearch.ErrTurnLost) {
		t.Errorf("the one that was taken for gone is told %v", err)
	}
}

// TestTurnOfTheLiving is not taken over, however long it takes.
func TestTurnOfTheLiving(t *testing.T) {
	fake := elasticfake.New(elasticfake.Options{})
	node := nodeOf(t, fake, nil)
	const lease = time.Millisecond
	turn, err := node.TakeTurn(t.Context(), "somebody", "a", lease)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	watched := nodeOf(t, fake, func(r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		if err := turn.Renew(t.Context(), node, lease); err != nil { // before each look
			t.Error(err)
		}
		if looks++; looks == 20 {
			cancel()
		}
		return false
	})
	if _, err := watched.TakeTurn(ctx, "another", "b", lease); err == nil {
		t.Error("it was taken over from the living")
	}
	if err := turn.Leave(t.Context(), node); err != nil {
		t.Error(err)
	}
}

// TestTurnWithLostAnswers: what was done, though no answer came, is known for one's own.
func TestTurnWithLostAnswers(t *testing.T) {
	fake := elasticfake.New(elasticfake.Options{})
	lost := map[string]bool{}
	node := nodeOf(t, fake, func(r *http.Request) bool {
		if r.Method == http.MethodGet || lost[r.Method] {
			return false
		}
		lost[r.Method] = true
		return true
	})
	turn, err := node.TakeTurn(t.Context(), "somebody", "a", long)
	if err != nil {
		t.Fatal(err)
	}
	clear(lost)
	if err := turn.Renew(t.Context(), node, long); err != nil {
		t.Error(err)
	}
	clear(lost)
	if err := turn.Leave(t.Context(), node); err != nil {
		t.Error(err)
	}
	if _, err := node.TakeTurn(t.Context(), "another", "b", long); err != nil {
		t.Error(err)
	}
}

// TestTurnThatCannotBeNoted is an error at once.
func TestTurnThatCannotBeNoted(t *testing.T) {
	node, _ := serve(t, map[string][]string{"PUT /flowstack-restarts": {`403 {"error":{"type":"security_exception","reason":"action [indices:admin/create] is unauthorized"}}`}})
	if _, err := node.TakeTurn(t.Context(), "somebody", "a", long); !client.HasStatus(err, http.StatusForbidden) {
		t.Errorf("%v", err)
	}
}
