package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fault is one place of a payload that Discord refuses, with its code and words.
type fault struct{ at, code, words string }

// judge looks at one payload and notes what is outside the rules, each with the place.
type judge struct {
	mentions  []string // that may be sent
	faults    []fault  // what Discord refuses
	house     []string // what Discord takes, but a bot must not send: live mentions, links that lie
	customIDs []string
	files     []string // names of uploaded files
	v2        bool
	count     int // of components
}

func (j *judge) say(at, code, format string, args ...any) {
	j.faults = append(j.faults, fault{strings.TrimPrefix(at, "."), code, fmt.Sprintf(format, args...)})
}

func (j *judge) warn(at, format string, args ...any) {
	j.house = append(j.house, fmt.Sprintf(format, args...)+" ["+strings.TrimPrefix(at, ".")+"]")
}

// The codes of faults that come often.
const (
	required   = "BASE_TYPE_REQUIRED"
	badLength  = "BASE_TYPE_BAD_LENGTH"
	tooLong    = "BASE_TYPE_MAX_LENGTH"
	badChoice  = "BASE_TYPE_CHOICES"
	badNumber  = "NUMBER_TYPE_COERCE"
	badType    = "DICT_TYPE_CONVERT"
	badList    = "LIST_TYPE_CONVERT"
	badText    = "STRING_TYPE_CONVERT"
	duplicated = "COMPONENT_CUSTOM_ID_DUPLICATED"
)

// CheckMessage gives what is wrong with a message: JSON as POST /channels/{channel}/messages takes it.
func CheckMessage(message []byte) []string {
	return check(message, func(j *judge, o object) { j.message("", o, whole) })
}

// CheckModal gives what is wrong with a modal: JSON as the data of an answer of type 9.
func CheckModal(modal []byte) []string {
	return check(modal, func(j *judge, o object) { j.modal("", o) })
}

// CheckCommand gives what is wrong with an application command: JSON as POST /applications/{app}/commands takes it.
func CheckCommand(command []byte) []string {
	return check(command, func(j *judge, o object) { j.command("", o) })
}

func check(payload []byte, by func(*judge, object)) []string {
	var o object
	if err := json.Unmarshal(payload, &o); err != nil {
		return []string{err.Error()}
	}
	j := &judge{}
	by(j, o)
	return append(j.lines(), j.house...)
}

func (j *judge) lines() []string {
	var all []string
	for _, f := range j.faults {
		all = append(all, f.words+" ["+f.at+"]")
	}
	return all
}

// verdict notes violations, and gives the failure that Discord would, nil for none. The caller holds the lock.
func (s *Server) verdict(where string, j *judge) *failure {
	for _, h := range j.house {
		s.violate("%s: %s", where, h)
	}
	if len(j.faults) == 0 {
		return nil
	}
	for _, l := range j.lines() {
		s.violate("%s: %s", where, l)
	}
	return invalidForm(j.faults)
}

// nested gives faults in the shape of the errors object of code 50035.
func nested(faults []fault) object {
	top := object{}
	for _, f := range faults {
		o := top
		for key := range strings.SplitSeq(f.at, ".") {
			if key == "" {
				continue
			}
			inner := sub(o, key)
			if inner == nil {
				inner = object{}
				o[key] = inner
			}
			o = inner
		}
		o["_errors"] = append(list(o, "_errors"), any(object{"code": f.code, "message": f.words}))
	}
	return top
}

// text asks for a text of so many characters that people can read.
func (j *judge) text(at string, o object, key string, least, most int) string {
	v, there := o[key]
	s, isText := v.(string)
	at += "." + key
	switch n := utf8.RuneCountInString(s); {
	case !there || v == nil || s == "" && least > 0 && isText:
		if least > 0 {
			j.say(at, required, "This field is required")
		}
	case !isText:
		j.say(at, badText, "Could not interpret %q as string.", fmt.Sprint(v))
	case n < least || n > most && least > 0:
		j.say(at, badLength, "Must be between %d and %d in length.", least, most)
	case n > most:
		j.say(at, tooLong, "Must be %d or fewer in length.", most)
	}
	j.characters(at, s)
	return s
}

// between asks for a whole number in a range, if there is one.
func (j *judge) between(at string, o object, key string, least, most int) {
	if !has(o, key) {
		return
	}
	n, whole := integer(o[key])
	switch {
	case !whole:
		j.say(at+"."+key, badNumber, "Value %q is not int.", fmt.Sprint(o[key]))
	case n < least:
		j.say(at+"."+key, "NUMBER_TYPE_MIN", "int value should be greater than or equal to %d.", least)
	case n > most:
		j.say(at+"."+key, "NUMBER_TYPE_MAX", "int value should be less than or equal to %d.", most)
	}
}

// items gives the objects of a list of a length; a list that may be empty may also be left out.
func (j *judge) items(at string, o object, key string, least, most int) []object {
	at += "." + key
	v, there := o[key]
	all, isList := v.([]any)
	switch {
	case !there || v == nil:
		if least > 0 {
			j.say(at, required, "This field is required")
		}
		return nil
	case !isList:
		j.say(at, badList, "Only iterables may be used in a ListType")
		return nil
	case len(all) < least || len(all) > most:
		j.say(at, badLength, "Must be between %d and %d in length.", least, most)
	}
	var found []object
	for i, e := range all {
		inner, isObject := e.(object)
		if !isObject {
			j.say(index(at, i), badType, "Only dictionaries may be used in a DictType")
			continue
		}
		found = append(found, inner)
	}
	return found
}

// address asks for the address of a web page, or of a file that comes along where that may be.
func (j *judge) address(at string, o object, key string, most int, attachments bool) {
	v := j.text(at, o, key, 0, most)
	at += "." + key
	if name, isFile := strings.CutPrefix(v, "attachment://"); isFile && attachments {
		if j.files != nil && !slices.Contains(j.files, name) {
			j.warn(at, "names the file %q, which does not come along", name)
		}
		return
	}
	scheme, rest, ok := strings.Cut(v, "://")
	web := ok && rest != "" && (scheme == "http" || scheme == "https" || scheme == "discord" && !attachments)
	if v != "" && !web {
		j.say(at, "URL_TYPE_INVALID_SCHEME", "Scheme %q must be one of ('http', 'https').", scheme)
	}
	if web {
		j.link(at, v)
	}
}

func index(at string, i int) string { return at + "." + strconv.Itoa(i) }
