package kibanafake

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// upToDate is the migrationVersion of an object that needs no migration.
func upToDate(kind string) map[string]string {
	if types[kind] == "" {
		return nil
	}
	return map[string]string{kind: types[kind]}
}

// migrate brings an object to this version, as saved_objects/migrations/core/document_migrator does. One of a newer Kibana is refused.
func migrate(object *Object) error {
	for property, version := range object.MigrationVersion {
		last := types[property]
		if last == "" || older(last, version) {
			if last == "" {
				last = "undefined"
			}
			message := fmt.Sprintf("Document %q has property %q which belongs to a more recent version of Kibana [%s]. The last known version is [%s].",
				object.ID, property, version, last)
			return errors.New(message)
		}
	}
	was := object.MigrationVersion[object.Type]
	for _, step := range migrations[object.Type] {
		if older(was, step.version) {
			if err := step.do(object.Attributes); err != nil {
				message := fmt.Sprintf("Failed to transform document %s. Transform: %s:%s", object.ID, object.Type, step.version)
				return errors.New(message)
			}
		}
	}
	object.MigrationVersion = maps.Clone(upToDate(object.Type))
	return nil
}

// older compares versions.
func older(a, b string) bool {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range right {
		var x, y int
		if i < len(left) {
			x, _ = strconv.Atoi(left[i]) // no number is the oldest
		}
		y, _ = strconv.Atoi(right[i])
		if x != y {
			return x < y
		}
	}
	return false
}

type migration struct {
	version string
	do      func(attributes map[string]any) error
}

// migrations are some of Kibana's that show in an object that is imported.
var migrations = map[string][]migration{
	"visualization": {{"7.17.0", func(attributes map[string]any) error { // addDropLastBucketIntoTSVBModel714Above
		return rewrite(attributes, "visState", func(state map[string]any) {
			parameters, ok := state["params"].(map[string]any)
			if _, set := parameters["drop_last_bucket"]; ok && state["type"] == "metrics" && !set {
				parameters["drop_last_bucket"] = 0
			}
		})
	}}},
	"dashboard": {{"7.17.3", func(attributes map[string]any) error { // migrateExplicitlyHiddenTitles
		return rewrite(attributes, "panelsJSON", func(panel map[string]any) {
			title, set := panel["title"].(string)
			if !set || title != "" {
				return
			}
			embeddable, ok := panel["embeddableConfig"].(map[string]any)
			if !ok {
				embeddable = map[string]any{}
			}
			embeddable["hidePanelTitles"] = true
			panel["embeddableConfig"] = embeddable
		})
	}}},
}

// rewrite changes the object, or each one of the list, that an attribute has as text. The text is another one then, whatever changed in it.
func rewrite(attributes map[string]any, name string, change func(map[string]any)) error {
	text, ok := attributes[name].(string)
	if !ok {
		return nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	switch value := value.(type) {
	case map[string]any:
		change(value)
	case []any:
		for _, element := range value {
			if object, ok := element.(map[string]any); ok {
				change(object)
			}
		}
	}
	content, err := json.Marshal(value)
	attributes[name] = string(content)
	return err
}
