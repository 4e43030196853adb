package soak

import (
	"strings"
	"testing"
)

// A leak is what one process has more than when it was young, however young the last one is.
func TestLeaksAreThoseOfOneProcess(t *testing.T) {
	for name, c := range map[string]struct {
		of   []Process
		want string
	}{
		"nothing":            {nil, ""},
		"steady":             {[]Process{{"1", 50 << 20, 30, 15}, {"1", 80 << 20, 38, 20}}, ""},
		"other processes":    {[]Process{{"1", 50 << 20, 30, 15}, {"2", 80 << 20, 90, 90}, {"3", 50 << 20, 30, 15}}, ""},
		"goroutines":         {[]Process{{"1", 0, 30, 15}, {"1", 0, 51, 15}}, "process 1, has 21 goroutines more"},
		"before a restart":   {[]Process{{"1", 0, 30, 15}, {"1", 0, 30, 36}, {"2", 0, 30, 15}}, "process 1, has 21 open files more"},
		"memory":             {[]Process{{"1", 50 << 20, 30, 15}, {"1", 151 << 20, 30, 15}}, "process 1, takes 151 MiB"},
		"memory of a moment": {[]Process{{"1", 151 << 20, 30, 15}, {"1", 50 << 20, 30, 15}}, "takes 151 MiB"},
	} {
		err := Report{Processes: c.of}.leaks()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	first, last, looks := Report{Processes: []Process{{"1", 1, 1, 1}, {"2", 2, 2, 2}, {"3", 9, 9, 9}, {"2", 3, 3, 3}}}.Longest()
	if first.Resident != 2 || last.Resident != 3 || looks != 2 {
		t.Errorf("%+v, %+v, %d looks", first, last, looks)
	}
}

func TestRestartsThatNobodyAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		before, after, ended int
		byHand               bool
		want                 int
	}{
		"none":                           {3, 3, 0, false, 0},
		"one crash":                      {3, 4, 1, false, 0},
		"it came back twice":             {3, 5, 1, false, 1},
		"out of the blue":                {0, 1, 0, false, 1},
		"by hand":                        {3, 0, 0, true, 0},
		"by hand, and the unit goes on":  {3, 3, 0, true, 0},
		"by hand, and once by itself":    {3, 1, 0, true, 1},
		"a crash that was no crash":      {3, 3, 1, false, -1},
		"by hand, and by itself besides": {0, 1, 0, true, 1},
	} {
		if got := unasked(c.before, c.after, c.ended, c.byHand); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
