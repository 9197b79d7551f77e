package discordtest

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
func objects(o object, key string) []object {
	var all []object
	for _, e := range list(o, key) {
		if m, ok := e.(object); ok {
			all = append(all, m)
		}
	}
	return all
}

func flag(o object, key string) bool {
	v, _ := o[key].(bool)
	return v
}

func has(o object, key string) bool {
	v, there := o[key]
	return there && v != nil
}

// num reads a whole number, 0 when there is none.
func num(o object, key string) int {
	n, _ := integer(o[key])
	return n
}

// integer reads a whole number, which may come as a float of JSON or as an int of ours.
func integer(v any) (int, bool) {
	switch v := v.(type) {
	case float64:
		return int(v), v == float64(int(v))
	case int:
		return v, true
	}
	return 0, false
}

// snowflake reads an identifier, which Discord takes as text or as a number.
func snowflake(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatInt(int64(v), 10)
	}
	return ""
}

// texts gives those elements of a list that are texts.
func texts(o object, key string) []string {
	var all []string
	for _, e := range list(o, key) {
		if s, ok := e.(string); ok {
			all = append(all, s)
		}
	}
	return all
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
