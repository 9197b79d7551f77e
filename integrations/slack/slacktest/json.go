package slacktest

import (
	"encoding/json"
	"strconv"
)

// object is a JSON object as it came.
type object = map[string]any

func str(o object, key string) string {
	s, _ := o[key].(string)
	return s
}

func sub(o object, key string) object {
	v, _ := o[key].(object)
	return v
}

func list(o object, key string) []any {
	v, _ := o[key].([]any)
	return v
}

// objects gives those elements of a list that are objects.
func objects(o object, key string) []object { return onlyObjects(list(o, key)) }

func onlyObjects(l []any) []object {
	var all []object
	for _, e := range l {
		if m, ok := e.(object); ok {
			all = append(all, m)
		}
	}
	return all
}

// flag reads a boolean that may come as a form value.
func flag(o object, key string) bool {
	switch v := o[key].(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	case float64:
		return v != 0
	}
	return false
}

func has(o object, key string) bool {
	v, there := o[key]
	return there && v != nil
}

// num reads a number that may come as a form value.
func num(o object, key string) (int, bool) {
	switch v := o[key].(type) {
	case float64:
		return int(v), true
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

// copied makes a deep copy, in the types that JSON decodes to.
func copied[T any](v T) T {
	var again T
	if err := json.Unmarshal(encode(v), &again); err != nil {
		panic(err) // what came from JSON goes back to it
	}
	return again
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only maps, slices, texts and numbers are encoded here
	}
	return b
}
