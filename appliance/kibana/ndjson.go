package kibana

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ReadObjects reads the objects of an NDJSON file, as Kibana exports them: an object a line, and one that counts them in the end. Errors name the line.
func ReadObjects(content []byte) ([]Object, error) {
	var objects []Object
	lines := map[ObjectID]int{}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		object, counts, err := readLine(line)
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", number, err)
		case counts:
			continue
		case lines[object.Name()] != 0:
			return nil, fmt.Errorf("line %d: %s is in line %d already", number, object.Name(), lines[object.Name()])
		}
		lines[object.Name()] = number
		objects = append(objects, object)
	}
	if len(objects) == 0 {
		return nil, errors.New("there is no saved object in it")
	}
	return objects, nil
}

// readLine reads one line; counts tells that it is the one in the end.
func readLine(line []byte) (object Object, counts bool, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return Object{}, false, fmt.Errorf("it is no JSON object: %w", err)
	}
	if _, ok := fields["exportedCount"]; ok {
		return Object{}, true, nil
	}
	if err := json.Unmarshal(line, &object); err != nil {
		return Object{}, false, fmt.Errorf("it is no saved object: %w", err)
	}
	switch {
	case object.Type == "" || object.ID == "":
		return Object{}, false, errors.New("it has no type, or no id")
	case object.Attributes == nil:
		return Object{}, false, fmt.Errorf("%s has no attributes", object.Name())
	}
	object.Raw = slices.Clone(json.RawMessage(line))
	return object, false, nil
}

// Need is a reference to an object that is not in a set.
type Need struct {
	From      ObjectID
	Reference Reference
}

func (n Need) String() string {
	return fmt.Sprintf("%s refers to %s (%s)", n.From, n.Reference.Target(), n.Reference.Name)
}

// Needs are the references that lead out of a set of objects. Kibana itself looks at those to index patterns and searches alone, and shows an empty panel for
// any other that leads nowhere.
func Needs(objects []Object) []Need {
	inside := map[ObjectID]bool{}
	for _, object := range objects {
		inside[object.Name()] = true
	}
	var needs []Need
	for _, object := range objects {
		for _, reference := range object.References {
			if !inside[reference.Target()] {
				needs = append(needs, Need{object.Name(), reference})
			}
		}
	}
	return needs
}
