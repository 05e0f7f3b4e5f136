package dashboard

// The grid. Twelve columns are the most that the API takes.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#MosaicLayout
const (
	columns       = 12
	headingHeight = 1
	widgetHeight  = 4
)

// section is a heading and the widgets below it.
type section struct {
	title, subtitle string
	// rows share the grid's width evenly among the widgets of each.
	rows [][]Widget
}

// place lays the sections out, one below the other.
func place(sections []section) Mosaic {
	m := Mosaic{Columns: columns}
	y := 0
	for _, s := range sections {
		m.Tiles = append(m.Tiles, Tile{
			Y: y, Width: columns, Height: headingHeight,
			Widget: Widget{Title: s.title, Section: &SectionHeader{Subtitle: s.subtitle}},
		})
		y += headingHeight
		for _, row := range s.rows {
			if len(row) == 0 {
				continue
			}
			width := columns / len(row)
			for i, widget := range row {
				m.Tiles = append(m.Tiles, Tile{X: i * width, Y: y, Width: width, Height: widgetHeight, Widget: widget})
			}
			y += widgetHeight
		}
	}
	return m
}
