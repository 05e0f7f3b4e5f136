package cost

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// JSON writes everything.
func (e Estimate) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(e)
}

// Text writes a table for a terminal.
func (e Estimate) Text(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "COMPONENT\tWHAT\tSIZE\tUNITS\tUNIT PRICE\tOF\t%s A MONTH\n", e.Currency)
	for _, line := range e.Lines {
		fmt.Fprintf(table, "%s\t%s\t%s\t%.4g\t%g per %s\t%s\t%.2f\n", line.Component, line.What, line.Size, line.Units, line.Price.USD, line.Price.Per, line.Price.when(), line.Monthly)
	}
	fmt.Fprintf(table, "TOTAL\t\t\t\t\t\t%.2f\n", e.Total)
	if err := table.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("\nPaid by use, and not in the total:\n")
	for _, use := range e.ByUse {
		fmt.Fprintf(&b, "  %s: %g per %s (%s)\n", use.What, use.USD, use.Per, use.when())
	}
	for _, shared := range e.Shared {
		fmt.Fprintf(&b, "Shared: %s.\n", shared)
	}
	fmt.Fprintf(&b, "\n%s\n", e.caveat())
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the table for a reader, with the page of each price.
func (e Estimate) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# What stack %s costs a month\n\n%s\n\n", e.Stack, e.caveat())
	fmt.Fprintf(&b, "| Component | What | Size | Units | Unit price (%s) | %s a month |\n|---|---|---|---:|---|---:|\n", e.Currency, e.Currency)
	for _, line := range e.Lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %.4g | [%g per %s](%s), %s | %.2f |\n",
			line.Component, line.What, line.Size, line.Units, line.Price.USD, line.Price.Per, line.Price.Source, line.Price.when(), line.Monthly)
	}
	fmt.Fprintf(&b, "| **Total** | | | | | **%.2f** |\n\nPaid by use, and not in the total:\n\n", e.Total)
	for _, use := range e.ByUse {
		fmt.Fprintf(&b, "- %s: [%g per %s](%s), %s\n", use.What, use.USD, use.Per, use.Source, use.when())
	}
	for _, shared := range e.Shared {
		fmt.Fprintf(&b, "\nShared: %s.\n", shared)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (e Estimate) caveat() string {
	return fmt.Sprintf("An estimate from list prices of %s, at the stack's smallest size, without discounts and free allowances. "+
		"A price marked * was not compared with its page again.", e.Region)
}

// when is the price's date, marked if nobody compared it again.
func (p Price) when() string {
	if p.Checked {
		return p.Date
	}
	return p.Date + "*"
}
