//go:build race

package decode_test

func init() { underRace = true }
