package support

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"
)

// shortest is what a secret has at least, to be looked for by what it is: shorter ones are in words that mean something else.
const shortest = 4

// learn are the secrets of a file of secrets: all of it, each line, and in YAML what is behind names of secrets. A file that is no YAML is looked at as a text.
func learn(content []byte) [][]byte {
	secrets := [][]byte{content}
	for line := range bytes.Lines(content) {
		secrets = append(secrets, line)
	}
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var document yaml.Node
		if decoder.Decode(&document) != nil { // the end, or no YAML
			break
		}
		secrets = append(secrets, scalars(&document, false)...)
	}
	for _, v := range learntNames.values(content) {
		value := content[v.from:v.to]
		secrets = append(secrets, value, bytes.Trim(value, `"'`))
		if end := bytes.IndexAny(value, ",}"); end >= 0 {
			secrets = append(secrets, value[:end])
		}
		var text string
		if yaml.Unmarshal(value, &text) == nil {
			secrets = append(secrets, []byte(text))
		}
	}
	var long [][]byte
	for _, secret := range secrets {
		if secret = bytes.TrimSpace(secret); len(secret) >= shortest {
			long = append(long, secret)
		}
	}
	return long
}

// learntPart is what names of secrets have in them, in a file of secrets such as that of SNMP's communities.
const learntPart = `(?:pass|word|key|secret|communi|token)`

var (
	learntName  = regexp.MustCompile(`(?i)` + learntPart)
	learntNames = newNames(learntPart+`[\w-]*`, "pass", "word", "key", "secret", "communi", "token")
)

// scalars are the values of a document of YAML that names of secrets are above; secret says that one is.
func scalars(n *yaml.Node, secret bool) [][]byte {
	var found [][]byte
	switch n.Kind {
	case yaml.ScalarNode:
		if secret {
			found = append(found, []byte(n.Value))
		}
	case yaml.AliasNode:
		if secret && n.Alias.Kind == yaml.ScalarNode {
			found = append(found, []byte(n.Alias.Value))
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			found = append(found, scalars(n.Content[i+1], secret || learntName.MatchString(n.Content[i].Value))...)
		}
	default:
		for _, inner := range n.Content {
			found = append(found, scalars(inner, secret)...)
		}
	}
	return found
}

// forms are how a secret is written: as it is, in URLs, in base64 as HTTP and systemd write it, in texts of Go, JSON, HTML, YAML and JavaScript, and these once
// more in a text of Go or HTML, such as JSON in a message of a log.
func forms(secret string) []string {
	plain := []string{
		secret,
		url.QueryEscape(secret), url.PathEscape(secret), strings.TrimPrefix(url.UserPassword("", secret).String(), ":"),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret)),
		base64.URLEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		inner(strconv.Quote(secret)), inner(strconv.QuoteToASCII(secret)),
		inJSON(secret, true), inJSON(secret, false),
		strings.ReplaceAll(secret, "'", "''"), template.JSEscapeString(secret),
	}
	all := plain
	for _, form := range plain {
		escaped := html.EscapeString(form)
		all = append(all, inner(strconv.Quote(form)), escaped, strings.ReplaceAll(escaped, "+", "&#43;")) // as html/template does
	}
	return all
}

// inner is a text in quotes without them.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

func inJSON(secret string, escapeHTML bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	if err := encoder.Encode(secret); err != nil {
		panic(err) // of a text there is none
	}
	return inner(strings.TrimSpace(out.String()))
}
