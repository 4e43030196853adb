package ssh

import "strings"

// Quote joins arguments to a command line that a POSIX shell splits into exactly these arguments again. It is the only place where
// arguments become shell text.
func Quote(args ...string) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if plain(arg) {
			b.WriteString(arg)
			continue
		}
		b.WriteByte('\'')
		b.WriteString(strings.ReplaceAll(arg, `'`, `'\''`))
		b.WriteByte('\'')
	}
	return b.String()
}

// plain tells arguments that mean themselves in every shell.
func plain(arg string) bool {
	for _, r := range arg {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_-./:,+@%", r):
		default:
			return false
		}
	}
	return arg != ""
}
