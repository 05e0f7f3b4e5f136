package server

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/coditect-ai/license-platform/app/httpapi"
)

// Command carries out one command line: serve, migrate, openapi, or --help.
func Command(ctx context.Context, arguments []string, environment map[string]string, out io.Writer) error {
	if len(arguments) == 1 {
		switch arguments[0] {
		case "serve":
			settings, err := LoadServe(environment)
			if err != nil {
				return err
			}
			settings.collect()
			return RunServe(ctx, settings, out)
		case "migrate":
			settings, seeds, err := LoadMigrate(environment)
			if err != nil {
				return err
			}
			return RunMigrate(ctx, settings, seeds, out)
		case "openapi":
			document, err := httpapi.Document()
			if err != nil {
				return err
			}
			_, err = out.Write(append(document, '\n'))
			return err
		case "help", "--help", "-h":
			_, err := io.WriteString(out, Help())
			return err
		}
	}
	return fmt.Errorf("license-api takes one command: serve, migrate, openapi or --help, not %q", strings.Join(arguments, " "))
}

// Help lists the commands and every environment variable.
func Help() string {
	var b strings.Builder
	b.WriteString("license-api COMMAND\n\nCommands:\n  serve    serve the API until SIGTERM\n  migrate  bring the database up to date, then end\n  openapi  print the OpenAPI document; it needs no environment\n")
	b.WriteString("\nEnvironment of both:\n")
	describe(&b, reflect.TypeFor[Common]())
	b.WriteString("\nEnvironment of serve:\n")
	describe(&b, reflect.TypeFor[Serve]())
	b.WriteString("\nEnvironment of migrate:\n")
	describe(&b, reflect.TypeFor[Migrate]())
	return b.String()
}

func describe(b *strings.Builder, settings reflect.Type) {
	for field := range settings.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("env"), ",")
		if name == "" {
			continue
		}
		fmt.Fprintf(b, "  %-26s %s", name, field.Tag.Get("help"))
		if value := field.Tag.Get("envDefault"); value != "" {
			fmt.Fprintf(b, " (default %s)", value)
		}
		if strings.Contains(options, "required") {
			b.WriteString(" (required)")
		}
		b.WriteString("\n")
	}
}
