package dashboards

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// View is a dashboard.
type View struct {
	Name        string // part of the id in Kibana
	Title       string
	Description string
	From        string // begin of the time range that it opens with, as Elasticsearch reckons dates: now-24h; empty: that of before stays
	Rows        []Row
}

// Row is panels beside each other.
type Row struct {
	Height int // in Kibana's units of 20 pixels
	Cells  []Cell
}

// Cell is a panel of a row.
type Cell struct {
	Width  int // of Columns
	Visual Visual
	Drill  string // the view that a click on a value leads to, with that value as a filter; empty: to none
}

// Columns is how wide a dashboard of Kibana is.
const Columns = 48

// Panel is a visual at its place: from the left and the top, in columns and rows of the grid.
type Panel struct {
	X, Y, Width, Height int
	Cell
}

// Panels are the cells at their places.
func (v View) Panels() []Panel {
	var panels []Panel
	y := 0
	for _, row := range v.Rows {
		x := 0
		for _, cell := range row.Cells {
			panels = append(panels, Panel{x, y, cell.Width, row.Height, cell})
			x += cell.Width
		}
		y += row.Height
	}
	return panels
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// check says what is wrong with a view: a field that documents do not have, or cannot be used so; a request without a bound; a row that is not as wide as a
// dashboard is.
func (v View) check() error {
	if !nameForm.MatchString(v.Name) {
		return fmt.Errorf("the name %q", v.Name)
	}
	for i, row := range v.Rows {
		width := 0
		for _, cell := range row.Cells {
			width += cell.Width
			info := cell.Visual.About()
			if !nameForm.MatchString(info.Name) || cell.Width < 1 {
				return fmt.Errorf("row %d: %q of width %d", i+1, info.Name, cell.Width)
			}
			if err := cell.Visual.check(); err != nil {
				return fmt.Errorf("%s: %w", info.Name, err)
			}
		}
		if width != Columns || row.Height < 1 {
			return fmt.Errorf("row %d is %d wide and %d high", i+1, width, row.Height)
		}
	}
	return nil
}

// checkAll looks at views together: no two are called alike, and neither are visuals that are not the same.
func checkAll(views []View) error {
	names := map[string]bool{}
	visuals := map[string]Info{}
	var wrong []error
	for _, v := range views {
		if names[v.Name] {
			wrong = append(wrong, fmt.Errorf("there are two views %s", v.Name))
		}
		names[v.Name] = true
		if err := v.check(); err != nil {
			wrong = append(wrong, fmt.Errorf("view %s: %w", v.Name, err))
		}
		for _, p := range v.Panels() {
			info := p.Visual.About()
			if other, there := visuals[info.Name]; there && other != info {
				wrong = append(wrong, fmt.Errorf("view %s: another visual is called %s too", v.Name, info.Name))
			}
			visuals[info.Name] = info
		}
	}
	for _, v := range views {
		for _, p := range v.Panels() {
			if p.Drill != "" && !names[p.Drill] {
				wrong = append(wrong, fmt.Errorf("view %s: %s leads to the view %s, which there is not", v.Name, p.Visual.About().Name, p.Drill))
			}
		}
	}
	wrong = append(wrong, field.Check(schema.Flows, TimeField, field.Search), field.Check(schema.Health, TimeField, field.Search))
	return errors.Join(wrong...)
}
