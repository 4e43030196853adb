package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Goals for what the collector sustains on one processor, with enrichment and compressed requests.
const (
	sustainedGoal = 250_000   // flows a second
	memoryGoal    = 130 << 20 // octets
)

// sustainedTable prints what collectors sustain, in Markdown.
func sustainedTable(w io.Writer, all []sustained) {
	fmt.Fprintln(w, "\n| on one processor | flows/s sustained | first rate that is too much | CPU ns/flow | flows/s that this CPU time allows | dropped by the socket | missing by sequence | in the sink | octets/flow | peak RSS MiB |")
	fmt.Fprintln(w, "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|")
	for i := range all {
		s := &all[i]
		if s.Skipped != "" {
			fmt.Fprintf(w, "| %s | – | not measured: %s | | | | | | | |\n", s.Name, s.Skipped)
			continue
		}
		first, lost, documents, octets := "–", "–", "–", "–"
		if s.First.Rate > 0 {
			first = fmt.Sprintf("%d: %s", s.First.Rate, s.First.Why)
		}
		if s.Best.Lost >= 0 {
			lost = strconv.Itoa(s.Best.Lost)
		}
		if s.Best.Documents >= 0 && s.Best.Flows > 0 {
			documents = fmt.Sprintf("%.3f %%", 100*float64(s.Best.Documents)/float64(s.Best.Flows))
			octets = strconv.Itoa(s.Best.Octets / max(1, s.Best.Documents))
		}
		fmt.Fprintf(w, "| %s: %s | %d | %s | %.0f | %.0f | %d | %s | %s | %s | %d |\n",
			s.Name, s.Output, s.Best.Rate, first, s.perFlow(), 1e9/s.perFlow(), s.Best.Drops, lost, documents, octets, s.Best.Peak>>20)
	}
	if len(all) == 0 || all[0].Best.Rate == 0 || !strings.HasPrefix(all[0].Name, "flowcollector") {
		return
	}
	fmt.Fprint(w, goals(&all[0]))
}

// goals says whether a collector meets them. Memory is that at the rate of the goal: near the rate that is too much batches wait for the processor, up to
// output.elasticsearch.buffer_bytes.
func goals(s *sustained) string {
	at := &s.Best
	if s.Goal.Rate > 0 {
		at = &s.Goal
	}
	return fmt.Sprintf("\nGoals of the first row: ≥ %d flows/s: %s; RSS ≤ %d MiB: %s (%d MiB at %d flows/s).\n",
		sustainedGoal, yes(s.Best.Rate >= sustainedGoal), memoryGoal>>20, yes(at.Peak <= memoryGoal), at.Peak>>20, at.Rate)
}
