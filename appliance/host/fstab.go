package host

import (
	"bytes"
	"slices"
	"strings"
)

// fstabMark makes a line of fstab(5) a comment that is ours to take away again.
const fstabMark = "# off by flowstack: "

// fstabSwap gives the device or file that a line of fstab turns into swap at boot; empty when it does nothing like that.
func fstabSwap(line string) string {
	fields := strings.Fields(line)
	if len(fields) < 3 || strings.HasPrefix(fields[0], "#") || fields[2] != "swap" {
		return ""
	}
	if len(fields) > 3 && slices.Contains(strings.Split(fields[3], ","), "noauto") {
		return ""
	}
	return unescapeMount(fields[0])
}

// fstabSwaps lists what is swap at boot.
func fstabSwaps(fstab []byte) []string {
	var swaps []string
	for line := range bytes.Lines(fstab) {
		if swap := fstabSwap(string(line)); swap != "" {
			swaps = append(swaps, swap)
		}
	}
	return swaps
}

// withoutSwaps makes comments of the lines that are swap at boot; every other octet stays.
func withoutSwaps(fstab []byte) []byte {
	var out []byte
	for line := range bytes.Lines(fstab) {
		if fstabSwap(string(line)) != "" {
			out = append(out, fstabMark...)
		}
		out = append(out, line...)
	}
	return out
}

// withSwaps undoes withoutSwaps.
func withSwaps(fstab []byte) []byte {
	var out []byte
	for line := range bytes.Lines(fstab) {
		out = append(out, bytes.TrimPrefix(line, []byte(fstabMark))...)
	}
	return out
}

// unescapeMount reads the escapes of fstab and /proc/swaps: \040 is a space.
func unescapeMount(field string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\043`, "#", `\134`, `\`).Replace(field)
}
