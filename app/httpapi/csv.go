package httpapi

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"mime"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Format says how a report is wanted.
type Format struct {
	Format string `query:"format" enum:"json,csv" doc:"Without: as Accept says, else json"`
}

// csv says whether the report is wanted as CSV: by its address, else by what Accept names
// first.
func (f Format) csv(accept string) bool {
	if f.Format != "" {
		return f.Format == "csv"
	}
	for part := range strings.SplitSeq(accept, ",") {
		switch media, _, _ := mime.ParseMediaType(part); media {
		case "text/csv":
			return true
		case "application/json":
			return false
		}
	}
	return false
}

const csvType = "text/csv; charset=utf-8; header=present"

// report is an answer as JSON or as CSV. Next is in the JSON too.
type report struct {
	ContentType string `header:"Content-Type"`
	// Vary is added to what other layers say.
	Vary []string `header:"Vary"`
	Next string   `header:"Next-Cursor" doc:"The cursor of what follows, in CSV too; missing or empty at the end"`
	Body []byte
}

// jsonReport is an answer as JSON.
func jsonReport(value any, next string) (*report, error) {
	content, err := json.Marshal(value)
	return &report{ContentType: "application/json", Vary: []string{"Accept"}, Next: next, Body: content}, err
}

// csvReport is an answer as CSV (RFC 4180) with a line of names.
func csvReport(names []string, rows [][]string, next string) (*report, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	// A Buffer takes everything.
	_ = w.Write(names)
	for _, row := range rows {
		harmless := make([]string, len(row))
		for i, cell := range row {
			harmless[i] = defang(cell)
		}
		_ = w.Write(harmless)
	}
	w.Flush()
	return &report{ContentType: csvType, Vary: []string{"Accept"}, Next: next, Body: out.Bytes()}, w.Error()
}

// defang keeps a spreadsheet from taking a cell for a formula
// (owasp.org/www-community/attacks/CSV_Injection).
func defang(cell string) string {
	if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r\n") {
		return "'" + cell
	}
	return cell
}

// reportAnswer documents a report.
func (a *api) reportAnswer(value reflect.Type) *huma.Response {
	text := &huma.Schema{Type: huma.TypeString, Description: "The same items, a line each, after a line with their names. A cell that begins with =, +, -, @, a tab or a line break has an apostrophe before it"}
	return &huma.Response{
		Description: "OK",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(value, true, value.Name())}, "text/csv": {Schema: text},
		},
	}
}
