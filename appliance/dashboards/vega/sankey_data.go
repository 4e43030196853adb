package vega

import (
	"fmt"
	"strconv"
)

// data are the named values and Other of each level (nodes), the ribbons between them (links), and where both are drawn. All sums are those of
// Elasticsearch; what it does not name is found by difference:
//
//	Other of a level      = the whole − its named values
//	a named value → Other = the value − its ribbons to named values
//	Other → a named value = likewise
//	Other → Other         = Other − what of it goes to named values
func (s sankey) data() list {
	nodes := make(list, 0, 2*len(s.levels))
	links := make(list, 0, 4*(len(s.levels)-1))
	var all list
	for i, l := range s.levels {
		all = append(all, s.named(i, l), rest(i))
		nodes = append(nodes, fmt.Sprintf("named%d", i), fmt.Sprintf("rest%d", i))
	}
	all = append(all, object{"name": "nodes", "source": nodes, "transform": list{filter("datum.sum > 0")}})
	for i := range len(s.levels) - 1 {
		all = append(all, pairs(i))
		all = append(all, remainders(i)...)
		for _, kind := range []string{"pair", "out", "into", "both"} {
			links = append(links, fmt.Sprintf("%s%d", kind, i))
		}
	}
	return append(all,
		object{"name": "counts", "source": "nodes", "transform": list{
			object{"type": "aggregate", "groupby": list{"level"}, "ops": list{"count"}, "fields": list{nil}, "as": list{"count"}},
			object{"type": "aggregate", "ops": list{"max"}, "fields": list{"count"}, "as": list{"most"}},
		}},
		object{"name": "placed", "source": "nodes", "transform": list{
			// Other comes last, however much it is.
			object{
				"type": "window", "groupby": list{"level"}, "sort": object{"field": list{"other", "sum", "label"}, "order": list{"ascending", "descending", "ascending"}},
				"ops": list{"row_number", "sum"}, "fields": list{nil, "sum"}, "as": list{"rank", "end"}, "frame": list{nil, 0},
			},
			object{"type": "joinaggregate", "groupby": list{"level"}, "ops": list{"count"}, "fields": list{nil}, "as": list{"count"}},
			formula("x", fmt.Sprintf("margin + datum.level / %d * (width - 2 * margin - thickness)", len(s.levels)-1)),
			formula("y", "head + (datum.end - datum.sum) * scale + (datum.rank - 1 + (most - datum.count) / 2) * gap"),
		}},
		object{"name": "ribbons", "source": links, "transform": list{
			filter("datum.sum > 0"),
			lookup("placed", "id", "source", list{"x", "y", "rank", "label", "key", "level", "other"}, list{"x0", "sy", "sourceRank", "from", "fromKey", "level", "fromOther"}, nil),
			lookup("placed", "id", "target", list{"x", "y", "rank", "label", "key", "level", "other"}, list{"x1", "ty", "targetRank", "to", "toKey", "toLevel", "toOther"}, nil),
			// Levels are searched one by one: a flow that came between may have left a ribbon without an end.
			filter("isValid(datum.x0) && isValid(datum.x1)"),
			stacked("source", "targetRank", "sourceEnd"),
			stacked("target", "sourceRank", "targetEnd"),
			formula("x0", "datum.x0 + thickness"),
			formula("y0", "datum.sy + (datum.sourceEnd - datum.sum / 2) * scale"),
			formula("y1", "datum.ty + (datum.targetEnd - datum.sum / 2) * scale"),
			formula("width", "max(0.5, datum.sum * scale)"),
			object{"type": "linkpath", "orient": "horizontal", "shape": "diagonal", "sourceX": "x0", "sourceY": "y0", "targetX": "x1", "targetY": "y1"},
		}},
	)
}

// named are the values of a level that Elasticsearch names.
func (s sankey) named(i int, l Level) object {
	missing := quote(fmt.Sprint(l.missing()))
	return object{"name": fmt.Sprintf("named%d", i), "source": answer(i), "transform": list{
		flatten("aggregations."+own+".buckets", "bucket"),
		project("bucket.key", "key", "bucket.sum.value", "sum", "aggregations."+own+".sum_other_doc_count", "others"),
		formula("level", strconv.Itoa(i)),
		formula("other", "0"),
		formula("id", fmt.Sprintf("'%d:' + datum.key", i)),
		formula("label", fmt.Sprintf("'' + datum.key == %s ? %s : '' + datum.key", missing, quote(unknown))),
	}}
}

// rest is Other of a level. There is none where nothing is named, as there are no flows, and where everything is: the whole is another search's, which may have
// flows that came between the two.
func rest(i int) object {
	return object{"name": fmt.Sprintf("rest%d", i), "source": fmt.Sprintf("named%d", i), "transform": list{
		filter("datum.others > 0"),
		total("named", "level"),
		formula("sum", "max(0, total - datum.named)"),
		formula("other", "1"),
		formula("id", quote(otherID(i))),
		formula("label", quote(other)),
	}}
}

// otherID has no colon behind its number, as ids of values have.
func otherID(i int) string { return fmt.Sprintf("%d other", i) }

// pairs are the ribbons between named values of a level and the next, as the one of them that asks says.
func pairs(i int) object {
	asking, neighbour, source, target := i, after, "outer.key", "inner.key"
	if !asks(i) {
		asking, neighbour, source, target = i+1, before, "inner.key", "outer.key"
	}
	return object{"name": fmt.Sprintf("pair%d", i), "source": answer(asking), "transform": list{
		flatten("aggregations."+own+".buckets", "outer"),
		flatten("outer."+neighbour+".buckets", "inner"),
		project(source, "sourceKey", target, "targetKey", "inner.sum.value", "sum"),
		formula("source", fmt.Sprintf("'%d:' + datum.sourceKey", i)),
		formula("target", fmt.Sprintf("'%d:' + datum.targetKey", i+1)),
		lookup(fmt.Sprintf("named%d", i), "id", "source", list{"id"}, list{"sourceNamed"}, nil),
		lookup(fmt.Sprintf("named%d", i+1), "id", "target", list{"id"}, list{"targetNamed"}, nil),
		filter("datum.sourceNamed && datum.targetNamed"),
		project("source", "source", "target", "target", "sum", "sum"),
	}}
}

// remainders are the ribbons from and to Other.
func remainders(i int) list {
	pair := fmt.Sprintf("pair%d", i)
	from, to := otherID(i), otherID(i+1)
	sums := func(name, end string) object {
		return object{"name": name, "source": pair, "transform": list{total("paired", end)}}
	}
	left := func(name, level, sums, end string, constant object, as string) object {
		return object{"name": name, "source": level, "transform": list{
			project("id", as, "sum", "whole"),
			lookup(sums, end, as, list{"paired"}, list{"paired"}, 0),
			formula("sum", "datum.whole - datum.paired"),
			constant,
			filter("datum.sum > 0"),
			project("source", "source", "target", "target", "sum", "sum"),
		}}
	}
	into := fmt.Sprintf("into%d", i)
	return list{
		sums(pair+"bySource", "source"),
		sums(pair+"byTarget", "target"),
		left(fmt.Sprintf("out%d", i), fmt.Sprintf("named%d", i), pair+"bySource", "source", formula("target", quote(to)), "source"),
		left(into, fmt.Sprintf("named%d", i+1), pair+"byTarget", "target", formula("source", quote(from)), "target"),
		object{"name": into + "sum", "source": into, "transform": list{total("paired", "source")}},
		left(fmt.Sprintf("both%d", i), fmt.Sprintf("rest%d", i), into+"sum", "source", formula("target", quote(to)), "source"),
	}
}

// stacked adds up the ribbons of a node in the order of the nodes at their other ends.
func stacked(node, order, as string) object {
	return object{
		"type": "window", "groupby": list{node}, "sort": object{"field": list{order}, "order": list{"ascending"}},
		"ops": list{"sum"}, "fields": list{"sum"}, "as": list{as}, "frame": list{nil, 0},
	}
}
