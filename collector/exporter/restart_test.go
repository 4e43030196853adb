package exporter

import "testing"

// TestEarlyRestart: an exporter that starts again before its numbers have left the window looks like one whose packets come late. It
// must not stay so until the old number is reached, because what is lost meanwhile would be counted as if it had come.
func TestEarlyRestart(t *testing.T) {
	var s sequence
	for n := range uint32(900) {
		s.take(n, 1, 1000)
	}
	for n := range uint32(200) {
		s.take(n, 1, 1000)
	}
	s.take(210, 1, 1000) // 200 to 209 are missing
	if lost, reordered, restarted := s.lost.Load(), s.reordered.Load(), s.restarted.Load(); lost != 10 || reordered >= lateRun || restarted != 1 {
		t.Errorf("lost %d, reordered %d, restarted %d", lost, reordered, restarted)
	}
}

// TestEarlyRestartOfVersion5 is the same where the unit is a flow.
func TestEarlyRestartOfVersion5(t *testing.T) {
	var s sequence
	for n := range uint32(100) {
		s.take(30*n, 30, 30_000)
	}
	for n := range uint32(50) {
		s.take(30*n, 30, 30_000)
	}
	s.take(30*50+60, 30, 30_000) // two packets are missing
	if lost, reordered, restarted := s.lost.Load(), s.reordered.Load(), s.restarted.Load(); lost != 60 || reordered >= 30*lateRun || restarted != 1 {
		t.Errorf("lost %d, reordered %d, restarted %d", lost, reordered, restarted)
	}
}

// TestLateIsNoRestart: packets that come late or twice, among others that do not, stay what they are.
func TestLateIsNoRestart(t *testing.T) {
	for name, test := range map[string]struct {
		order           []uint32
		lost, reordered uint64
	}{
		"a burst that was overtaken":   {[]uint32{0, 6, 1, 2, 3, 4, 5, 7, 8}, 5, 5},
		"backwards":                    {[]uint32{0, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 21}, 19, 19},
		"every packet twice":           {[]uint32{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12}, 0, 13},
		"two paths, one behind":        {[]uint32{1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14, 17, 16, 19, 18}, 9, 10},
		"the same packet all the time": {[]uint32{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, 0, 19},
	} {
		t.Run(name, func(t *testing.T) {
			var s sequence
			for _, n := range test.order {
				s.take(n, 1, 1000)
			}
			if lost, reordered, restarted := s.lost.Load(), s.reordered.Load(), s.restarted.Load(); lost != test.lost || reordered != test.reordered || restarted != 0 {
				t.Errorf("lost %d, reordered %d, restarted %d; want %d, %d, 0", lost, reordered, restarted, test.lost, test.reordered)
			}
		})
	}
}
