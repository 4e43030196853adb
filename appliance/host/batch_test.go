package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// gathering is a local host whose probes gather. Its round trips wait for the test: each takes a token of proceed.
type gathering struct {
	*local
	batch   *Batch
	proceed chan struct{}
	began   chan context.Context // of each round trip
	mu      sync.Mutex
	trips   atomic.Int64
	spoil   func(stdin string, result ssh.Result) (ssh.Result, error)
}

func newGathering(t *testing.T) *gathering {
	t.Helper()
	g := &gathering{local: newLocal(t), proceed: make(chan struct{}, 100), began: make(chan context.Context, 100)}
	g.batch = NewBatch(g, nil)
	return g
}

func (g *gathering) Batch() *Batch { return g.batch }

func (g *gathering) Run(ctx context.Context, command ssh.Command) (ssh.Result, error) {
	g.trips.Add(1)
	g.began <- ctx
	select {
	case <-g.proceed:
		if ctx.Err() != nil { // both may be: the token is for the next one
			g.proceed <- struct{}{}
			return ssh.Result{}, context.Cause(ctx)
		}
	case <-ctx.Done():
		return ssh.Result{}, context.Cause(ctx)
	}
	stdin, err := io.ReadAll(command.Stdin)
	if err != nil {
		return ssh.Result{}, err
	}
	command.Stdin = strings.NewReader(string(stdin))
	g.mu.Lock() // local is for one caller at a time
	result, err := g.local.Run(ctx, command)
	g.mu.Unlock()
	if err == nil && g.spoil != nil {
		return g.spoil(string(stdin), result)
	}
	return result, err
}

// wait returns when so many callers wait for the next round trip.
func (g *gathering) wait(t *testing.T, callers int) {
	t.Helper()
	for {
		g.batch.mu.Lock()
		n := len(g.batch.waiting)
		g.batch.mu.Unlock()
		if n == callers {
			return
		}
		if t.Context().Err() != nil {
			t.Fatalf("%d callers wait, not %d", n, callers)
		}
		time.Sleep(time.Millisecond)
	}
}

// files makes numbered files, one in five of them absent, and what asks for each.
func files(t *testing.T, n int) []Desired {
	t.Helper()
	folder := t.TempDir()
	all := make([]Desired, n)
	for i := range all {
		name := filepath.Join(folder, strconv.Itoa(i))
		if i%5 != 0 {
			if err := os.WriteFile(name, fmt.Append(nil, i), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		all[i] = mine(t, Desired{File{Path: name, Content: fmt.Append(nil, i), Mode: 0o600}})
	}
	return all
}

// TestProbesGather: what is asked while a probe is under way is one more round trip, however many ask, and each gets its own answers.
func TestProbesGather(t *testing.T) {
	g, all := newGathering(t), files(t, 20)
	var wg sync.WaitGroup
	ask := func(i int) {
		wg.Go(func() {
			o, err := Probe(t.Context(), g, all[i])
			if err != nil {
				t.Error(err)
				return
			}
			if o.System.ID != "debian" {
				t.Errorf("%d was told of the system %+v", i, o.System)
			}
			changes, absent := o.Facts.Changes(all[i].Facts()), o.Facts[all[i][0].ID()] == Absent
			if len(changes) > 0 != (i%5 == 0) || absent != (i%5 == 0) {
				t.Errorf("%d was answered %v", i, o.Facts)
			}
		})
	}
	ask(0)
	<-g.began
	for i := 1; i < len(all); i++ {
		ask(i)
	}
	g.wait(t, len(all)-1)
	g.proceed <- struct{}{}
	g.proceed <- struct{}{}
	wg.Wait()
	if n := g.trips.Load(); n != 2 {
		t.Errorf("%d round trips for %d probes", n, len(all))
	}
}

// TestProbesGatherOnceForTheSame: what several ask for is asked once.
func TestProbesGatherOnceForTheSame(t *testing.T) {
	g, same := newGathering(t), files(t, 2)[1]
	g.spoil = func(stdin string, result ssh.Result) (ssh.Result, error) {
		if n := strings.Count(stdin, "\n"); n != 2 {
			t.Errorf("%d requests:\n%s", n, stdin)
		}
		return result, nil
	}
	var wg sync.WaitGroup
	ask := func() {
		wg.Go(func() {
			o, err := Probe(t.Context(), g, same)
			if err != nil || len(o.Facts.Changes(same.Facts())) > 0 {
				t.Errorf("answered %v, %v", o.Facts, err)
			}
		})
	}
	ask()
	<-g.began
	for range 5 {
		ask()
	}
	g.wait(t, 5)
	g.proceed <- struct{}{}
	g.proceed <- struct{}{}
	wg.Wait()
}

// TestOneOfManyGivesUp: who gives up returns at once and does not end the others' probe; when all have, it ends.
func TestOneOfManyGivesUp(t *testing.T) {
	g, all := newGathering(t), files(t, 3)
	first, cancelFirst := context.WithCancel(t.Context())
	second, cancelSecond := context.WithCancel(t.Context())
	defer cancelSecond()
	failed, answered := make(chan error), make(chan error)
	go func() { _, err := Probe(t.Context(), g, all[0]); answered <- err }()
	<-g.began // and now two wait for the next round trip
	go func() { _, err := Probe(first, g, all[1]); failed <- err }()
	go func() { _, err := Probe(second, g, all[2]); answered <- err }()
	g.wait(t, 2)
	g.proceed <- struct{}{}
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	<-g.began
	cancelFirst()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that gave up got %v", err)
	}
	g.proceed <- struct{}{}
	if err := <-answered; err != nil {
		t.Errorf("the other one got %v", err)
	}

	go func() { _, err := Probe(second, g, all[2]); failed <- err }()
	trip := <-g.began
	cancelSecond()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the last one got %v", err)
	}
	select {
	case <-trip.Done():
	case <-t.Context().Done():
		t.Error("a round trip that nobody waits for goes on")
	}
	// Who gave up before its turn costs no round trip.
	before := g.trips.Load()
	if _, err := Probe(second, g, all[2]); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	g.proceed <- struct{}{}
	probe(t, g, all[1])
	if n := g.trips.Load() - before; n != 1 {
		t.Errorf("%d round trips", n)
	}
}

// TestErrorsAreTheAskers: an item that cannot be told is the error of who asked for it; an answer that cannot be used does not spoil the others';
// a lost link is everybody's error.
func TestErrorsAreTheAskers(t *testing.T) {
	lost := errors.New("lost")
	for name, c := range map[string]struct {
		doubtful, unusable, lost bool
		fail                     []int // who gets an error
		trips                    int64
	}{
		"an item that cannot be told":    {doubtful: true, fail: []int{2}, trips: 2},
		"an answer that cannot be used":  {unusable: true, fail: []int{2}, trips: 1 + 1 + 3},
		"a link that is lost for all":    {lost: true, fail: []int{1, 2, 3}, trips: 2},
		"nothing that is out of the way": {trips: 2},
	} {
		t.Run(name, func(t *testing.T) {
			g, all := newGathering(t), files(t, 4)
			if c.doubtful {
				all[2] = append(all[2], Sysctl{Key: "kernel", Value: "1"}) // a directory
			}
			culprit := all[2][0].request(false).line()
			g.spoil = func(stdin string, result ssh.Result) (ssh.Result, error) {
				switch {
				case !strings.Contains(stdin, culprit):
				case c.unusable:
					return ssh.Result{ExitCode: 70, Stderr: []byte("broken")}, nil
				case c.lost:
					return ssh.Result{}, lost
				}
				return result, nil
			}
			errs := make([]error, len(all))
			var wg sync.WaitGroup
			ask := func(i int) { wg.Go(func() { _, errs[i] = Probe(t.Context(), g, all[i]) }) }
			ask(0)
			<-g.began
			for i := 1; i < len(all); i++ {
				ask(i)
			}
			g.wait(t, len(all)-1)
			for range cap(g.proceed) {
				g.proceed <- struct{}{}
			}
			wg.Wait()
			for i, err := range errs {
				if (err != nil) != slices.Contains(c.fail, i) || c.lost && err != nil && !errors.Is(err, lost) {
					t.Errorf("%d got %v", i, err)
				}
			}
			if n := g.trips.Load(); n != c.trips {
				t.Errorf("%d round trips, want %d", n, c.trips)
			}
		})
	}
}
