package gcp

import (
	"errors"
	"fmt"

	"cloud.google.com/go/monitoring/dashboard/apiv1/dashboardpb"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeDashboard is a dashboard of Cloud Monitoring.
const TypeDashboard = "gcp:monitoring/dashboard:Dashboard"

// mostColumns is how wide the grid of a mosaic can be.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#MosaicLayout
const mostColumns = 12

func (w *Cloud) dashboard() provider.Kind {
	id := numbered("dashboards")
	return provider.Kind{
		Type: TypeDashboard, ID: id,
		Numbered: true,
		Free:     "a dashboard is free",
		Own:      true,
		Check: func(d *provider.Draft) []provider.Failure {
			text := d.Inputs.Text("dashboardJson")
			if text == "" {
				return nil
			}
			if err := checkDashboard(text); err != nil {
				return []provider.Failure{provider.Refuse("dashboardJson", "Error 400: %v", err)}
			}
			return nil
		},
	}
}

// checkDashboard reads the JSON with the API's own definition, so that a field or
// a value that the API does not know is not known here.
func checkDashboard(text string) error {
	var read dashboardpb.Dashboard
	if err := protojson.Unmarshal([]byte(text), &read); err != nil {
		return fmt.Errorf("invalid JSON payload received: %w", err)
	}
	if read.GetDisplayName() == "" {
		return errors.New("field displayName is required")
	}
	if read.GetLayout() == nil {
		return errors.New("exactly one layout must be set")
	}
	mosaic := read.GetMosaicLayout()
	if mosaic == nil {
		return nil
	}
	if mosaic.GetColumns() < 1 || mosaic.GetColumns() > mostColumns {
		return fmt.Errorf("field mosaicLayout.columns must be between 1 and %d, got %d", mostColumns, mosaic.GetColumns())
	}
	for i, tile := range mosaic.GetTiles() {
		if err := checkTile(tile, mosaic.GetColumns()); err != nil {
			return fmt.Errorf("field mosaicLayout.tiles[%d] has an invalid value: %w", i, err)
		}
	}
	return nil
}

// checkTile refuses a tile that leaves the grid, or shows nothing.
func checkTile(tile *dashboardpb.MosaicLayout_Tile, columns int32) error {
	switch {
	case tile.GetXPos() < 0 || tile.GetYPos() < 0:
		return errors.New("its position is negative")
	case tile.GetWidth() < 1 || tile.GetHeight() < 1:
		return errors.New("its width and height must be at least 1")
	case tile.GetXPos()+tile.GetWidth() > columns:
		return fmt.Errorf("it is not contained within the %d columns", columns)
	case tile.GetWidget().GetContent() == nil:
		return errors.New("its widget has no content")
	}
	for _, set := range tile.GetWidget().GetXyChart().GetDataSets() {
		if set.GetTimeSeriesQuery().GetSource() == nil {
			return errors.New("its chart has a data set without a query")
		}
	}
	return nil
}
