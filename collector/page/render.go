package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages, each with the frame around it.
var templates = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range []string{"overview", "exporter", "settings", "flows", "message"} {
		all[name] = template.Must(template.New("frame.html").Funcs(functions).ParseFS(templateFiles, "templates/frame.html", "templates/parts.html", "templates/"+name+".html"))
	}
	return all
}()

var functions = template.FuncMap{
	"asset": asset, "refresh": func() int { return refresh },
	"si": rate, "bits": bits, "octets": octets, "count": count, "percent": percent, "span": span, "ago": ago, "mebibytes": mebibytes,
	"plural": plural, "si64": func(n uint64) string { return rate(float64(n)) }, "bitRate": func(n uint64) string { return bits(float64(n)) }, "spark": spark, "barWidth": func(share float64) int { return int(min(1, max(0, share))*1000 + 0.5) },
	"flowsLink": func(query string) string { return "/flows?" + query },
	"short":     func(text string) string { return shorten(text, 80) },
	"list":      func(v ...any) []any { return v },
}

// shorten cuts a long text off.
func shorten(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// render makes a page in memory, so that one that cannot be made is not sent in half.
func render(name string, f frame) ([]byte, error) {
	var b bytes.Buffer
	if err := templates[name].Execute(&b, f); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return b.Bytes(), nil
}
