package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"callboard/catalog"
)

// maxNodes bounds the work that aliases may multiply.
const maxNodes = 100_000

// decoder fills structs from YAML nodes by their yaml tags, strictly, and goes on after a mistake.
type decoder struct {
	file     string
	lines    map[string]int  // of each key that was read
	wrong    map[string]bool // keys whose values could not be read, so that nothing else is said of them
	nodes    int
	mistakes []Mistake
}

// document gives the mapping of the one document in data; nil when there is none.
func (d *decoder) document(data []byte) *yaml.Node {
	if len(data) > maxBytes {
		d.mistake("", "the file is larger than %s", Size(maxBytes))
		return nil
	}
	stream := yaml.NewDecoder(bytes.NewReader(data))
	var root, second yaml.Node
	err := stream.Decode(&root)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if err = stream.Decode(&second); err == nil {
			d.mistakeAt(second.Line, "", "a second document begins here: the configuration is one document")
			return nil
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		d.syntax(err)
		return nil
	}
	if len(root.Content) == 0 || isNull(root.Content[0]) {
		return nil
	}
	return root.Content[0]
}

// syntax records an error of the YAML parser, whose text may begin with "yaml: line N: ".
func (d *decoder) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if rest, found := strings.CutPrefix(text, "line "); found {
		if number, after, found := strings.Cut(rest, ": "); found {
			line, _ = strconv.Atoi(number)
			text = after
		}
	}
	if strings.Contains(text, "unknown anchor") {
		text = "an alias (*name) whose anchor (&name) does not exist: put a value that begins with * into quotes"
	}
	d.mistakeAt(line, "", "not YAML: %s", text)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// decode fills the value that into points to. Null leaves it as it is.
func (d *decoder) decode(n *yaml.Node, key string, into any) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.nodes++; isNull(n) || d.nodes > maxNodes {
		return
	}
	if scalar, handled := d.scalar(into); handled {
		if n.Kind != yaml.ScalarNode {
			d.misread(n, key, "a single value is wanted here, not a %s", kindName(n))
		} else if err := scalar(n.Value); err != nil {
			d.misread(n, key, "%v", err)
		}
		return
	}
	if one, ok := into.(*Secrets); ok && n.Kind == yaml.ScalarNode {
		*one = make(Secrets, 1)
		d.decode(n, key, &(*one)[0]) // a list of one may stand without brackets
		return
	}
	v := reflect.ValueOf(into).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.decode(n, key, v.Interface())
	case reflect.Struct:
		d.structure(n, key, v)
	case reflect.Slice:
		d.list(n, key, v)
	case reflect.Map:
		d.mapping(n, key, v)
	default:
		panic("config: no rule to decode a " + v.Type().String()) // a field was added, and this switch forgotten
	}
}

// scalar gives the rule by which into is read from one value.
func (d *decoder) scalar(into any) (parse func(text string) error, handled bool) {
	switch into := into.(type) {
	case *time.Duration:
		return parser(into, time.ParseDuration, "a duration: write 30s, 1m or 2h"), true
	case *bool:
		return parser(into, parseBool, "true or false"), true
	case *int:
		return parser(into, strconv.Atoi, "a whole number"), true
	case *int64:
		return parser(into, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }, "a whole number"), true
	case *string:
		return func(text string) error { *into = text; return nil }, true
	case *catalog.Ref:
		return parser(into, parseUser, "a user of the catalog: write user:default/name, or the name alone"), true
	case encoding.TextUnmarshaler:
		return func(text string) error { return into.UnmarshalText([]byte(text)) }, true
	}
	return nil, false
}

func parser[T any](into *T, parse func(string) (T, error), want string) func(string) error {
	return func(text string) error {
		value, err := parse(text)
		if err != nil {
			return fmt.Errorf("%s is not %s", quote(text), want)
		}
		*into = value
		return nil
	}
}

// parseBool knows the words of YAML 1.2.
func parseBool(text string) (bool, error) {
	switch text {
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return false, strconv.ErrSyntax
}

func parseUser(text string) (catalog.Ref, error) {
	ref, err := catalog.ParseRef(text, "user", catalog.DefaultNamespace)
	if err == nil && ref.Kind != "user" {
		err = catalog.ErrRefKind
	}
	return ref, err
}

func (d *decoder) structure(n *yaml.Node, key string, v reflect.Value) {
	var names []string
	for i := range v.NumField() {
		names = append(names, v.Type().Field(i).Tag.Get("yaml"))
	}
	d.pairs(n, key, func(name, path string, keyNode, value *yaml.Node) {
		i := slices.Index(names, name)
		if i < 0 {
			d.unknown(keyNode.Line, key, name, names)
			return
		}
		d.decode(value, path, v.Field(i).Addr().Interface())
	})
}

func (d *decoder) unknown(line int, around, name string, names []string) {
	if guess := closest(name, names); guess != "" {
		d.mistakeAt(line, around, "unknown key %s, did you mean %s?", quote(name), guess)
		return
	}
	d.mistakeAt(line, around, "unknown key %s; the keys here are %s", quote(name), strings.Join(names, ", "))
}

func (d *decoder) list(n *yaml.Node, key string, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.misread(n, key, "a list is wanted here, not a %s", kindName(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		path := key + "[" + strconv.Itoa(i) + "]"
		d.lines[path] = item.Line
		if isNull(item) {
			d.nodes++
			d.misread(item, path, "an item of a list must not be empty")
			continue
		}
		into := v.Index(i).Addr().Interface()
		if source, ok := into.(*Source); ok {
			*source = DefaultSource()
		}
		d.decode(item, path, into)
		if d.nodes > maxNodes {
			return
		}
	}
}

func (d *decoder) mapping(n *yaml.Node, key string, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, key, func(name, path string, _, value *yaml.Node) {
		item := reflect.New(v.Type().Elem())
		d.decode(value, path, item.Interface())
		v.SetMapIndex(reflect.ValueOf(name), item.Elem())
	})
}

// pairs calls visit for each pair of the mapping n, noting lines and refusing duplicates.
func (d *decoder) pairs(n *yaml.Node, key string, visit func(name, path string, keyNode, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.misread(n, key, "keys are wanted here (name: value), not a %s", kindName(n))
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content) && d.nodes <= maxNodes; i += 2 {
		d.nodes++
		keyNode, value := n.Content[i], n.Content[i+1]
		if keyNode.Kind != yaml.ScalarNode {
			d.mistakeAt(keyNode.Line, key, "a key must be a single word")
			continue
		}
		name := keyNode.Value
		if line, found := first[name]; found {
			d.mistakeAt(keyNode.Line, key, "the key %s stands here again, it is in line %d already", quote(name), line)
			continue
		}
		first[name] = keyNode.Line
		path := strings.TrimPrefix(key+"."+name, ".")
		d.lines[path] = keyNode.Line
		visit(name, path, keyNode, value)
	}
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "group of keys"
	case yaml.SequenceNode:
		return "list"
	default:
		return "single value"
	}
}
