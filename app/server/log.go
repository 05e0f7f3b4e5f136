package server

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/coditect-ai/license-platform/app/httpapi"
)

func logLevel(text string) (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return 0, fmt.Errorf("log level: %w", err)
	}
	return level, nil
}

// newLog writes JSON lines with the field names of Cloud Logging
// (cloud.google.com/logging/docs/structured-logging).
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(httpapi.WithRequest(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch a.Key {
		case slog.MessageKey:
			a.Key = "message"
		case slog.LevelKey:
			a.Key = "severity"
			if a.Value.String() == "WARN" {
				a.Value = slog.StringValue("WARNING")
			}
		}
		return a
	}})))
}
