package dashboards

import "strings"

// Views are all views, in the order in which they are listed.
func Views() []View {
	return []View{
		overview(), topN(), flows(), geo(), autonomousSystems(), interfaces(), tcp(), security(), details(), health(),
	}
}

// The metrics that most views have.
var (
	sumBytes   = Metric{Sum, "network.bytes", "Bytes"}
	sumPackets = Metric{Sum, "network.packets", "Packets"}
	flowCount  = Metric{Function: Count, Label: "Flows"}
)

// title are the names of the views that the links have, which need no dashboard to be read.
var titles = []struct{ name, title string }{
	{"overview", "Overview"},
	{"top", "Top-N"},
	{"flows", "Flows"},
	{"geo", "Geo"},
	{"as", "AS traffic"},
	{"interfaces", "Exporters and interfaces"},
	{"tcp", "TCP health"},
	{"security", "Security"},
	{"details", "Traffic details"},
	{"health", "Collector health"},
}

// navigation leads to the other views, with the time range and the pinned filters.
func navigation() Text {
	return Text{Info{Name: "navigation", Title: "Views"}, func(l Links) string {
		var links []string
		for _, v := range titles {
			if address, linked := l(v.name); linked {
				links = append(links, "["+v.title+"]("+address+")")
			}
		}
		return strings.Join(links, " | ")
	}}
}

// controls are those of all views. What is chosen is pinned, so the other views have it too.
func controls() Controls {
	return Controls{Info{Name: "controls", Title: "Choose"}, []Control{
		{"observer.ip", "Exporter"},
		{"observer.ingress.interface.name", "Interface in"},
		{"observer.egress.interface.name", "Interface out"},
		{"observer.geo.name", "Site"},
		{"client.ip", "Client"},
		{"server.ip", "Server"},
		{"network.application", "Application"},
	}}
}

// head are the rows that all views begin with.
func head(rows ...Row) []Row {
	return append([]Row{
		{3, []Cell{{Width: Columns, Visual: navigation()}}},
		{5, []Cell{{Width: Columns, Visual: controls()}}},
	}, rows...)
}

// note says below a view what it needs, and what it means that there is nothing in it.
func note(name string, paragraphs ...string) Row {
	markdown := strings.Join(paragraphs, "\n\n")
	return Row{7, []Cell{{Width: Columns, Visual: Text{Info{Name: name + "-note", Title: "About this view"}, func(Links) string { return markdown }}}}}
}

// empty is what an empty view means in any case.
const empty = "**Nothing in it?** No flows arrived in the time range above, or a filter beside the search bar excludes them. Choose a longer range; then look at Collector health."

func half(left, right Cell) []Cell {
	left.Width, right.Width = Columns/2, Columns/2
	return []Cell{left, right}
}

func third(cells ...Cell) []Cell {
	for i := range cells {
		cells[i].Width = Columns / 3
	}
	return cells
}

// top is a table of the values of a field with the most bytes.
func top(name, title, label, field string) Table {
	return Table{Info{Name: name, Title: title}, Query{Buckets: []Terms{{field, 20, label}}, Metrics: []Metric{sumBytes, sumPackets, flowCount}}}
}

func whole(cell Cell) []Cell {
	cell.Width = Columns
	return []Cell{cell}
}
