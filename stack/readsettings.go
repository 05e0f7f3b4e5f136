package stack

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/stack/strict"
)

// projectName is the project's name, before every key of a stack's file.
const projectName = "license-platform"

// read fills the settings from the stack's file and lists what does not fit:
// keys that are missing, unknown, or of the wrong type. A value that can be read
// is there even when others cannot, so that the layers can check it, too.
func read(ctx *pulumi.Context) (Settings, setting.Problems, error) {
	var s Settings
	keys, err := configKeys(ctx)
	if err != nil {
		return s, nil, err
	}
	ps := unknownKeys(keys, ctx.Stack(), func(full string) any {
		text, _ := ctx.GetConfig(full)
		return strict.MaskedValue(text)
	})
	places := strict.Places(reflect.TypeFor[Settings]())
	fields := reflect.ValueOf(&s).Elem()
	for i := range fields.NumField() {
		key := strict.Key(fields.Type().Field(i))
		full := projectName + ":" + key
		text, found := ctx.GetConfig(full)
		if !found {
			// Without endpoints Google's own are meant, and without checks all of them;
			// everything else decides something.
			if key != "endpoints" && key != "checks" {
				ps.Add(key, "", "is missing from the stack's file", "an object, as in Pulumi.dev.yaml")
			}
			continue
		}
		decoder := strict.Decoder{
			Elsewhere: func(name string) string { return suggestedPath(name, places) },
			Hidden:    ctx.IsConfigSecret(full),
		}
		ps = append(ps, decoder.Decode(key, text, fields.Field(i).Addr().Interface())...)
	}
	return s, ps, nil
}
