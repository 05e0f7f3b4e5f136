package cost

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
)

//go:embed prices.json
var listed []byte

// Price is a list price.
type Price struct {
	// USD is the price of one unit, Per the unit.
	USD float64 `json:"usd"`
	Per string  `json:"per"`
	// Source is Google's page of the price.
	Source string `json:"source"`
	// Date is when the price held, as exactly as is known.
	Date string `json:"date"`
	// Checked says that a copy of a dated source was compared.
	Checked bool `json:"checked"`
}

// ByUse is a price for an amount that is not in the plan.
type ByUse struct {
	// Types are the kinds of resources that are used.
	Types []string `json:"types"`
	// What is used.
	What string `json:"what"`
	Price
}

// Prices are the list prices of one region.
type Prices struct {
	Currency      string           `json:"currency"`
	Region        string           `json:"region"`
	HoursPerMonth float64          `json:"hoursPerMonth"`
	Prices        map[string]Price `json:"prices"`
	ByUse         []ByUse          `json:"byUse"`
}

// Listed returns the prices of prices.json.
func Listed() (Prices, error) {
	decoder := json.NewDecoder(bytes.NewReader(listed))
	decoder.DisallowUnknownFields()
	var prices Prices
	if err := decoder.Decode(&prices); err != nil {
		return Prices{}, fmt.Errorf("read ops/cost/prices.json: %w", err)
	}
	return prices, nil
}

// byUse tells whether a kind of resource is priced by its use.
func (p Prices) byUse(typ string) bool {
	return slices.ContainsFunc(p.ByUse, func(use ByUse) bool { return slices.Contains(use.Types, typ) })
}
