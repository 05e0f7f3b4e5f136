package provider

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// wireOptions keep the engine's values unchanged; the core itself unwraps secrets before
// a kind sees them and wraps them again after.
func wireOptions() plugin.MarshalOptions {
	return plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}
}

// receive decodes properties from the wire.
func receive(properties *structpb.Struct) (resource.PropertyMap, error) {
	if properties == nil {
		return resource.PropertyMap{}, nil
	}
	decoded, err := plugin.UnmarshalProperties(properties, wireOptions())
	if err != nil {
		return nil, fmt.Errorf("decode properties: %w", err)
	}
	return decoded, nil
}

// send encodes properties for the wire, marking those named in secret.
func send(properties Properties, secret map[string]bool) (*structpb.Struct, error) {
	encoded := resource.PropertyMap{}
	for key, value := range properties {
		if value == nil {
			continue
		}
		property := wrap(value)
		if secret[key] {
			property = resource.MakeSecret(property)
		}
		encoded[resource.PropertyKey(key)] = property
	}
	return marshal(encoded)
}

func marshal(properties resource.PropertyMap) (*structpb.Struct, error) {
	encoded, err := plugin.MarshalProperties(properties, wireOptions())
	if err != nil {
		return nil, fmt.Errorf("encode properties: %w", err)
	}
	return encoded, nil
}

// plain turns the engine's values into plain ones, without secret wrappers and
// without the marks that providers leave for themselves.
func plain(properties resource.PropertyMap) Properties {
	object := Properties{}
	for key, value := range properties {
		if resource.IsInternalPropertyKey(key) {
			continue
		}
		if item := unwrap(value); item != nil {
			object[string(key)] = item
		}
	}
	return object
}

// secrets names the properties that hold a secret at any depth.
func secrets(maps ...resource.PropertyMap) map[string]bool {
	names := map[string]bool{}
	for _, properties := range maps {
		for key, value := range properties {
			if value.ContainsSecrets() {
				names[string(key)] = true
			}
		}
	}
	return names
}

func unwrap(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return unwrap(value.SecretValue().Element)
	case value.IsComputed():
		return Unknown{}
	case value.IsOutput():
		if output := value.OutputValue(); output.Known {
			return unwrap(output.Element)
		}
		return Unknown{}
	case value.IsObject():
		return map[string]any(plain(value.ObjectValue()))
	case value.IsArray():
		items := make([]any, len(value.ArrayValue()))
		for i, item := range value.ArrayValue() {
			items[i] = unwrap(item)
		}
		return items
	case value.IsString():
		return value.StringValue()
	case value.IsNumber():
		return value.NumberValue()
	case value.IsBool():
		return value.BoolValue()
	default:
		return nil
	}
}

func wrap(value any) resource.PropertyValue {
	switch v := value.(type) {
	case Unknown:
		return resource.MakeComputed(resource.NewProperty(""))
	case Properties:
		return wrap(map[string]any(v))
	case map[string]any:
		object := resource.PropertyMap{}
		for key, item := range v {
			if item != nil {
				object[resource.PropertyKey(key)] = wrap(item)
			}
		}
		return resource.NewProperty(object)
	case []any:
		items := make([]resource.PropertyValue, len(v))
		for i, item := range v {
			items[i] = wrap(item)
		}
		return resource.NewProperty(items)
	default:
		return resource.NewPropertyValue(value)
	}
}
