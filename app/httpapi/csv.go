package httpapi

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"mime"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Format says how a report is wanted.
type Format struct {
	Format string `query:"format" enum:"json,csv" doc:"Without: as Accept says, else json"`
}

// csv says whether the report is wanted as CSV: by its address, else by which of the two has the greater weight
// in Accept, and of the same weight is named first (RFC 9110, section 12.4.2).
func (f Format) csv(accept string) bool {
	if f.Format != "" {
		return f.Format == "csv"
	}
	wanted, most := "", 0.0
	for part := range strings.SplitSeq(accept, ",") {
		media, parameters, _ := mime.ParseMediaType(part)
		weight, err := strconv.ParseFloat(parameters["q"], 64)
		if err != nil {
			weight = 1
		}
		if (media == "text/csv" || media == "application/json") && weight > most {
			wanted, most = media, weight
		}
	}
	return wanted == "text/csv"
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

// formulas finds what a spreadsheet takes for the beginning of a formula, at the beginning of a
// cell and behind what separates cells in other countries' spreadsheets; East Asian ones know the
// wide signs too (owasp.org/www-community/attacks/CSV_Injection).
var formulas = regexp.MustCompile(`(^|[;,\t])([=+\-@\t\r\n＝＋－＠])`)

// defang keeps a spreadsheet from taking a cell, or a part of it, for a formula.
func defang(cell string) string { return formulas.ReplaceAllString(cell, "$1'$2") }

// reportAnswer documents a report.
func (a *api) reportAnswer(value reflect.Type) *huma.Response {
	text := &huma.Schema{Type: huma.TypeString, Description: "The same items, a line each, after a line with their names. A cell that begins with =, +, -, @, a tab or a line break has an apostrophe before it, and so have these behind a comma, a semicolon or a tab"}
	return &huma.Response{
		Description: "OK",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(value, true, value.Name())}, "text/csv": {Schema: text},
		},
	}
}
