package host

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// shownValue is the value of a unit file's setting as facts show it. What people put into the environment of a service is often a secret, and facts are
// in plans, logs and states: there they have the beginning of a digest in its place, which still tells one value from another.
func shownValue(setting, value string) string {
	switch setting {
	case "Environment":
		words := splitWords(value)
		for i, word := range words {
			words[i] = hidden(word, "=")
		}
		return strings.Join(words, " ")
	case "SetCredential", "SetCredentialEncrypted":
		return hidden(value, ":")
	}
	return value
}

// hidden is NAME and a digest of what follows the separator; a digest of all where there is none.
func hidden(text, separator string) string {
	name, value, named := strings.Cut(text, separator)
	if !named {
		name, value, separator = "", text, ""
	}
	sum := sha256.Sum256([]byte(value))
	return name + separator + "sha256:" + hex.EncodeToString(sum[:8])
}

// splitWords divides a value as systemd does, systemd.syntax(7): by blanks outside of quotes. Escapes of C stay as they are, but for those of quotes,
// blanks and the backslash.
func splitWords(value string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	inWord, escaped := false, false
	for _, r := range value {
		switch {
		case escaped:
			if !strings.ContainsRune(`"'\ `, r) {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\':
			inWord, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			inWord, quote = true, r
		case quote == 0 && strings.ContainsRune(" \t\r\n", r):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words
}
