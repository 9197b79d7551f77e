package discordtest

import (
	"slices"
	"time"
)

// The types of components. Source: components/reference.
const (
	typeRow         = 1
	typeButton      = 2
	typeSelect      = 3
	typeInput       = 4
	typeUserSelect  = 5
	typeRoleSelect  = 6
	typeAnySelect   = 7
	typeChanSelect  = 8
	typeSection     = 9
	typeTextDisplay = 10
	typeThumbnail   = 11
	typeGallery     = 12
	typeFile        = 13
	typeSeparator   = 14
	typeContainer   = 17
	typeFieldLabel  = 18
	typeUpload      = 19
	typeRadio       = 21
	typeChecks      = 22
	typeCheck       = 23
)

func isSelect(t int) bool { return t == typeSelect || t >= typeUserSelect && t <= typeChanSelect }

// components judges the components of a message.
func (j *judge) components(at string, o object, kind part) {
	most := maxRows
	if j.v2 {
		most = maxComponents
	}
	all := j.items(at, o, "components", 0, most)
	if j.v2 && len(all) == 0 && kind == whole {
		j.say(at+".components", required, "This field is required")
	}
	for i, c := range all {
		j.component(index(at+".components", i), c, j.allowedAtTop())
	}
	if j.count > maxComponents {
		j.say(at+".components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The total number of components must not exceed %d.", maxComponents)
	}
}

func (j *judge) allowedAtTop() []int {
	if j.v2 {
		return []int{typeRow, typeSection, typeTextDisplay, typeGallery, typeFile, typeSeparator, typeContainer}
	}
	return []int{typeRow}
}

// component judges one component, of one of the allowed types, and all in it.
func (j *judge) component(at string, c object, allowed []int) {
	j.count++
	kind, isNumber := integer(c["type"])
	if !isNumber || !slices.Contains(allowed, kind) {
		j.say(at+".type", badChoice, "Value of field \"type\" must be one of %v.", allowed)
		return
	}
	switch {
	case kind == typeRow:
		j.row(at, c)
	case kind == typeButton:
		j.button(at, c)
	case isSelect(kind):
		j.menu(at, c, kind, false)
	case kind == typeSection:
		for i, inner := range j.items(at, c, "components", 1, maxSection) {
			j.component(index(at+".components", i), inner, []int{typeTextDisplay})
		}
		if a := sub(c, "accessory"); a != nil {
			j.component(at+".accessory", a, []int{typeButton, typeThumbnail})
		} else {
			j.say(at+".accessory", required, "This field is required")
		}
	case kind == typeTextDisplay:
		j.words(at+".content", j.text(at, c, "content", 1, maxInput))
	case kind == typeThumbnail, kind == typeFile:
		j.media(at, c, map[int]string{typeThumbnail: "media", typeFile: "file"}[kind])
	case kind == typeGallery:
		for i, item := range j.items(at, c, "items", 1, maxGallery) {
			j.media(index(at+".items", i), item, "media")
		}
	case kind == typeContainer:
		j.between(at, c, "accent_color", 0, maxColour)
		for i, inner := range j.items(at, c, "components", 1, maxComponents) {
			j.component(index(at+".components", i), inner,
				[]int{typeRow, typeSection, typeTextDisplay, typeGallery, typeFile, typeSeparator})
		}
	}
}

func (j *judge) media(at string, c object, key string) {
	m := sub(c, key)
	if str(m, "url") == "" {
		j.say(at+"."+key+".url", required, "This field is required")
	}
	j.address(at+"."+key, m, "url", maxURL, true)
	j.text(at, c, "description", 0, maxAltText)
}

// row judges an action row of a message: up to five buttons, or one menu.
func (j *judge) row(at string, c object) {
	all := j.items(at, c, "components", 1, maxButtons)
	menus := 0
	for i, inner := range all {
		if isSelect(num(inner, "type")) {
			menus++
		}
		j.component(index(at+".components", i), inner,
			[]int{typeButton, typeSelect, typeUserSelect, typeRoleSelect, typeAnySelect, typeChanSelect})
	}
	if menus > 0 && len(all) > 1 {
		j.say(at+".components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
	}
}

func (j *judge) button(at string, c object) {
	const link, premium = 5, 6
	style, isNumber := integer(c["style"])
	if !isNumber || style < 1 || style > premium {
		j.say(at+".style", badChoice, "Value must be one of {1, 2, 3, 4, 5, 6}.")
	}
	j.text(at, c, "label", 0, maxLabel)
	if str(c, "label") == "" && !has(c, "emoji") && style != premium {
		j.say(at, "BUTTON_COMPONENT_NO_LABEL_OR_EMOJI", "A button must have a label or emoji.")
	}
	e := sub(c, "emoji")
	if has(c, "emoji") && str(e, "name") == "" && snowflake(e["id"]) == "" {
		j.say(at+".emoji.name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
	}
	switch style {
	case link:
		if str(c, "url") == "" {
			j.say(at+".url", required, "This field is required")
		}
		j.address(at, c, "url", maxButtonURL, false)
		if str(c, "custom_id") != "" {
			j.say(at, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", "A custom id and url cannot both be specified")
		}
	case premium:
		if snowflake(c["sku_id"]) == "" {
			j.say(at+".sku_id", required, "This field is required")
		}
	default:
		if str(c, "url") != "" {
			j.say(at, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", "A custom id and url cannot both be specified")
		}
		j.customID(at, c)
	}
}

func (j *judge) customID(at string, c object) {
	id := j.text(at, c, "custom_id", 1, maxCustomID)
	if id != "" && slices.Contains(j.customIDs, id) {
		j.say(at+".custom_id", duplicated, "Component custom id cannot be duplicated")
	}
	j.customIDs = append(j.customIDs, id)
}

// menu judges a select; in a modal it says whether it must be filled in.
func (j *judge) menu(at string, c object, kind int, inModal bool) {
	j.customID(at, c)
	j.text(at, c, "placeholder", 0, maxPlaceholder)
	j.between(at, c, "min_values", 0, maxOptions)
	j.between(at, c, "max_values", 1, maxOptions)
	most := 1
	if has(c, "max_values") {
		most = num(c, "max_values")
	}
	if num(c, "min_values") > most {
		j.say(at+".min_values", "SELECT_COMPONENT_INVALID_MIN_VALUES", "Min values must be at most max values.")
	}
	if inModal && flag(c, "disabled") {
		j.say(at+".disabled", "COMPONENT_CANNOT_BE_DISABLED", "A select in a modal cannot be disabled.")
	}
	if kind != typeSelect {
		return
	}
	defaults := j.options(at, c, 1, maxOptions)
	if n := len(list(c, "options")); most > n && n > 0 {
		j.say(at+".max_values", "SELECT_COMPONENT_INVALID_MAX_VALUES", "Max values must be at most the number of options.")
	}
	if defaults > most {
		j.say(at+".options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "More options are set by default than may be chosen.")
	}
}

// options judges the options of a select, of radio buttons or of check boxes, and gives how many are set by default.
func (j *judge) options(at string, c object, least, most int) int {
	var values []string
	defaults := 0
	for i, o := range j.items(at, c, "options", least, most) {
		where := index(at+".options", i)
		j.text(where, o, "label", 1, maxOption)
		value := j.text(where, o, "value", 1, maxOption)
		j.text(where, o, "description", 0, maxOption)
		if slices.Contains(values, value) {
			j.say(where+".value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
		}
		values = append(values, value)
		if flag(o, "default") {
			defaults++
		}
	}
	return defaults
}

// modal judges the data of an answer of type 9.
func (j *judge) modal(at string, o object) {
	j.text(at, o, "title", 1, maxModalTitle)
	j.text(at, o, "custom_id", 1, maxCustomID)
	for i, c := range j.items(at, o, "components", 1, maxModalFields) {
		j.modalField(index(at+".components", i), c)
	}
}

// modalField judges what a modal holds: a label around a field, a text, or, deprecated, an action row with an input.
func (j *judge) modalField(at string, c object) {
	switch num(c, "type") {
	case typeRow:
		for i, inner := range j.items(at, c, "components", 1, 1) {
			where := index(at+".components", i)
			if num(inner, "type") != typeInput {
				j.say(where+".type", badChoice, "Value of field \"type\" must be one of (4,).")
				continue
			}
			j.text(where, inner, "label", 1, maxFieldLabel)
			j.input(where, inner)
		}
	case typeFieldLabel:
		j.text(at, c, "label", 1, maxFieldLabel)
		j.text(at, c, "description", 0, maxFieldHint)
		inner := sub(c, "component")
		if inner == nil {
			j.say(at+".component", required, "This field is required")
			return
		}
		if num(inner, "type") == typeInput && str(inner, "label") != "" {
			j.say(at+".component.label", "TEXT_INPUT_COMPONENT_LABEL_IN_LABEL", "A text input in a label has no label of its own.")
		}
		j.field(at+".component", inner)
	case typeTextDisplay:
		j.words(at+".content", j.text(at, c, "content", 1, maxInput))
	default:
		j.say(at+".type", badChoice, "Value of field \"type\" must be one of (1, 10, 18).")
	}
}

// field judges what a label may hold.
func (j *judge) field(at string, c object) {
	switch kind := num(c, "type"); {
	case kind == typeInput:
		j.input(at, c)
	case isSelect(kind):
		j.menu(at, c, kind, true)
	case kind == typeUpload:
		j.customID(at, c)
		j.between(at, c, "min_values", 0, maxUploads)
		j.between(at, c, "max_values", 1, maxUploads)
	case kind == typeRadio:
		j.customID(at, c)
		j.options(at, c, 2, maxRadio)
	case kind == typeChecks:
		j.customID(at, c)
		j.options(at, c, 1, maxRadio)
	case kind == typeCheck:
		j.customID(at, c)
	default:
		j.say(at+".type", badChoice, "Value of field \"type\" must be one of (3, 4, 5, 6, 7, 8, 19, 21, 22, 23).")
	}
}

func (j *judge) input(at string, c object) {
	j.customID(at, c)
	if style := num(c, "style"); style != 1 && style != 2 {
		j.say(at+".style", badChoice, "Value must be one of {1, 2}.")
	}
	j.between(at, c, "min_length", 0, maxInput)
	j.between(at, c, "max_length", 1, maxInput)
	if has(c, "max_length") && num(c, "min_length") > num(c, "max_length") {
		j.say(at+".min_length", "TEXT_INPUT_COMPONENT_INVALID_MIN_LENGTH", "Min length must be at most max length.")
	}
	most := maxInput
	if n := num(c, "max_length"); n > 0 {
		most = min(n, maxInput)
	}
	j.text(at, c, "value", 0, most)
	j.text(at, c, "placeholder", 0, maxInputHint)
}

func isTime(s string) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
