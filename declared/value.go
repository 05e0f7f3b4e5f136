package declared

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// unsealed is a value without its secrets' wrapping.
func unsealed(value resource.PropertyValue) resource.PropertyValue {
	return each(value, unsealed)
}

// hidden is a value with a placeholder instead of every secret.
func hidden(value resource.PropertyValue) resource.PropertyValue {
	return each(value, func(resource.PropertyValue) resource.PropertyValue { return resource.NewProperty("[secret]") })
}

// each is a value with what is in every secret replaced.
func each(value resource.PropertyValue, replace func(resource.PropertyValue) resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return replace(value.SecretValue().Element)
	case value.IsObject():
		all := resource.PropertyMap{}
		for key, item := range value.ObjectValue() {
			all[key] = each(item, replace)
		}
		return resource.NewProperty(all)
	case value.IsArray():
		all := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, item := range value.ArrayValue() {
			all[i] = each(item, replace)
		}
		return resource.NewProperty(all)
	}
	return value
}

// open is a value as plain Go.
func open(value resource.PropertyValue) any { return unsealed(value).Mappable() }

// walk calls visit for every text that is not in a secret.
func walk(path string, value resource.PropertyValue, visit func(path, text string)) {
	switch {
	case value.IsString():
		visit(path, value.StringValue())
	case value.IsObject():
		for key, item := range value.ObjectValue() {
			walk(path+"."+string(key), item, visit)
		}
	case value.IsArray():
		for i, item := range value.ArrayValue() {
			walk(fmt.Sprintf("%s[%d]", path, i), item, visit)
		}
	}
}
