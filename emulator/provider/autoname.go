package provider

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// defaults is the input in which a provider remembers which other inputs it has
// filled in itself. The engine shows it to nobody.
const defaults = "__defaults"

// autoname fills the name that the program left out: the one from before, else
// the resource's name with seven random digits, as the real providers do. It
// marks a name of its own making.
func autoname(inputs, before resource.PropertyMap, property, name string, seed []byte) error {
	target, key := named(inputs, property)
	if value, given := target[key]; given && !value.IsNull() {
		return nil
	}
	text := plain(before).Text(property)
	made := text == "" || autonamed(before, property)
	if text == "" {
		random, err := resource.NewUniqueName(seed, name+"-", 7, 0, nil)
		if err != nil {
			return err
		}
		text = random
	}
	target[key] = resource.NewProperty(text)
	if made {
		inputs[defaults] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(property)})
	}
	return nil
}

// autonamed says whether the provider made the name up, so that a replacement
// gets another one.
func autonamed(inputs resource.PropertyMap, property string) bool {
	filled := inputs[defaults]
	if property == "" || !filled.IsArray() {
		return false
	}
	for _, item := range filled.ArrayValue() {
		if item.IsString() && item.StringValue() == property {
			return true
		}
	}
	return false
}

// named finds the object that holds the name, which it makes when there is none,
// and the name's key in it.
func named(inputs resource.PropertyMap, property string) (resource.PropertyMap, resource.PropertyKey) {
	outer, inner, nested := strings.Cut(property, ".")
	if !nested {
		return inputs, resource.PropertyKey(property)
	}
	object := inputs[resource.PropertyKey(outer)]
	if object.IsSecret() {
		object = object.SecretValue().Element
	}
	if !object.IsObject() {
		object = resource.NewProperty(resource.PropertyMap{})
		inputs[resource.PropertyKey(outer)] = object
	}
	return object.ObjectValue(), resource.PropertyKey(inner)
}
