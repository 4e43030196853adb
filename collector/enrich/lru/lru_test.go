package lru

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// model is the same map, slow and plain.
type model struct {
	most int
	keys []int // the one used last at the end
	data map[int]int
}

func (m *model) use(k int) {
	m.keys = slices.DeleteFunc(m.keys, func(o int) bool { return o == k })
	m.keys = append(m.keys, k)
}

func TestMapIsLikeAPlainOne(t *testing.T) {
	const most = 7
	random := rand.New(rand.NewPCG(1, 2))
	m, want := New[int, int](most), &model{most: most, data: map[int]int{}}
	for step := range 20000 {
		k := random.IntN(15)
		switch random.IntN(4) {
		case 0:
			got := m.Get(k)
			v, ok := want.data[k]
			if (got != nil) != ok || ok && *got != v {
				t.Fatalf("step %d: %d is %v, want %d, %v", step, k, got, v, ok)
			}
			if ok {
				want.use(k)
			}
		case 1, 2:
			gone, forgot := m.Put(k, step)
			if _, ok := want.data[k]; !ok && len(want.keys) == most {
				oldest := want.keys[0]
				if !forgot || gone != want.data[oldest] {
					t.Fatalf("step %d: forgot %d, %v, want %d", step, gone, forgot, want.data[oldest])
				}
				delete(want.data, oldest)
				want.keys = want.keys[1:]
			} else if forgot {
				t.Fatalf("step %d: forgot %d without need", step, gone)
			}
			want.use(k)
			want.data[k] = step
		case 3:
			m.Delete(k)
			delete(want.data, k)
			want.keys = slices.DeleteFunc(want.keys, func(o int) bool { return o == k })
		}
		var keys []int
		m.Oldest(func(k int, v *int) bool {
			if p := m.Peek(k); p != v || *p != want.data[k] {
				t.Fatalf("step %d: %d is %d, want %d", step, k, *v, want.data[k])
			}
			keys = append(keys, k)
			return true
		})
		if m.Len() != len(want.keys) || !slices.Equal(keys, want.keys) {
			t.Fatalf("step %d: %v, want %v", step, keys, want.keys)
		}
		if len(m.nodes) > most+1 {
			t.Fatalf("step %d: %d nodes for %d entries", step, len(m.nodes), most)
		}
	}
}

func TestDeleteWhileWalking(t *testing.T) {
	m := New[int, int](10)
	for k := range 10 {
		m.Put(k, k)
	}
	m.Oldest(func(k int, _ *int) bool {
		if k%2 == 0 {
			m.Delete(k)
		}
		return k < 7
	})
	var left []int
	m.Oldest(func(k int, _ *int) bool { left = append(left, k); return true })
	if want := []int{1, 3, 5, 7, 8, 9}; !slices.Equal(left, want) {
		t.Errorf("%v are left, want %v", left, want)
	}
	if m.Peek(4) != nil || m.Peek(5) == nil {
		t.Error("the wrong ones were deleted")
	}
}

func TestGetAllocatesNothing(t *testing.T) {
	m := New[[16]byte, string](100)
	m.Put([16]byte{1}, "a")
	m.Put([16]byte{2}, "b")
	if n := testing.AllocsPerRun(100, func() { m.Get([16]byte{1}); m.Get([16]byte{2}); m.Get([16]byte{3}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
