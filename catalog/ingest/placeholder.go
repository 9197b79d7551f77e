package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strconv"
	"strings"

	"callboard/catalog"
)

// substitute replaces the placeholders of the document: mappings whose only key is $text, $json
// or $yaml and whose value is a text. What they bring is not searched again.
func (r *reading) substitute(c *checker, v *value, pointer string) {
	switch v.kind {
	case listKind:
		for i := range v.items {
			r.substitute(c, &v.items[i], pointer+"/"+strconv.Itoa(i))
		}
	case objectKind:
		if isPlaceholder(v) {
			r.place(c, v, pointer)
			return
		}
		for _, key := range v.keys {
			if strings.HasPrefix(key, "$") {
				return
			}
		}
		for i, key := range v.keys {
			r.substitute(c, &v.items[i], catalog.Pointer(pointer, key))
		}
	default:
	}
}

func isPlaceholder(v *value) bool {
	if len(v.keys) != 1 || v.items[0].kind != textKind {
		return false
	}
	switch v.keys[0] {
	case "$text", "$json", "$yaml":
		return true
	default:
		return false
	}
}

// errRemote says that a URL was not read, which is no error of the descriptor.
var errRemote = errors.New("URLs are not read here")

// errUnread says that a file is there but was not read, for another reason than its size.
var errUnread = errors.New("the file cannot be read")

// place replaces one placeholder. Where that fails its target stays as text, so that no further
// rule complains about the same spot.
func (r *reading) place(c *checker, v *value, pointer string) {
	how, target := v.keys[0], v.items[0].text
	content, err := r.fetch(how, target)
	var got value
	if err == nil {
		got, err = r.interpret(how, content)
	}
	if err == nil {
		v.replace(got)
		return
	}
	v.replace(value{kind: textKind, text: target})
	if remote := (*remoteError)(nil); errors.As(err, &remote) {
		c.report(catalog.Warning, catalog.RulePlaceholder, pointer, v, "the URL behind "+how+" is kept as text: "+err.Error(),
			"allow its host in outbound.allow, or put the file into this repository")
		return
	}
	c.fail(catalog.RulePlaceholder, pointer, v, how+" cannot be replaced: "+err.Error(), placeholderFix(err))
}

func placeholderFix(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "correct the path, which is relative to this file (./x.yaml) or to the repository's root (/x.yaml)"
	case errors.Is(err, errOutside):
		return "name a file inside this repository"
	case errors.Is(err, errUnread):
		return unreadFix
	default:
		return "correct the file that it names"
	}
}

// remoteError is why a URL was not read.
type remoteError struct{ err error }

func (e *remoteError) Error() string { return e.err.Error() }
func (e *remoteError) Unwrap() error { return e.err }

// fetch reads the target of a placeholder.
func (r *reading) fetch(how, target string) ([]byte, error) {
	limit := r.limits.FileBytes
	if how == "$text" {
		limit = r.limits.TextBytes
	}
	if r.placeholders++; r.placeholders > r.limits.Placeholders {
		return nil, fmt.Errorf("the file has more than %d placeholders", r.limits.Placeholders)
	}
	name, err := r.resolve(target)
	if err != nil {
		return nil, err
	}
	var data []byte
	if name == "" {
		data, err = r.remote(target, limit)
	} else {
		data, err = r.local(name, limit)
	}
	if err != nil {
		return nil, err
	}
	if r.placed += len(data); r.placed > r.limits.PlacedBytes {
		return nil, fmt.Errorf("the placeholders of the file bring more than %d MiB", r.limits.PlacedBytes>>20)
	}
	return data, nil
}

// resolve gives the repository path that a target names, "" for a URL elsewhere.
func (r *reading) resolve(target string) (string, error) {
	name := target
	if isURL(target) {
		name = r.own(target)
		if name == "" {
			return "", nil
		}
	} else if !strings.HasPrefix(target, "/") {
		name = path.Join(path.Dir(r.path), target)
		if escapes(".", name) {
			return "", errOutside
		}
	}
	name = strings.TrimLeft(name, "/")
	if escapes(".", name) {
		return "", errOutside
	}
	name = path.Clean(name)
	if target == "" || name == "." || !fs.ValidPath(name) {
		return "", fmt.Errorf("%q names no file", shorten(target))
	}
	return name, nil
}

// own gives the path of a URL that leads into this very repository, else "".
func (r *reading) own(target string) string {
	if r.Web == "" {
		return ""
	}
	name, found := strings.CutPrefix(canonicalWeb(target), canonicalWeb(r.Web))
	if !found {
		return ""
	}
	if end := strings.IndexAny(name, "?#"); end >= 0 {
		name = name[:end]
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return strings.TrimLeft(name, "/")
}

func (r *reading) local(name string, limit int) ([]byte, error) {
	r.inputs[name] = true
	if r.FS == nil {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	f, err := r.FS.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	case errors.Is(err, ErrTooLarge):
		return nil, err
	case err != nil:
		r.unread = true
		return nil, fmt.Errorf("%w: %w", errUnread, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, tooLarge(name, data, limit)
}

func (r *reading) remote(target string, limit int) ([]byte, error) {
	if r.Remote == nil {
		return nil, &remoteError{errRemote}
	}
	data, err := r.Remote(target)
	if err == nil {
		err = tooLarge(target, data, limit)
	}
	if err != nil {
		return nil, &remoteError{err}
	}
	return data, nil
}

func tooLarge(name string, data []byte, limit int) error {
	if len(data) > limit {
		return fmt.Errorf("%s is larger than %d KiB", shorten(name), limit>>10)
	}
	return nil
}

// interpret turns what a placeholder names into a value without places.
func (r *reading) interpret(how string, data []byte) (value, error) {
	switch how {
	case "$text":
		return value{kind: textKind, text: strings.ToValidUTF8(string(data), "\uFFFD")}, nil
	case "$json":
		return parseJSON(data, r.limits.Depth)
	default:
		return r.parseYAML(data)
	}
}

func (r *reading) parseYAML(data []byte) (value, error) {
	chunks := split(trimBOM(data))
	if len(chunks) != 1 {
		return value{}, fmt.Errorf("the file must hold exactly one YAML document, but holds %d", len(chunks))
	}
	p := parser{depth: r.limits.Depth, aliases: r.aliases, lines: int32(chunks[0].lines)}
	v, err := p.parse(chunks[0].text)
	r.aliases = p.aliases
	switch {
	case err == nil && len(p.faults) > 0:
		err = p.faults[0]
	case err == nil && v == nil:
		err = errors.New("the file holds no YAML document")
	}
	if bad := (*fault)(nil); errors.As(err, &bad) {
		err = fmt.Errorf("line %d: %w", bad.at.Line, bad)
	}
	if err != nil {
		return value{}, err
	}
	v.forgetPlaces()
	return *v, nil
}

func (v *value) forgetPlaces() {
	v.at = catalog.Pos{}
	for i := range v.items {
		v.items[i].forgetPlaces()
	}
}

// parseJSON reads one JSON value, keeping the order of fields.
func parseJSON(data []byte, depth int) (value, error) {
	decoder := json.NewDecoder(strings.NewReader(strings.ToValidUTF8(string(trimBOM(data)), "\uFFFD")))
	decoder.UseNumber()
	v, err := nextJSON(decoder, depth)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("the file must hold exactly one JSON value")
		}
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the JSON ends too soon")
	}
	return v, err
}

func nextJSON(decoder *json.Decoder, depth int) (value, error) {
	if depth == 0 {
		return value{}, errors.New("the JSON is nested too deeply")
	}
	token, err := decoder.Token()
	if err != nil {
		return value{}, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
			return jsonList(decoder, depth)
		}
		return jsonObject(decoder, depth)
	case string:
		return value{kind: textKind, text: token}, nil
	case json.Number:
		return value{kind: numberKind, plain: true, text: token.String()}, nil
	case bool:
		return value{kind: boolKind, plain: true, text: strconv.FormatBool(token)}, nil
	default:
		return value{}, nil
	}
}

func jsonList(decoder *json.Decoder, depth int) (value, error) {
	v := value{kind: listKind}
	for decoder.More() {
		item, err := nextJSON(decoder, depth-1)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
	}
	_, err := decoder.Token()
	return v, err
}

func jsonObject(decoder *json.Decoder, depth int) (value, error) {
	v := value{kind: objectKind}
	index := map[string]int{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return v, err
		}
		key, _ := token.(string)
		item, err := nextJSON(decoder, depth-1)
		if err != nil {
			return v, err
		}
		if i, twice := index[key]; twice { // the later one wins, as in JavaScript
			v.items[i] = item
			continue
		}
		index[key] = len(v.keys)
		v.keys, v.items = append(v.keys, key), append(v.items, item)
	}
	_, err := decoder.Token()
	return v, err
}
