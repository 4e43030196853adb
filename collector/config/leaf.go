package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// leaf is one setting of a Config.
type leaf struct {
	key, fallback, check, desc string
	restart                    bool // it is in force only after a restart
	value                      reflect.Value
}

// leaves lists the settings of c in the order of the tree.
func leaves(c *Config) []leaf {
	var list []leaf
	var walk func(prefix string, v reflect.Value)
	walk = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key := prefix + f.Tag.Get("yaml")
			if f.Type.Kind() == reflect.Struct {
				walk(key+".", v.Field(i))
				continue
			}
			list = append(list, leaf{key, f.Tag.Get("default"), f.Tag.Get("check"), f.Tag.Get("desc"), f.Tag.Get("reload") == "no", v.Field(i)})
		}
	}
	walk("", reflect.ValueOf(c).Elem())
	return list
}

// kind names the type of the setting for people.
func (l leaf) kind() string {
	switch l.value.Interface().(type) {
	case []string:
		return "list"
	case ByteSize:
		return "size"
	case Duration:
		return "duration"
	case int:
		return "number"
	case bool:
		return "true or false"
	}
	return "text"
}

// setText sets the value from its text form and checks it.
func (l leaf) setText(text string) error {
	if list, ok := l.value.Addr().Interface().(*[]string); ok {
		*list = splitList(text)
		return l.checkAll(*list)
	}
	text = strings.TrimSpace(text)
	switch v := l.value.Addr().Interface().(type) {
	case *string:
		*v = text
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a number", text)
		}
		*v = n
	case *bool:
		switch text {
		case "true":
			*v = true
		case "false":
			*v = false
		default:
			return fmt.Errorf("%q is neither true nor false", text)
		}
	case *ByteSize:
		n, err := ParseByteSize(text)
		if err != nil {
			return err
		}
		*v = n
	case *Duration:
		d, err := ParseDuration(text)
		if err != nil {
			return err
		}
		*v = d
	default:
		panic("config: no text form for " + l.key) // held by a test
	}
	return l.checkAll(nil)
}

// setList sets a list from its elements and checks it.
func (l leaf) setList(list []string) error {
	l.value.Set(reflect.ValueOf(list))
	return l.checkAll(list)
}

func (l leaf) isList() bool { return l.value.Kind() == reflect.Slice }

// text is the canonical text form: equal values have equal texts.
func (l leaf) text() string {
	switch v := l.value.Interface().(type) {
	case []string:
		return strings.Join(v, ", ")
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

// splitList reads "a, b" and the YAML flow form [a, b].
func splitList(text string) []string {
	text = strings.TrimSpace(text)
	// An IPv6 address begins with a bracket too, but then the first bracket does not close at the end.
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = text[1 : len(text)-1]
	}
	list := []string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.Trim(strings.TrimSpace(part), `"'`); part != "" {
			list = append(list, part)
		}
	}
	return list
}
