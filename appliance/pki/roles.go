package pki

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// EncodeRoles is the file of an authority's host that says which generations there are, a line each: "2 signing".
func EncodeRoles(generations []Generation) []byte {
	text := []byte("# The generations of the certificate authority. Managed by flowstack: a change by hand is undone by the next apply.\n")
	for _, g := range generations {
		text = fmt.Appendf(text, "%d %s\n", g.Number, g.Role)
	}
	return text
}

// RolesFormat is the syntax of that file: a fact "generation N" is its role.
type RolesFormat struct{}

const generationFact = "generation "

// Facts implements host.Format.
func (RolesFormat) Facts(content []byte) (map[string]string, error) {
	facts := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		number, role, _ := strings.Cut(line, " ")
		if _, err := strconv.Atoi(number); err != nil || !slices.Contains([]Role{Signing, Next, Previous}, Role(role)) {
			return nil, fmt.Errorf("%q is not a generation and its role", line)
		}
		facts[generationFact+number] = role
	}
	return facts, nil
}

// maxGenerations bounds the search for generations.
const maxGenerations = 10000

// ParseRoles makes generations of the facts of the file, the one that signs first. Fact is empty for what is not there.
func ParseRoles(fact func(name string) string) ([]Generation, error) {
	var generations []Generation
	for number := 1; number <= maxGenerations; number++ {
		if role := Role(fact(generationFact + strconv.Itoa(number))); role != "" {
			generations = append(generations, Generation{Number: number, Role: role})
		}
	}
	if Find(generations, Signing) == nil || len(generations) > 2 {
		return nil, errors.New("it does not say which generation signs")
	}
	slices.SortStableFunc(generations, func(a, b Generation) int {
		switch Signing {
		case a.Role:
			return -1
		case b.Role:
			return 1
		}
		return 0
	})
	return generations, nil
}
