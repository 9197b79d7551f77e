package discordtest

import (
	"slices"
	"unicode/utf8"
)

// part says what kind of message payload is judged.
type part int

const (
	whole    part = iota // a new message
	edit                 // what is left out stays
	deferred             // an answer that only says that one is coming
)

// message judges what a message says.
func (j *judge) message(at string, o object, kind part) {
	if kind == deferred {
		if f := num(o, "flags"); f&^flagEphemeral != 0 {
			j.say(at+".flags", "MESSAGE_FLAGS_INVALID", "Only the flag EPHEMERAL may be set here.")
		}
		return
	}
	const known = flagSuppressEmbed | flagEphemeral | flagQuiet | flagVoice | componentsV2
	if f := num(o, "flags"); f&^known != 0 {
		j.say(at+".flags", "MESSAGE_FLAGS_INVALID", "Invalid flags.")
	}
	j.v2 = j.v2 || num(o, "flags")&componentsV2 != 0
	content := j.text(at, o, "content", 0, maxContent)
	j.words(at+".content", content)
	j.nonce(at, o)
	embeds := j.items(at, o, "embeds", 0, maxEmbeds)
	j.embeds(at+".embeds", embeds)
	if j.v2 {
		for _, key := range []string{"content", "embeds", "poll", "sticker_ids"} {
			if s, isText := o[key].(string); has(o, key) && (!isText || s != "") && (key != "embeds" || len(embeds) > 0) {
				j.say(at+"."+key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
					"The '%s' field cannot be used when using MessageFlags.IS_COMPONENTS_V2", key)
			}
		}
	}
	j.components(at, o, kind)
	seen := content
	walk(objects(o, "components"), func(c object) {
		if num(c, "type") == typeTextDisplay {
			seen += "\n" + str(c, "content")
		}
	})
	j.allowed(at, o, seen)
	j.attachments(at, o)
}

func (j *judge) nonce(at string, o object) {
	if n := snowflake(o["nonce"]); utf8.RuneCountInString(n) > maxNonce {
		j.say(at+".nonce", tooLong, "Must be %d or fewer in length.", maxNonce)
	}
	if flag(o, "enforce_nonce") && snowflake(o["nonce"]) == "" {
		j.warn(at+".nonce", "enforce_nonce without a nonce enforces nothing")
	}
}

func (j *judge) attachments(at string, o object) {
	for i, a := range j.items(at, o, "attachments", 0, maxAttachments) {
		where := index(at+".attachments", i)
		if !has(a, "id") {
			j.say(where+".id", required, "This field is required")
		}
		j.text(where, a, "description", 0, maxAltText)
	}
	if len(j.files) > maxAttachments {
		j.say(at+".attachments", badLength, "Must be between 0 and %d in length.", maxAttachments)
	}
}

// embeds judges all embeds of a message, whose texts count together.
func (j *judge) embeds(at string, embeds []object) {
	total := 0
	for i, e := range embeds {
		total += j.embed(index(at, i), e)
	}
	if total > maxEmbedsText {
		j.say(at, "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of %d", maxEmbedsText)
	}
}

// embed judges an embed and gives how many characters it counts.
func (j *judge) embed(at string, e object) int {
	total := 0
	say := func(where string, o object, key string, least, most int) {
		s := j.text(where, o, key, least, most)
		j.words(where+"."+key, s)
		total += utf8.RuneCountInString(s)
	}
	say(at, e, "title", 0, maxTitle)
	say(at, e, "description", 0, maxDescription)
	for i, f := range j.items(at, e, "fields", 0, maxFields) {
		say(index(at+".fields", i), f, "name", 1, maxFieldName)
		say(index(at+".fields", i), f, "value", 1, maxFieldValue)
	}
	if f := sub(e, "footer"); f != nil {
		say(at+".footer", f, "text", 1, maxFooter)
		j.address(at+".footer", f, "icon_url", maxURL, true)
	}
	if a := sub(e, "author"); a != nil {
		say(at+".author", a, "name", 1, maxAuthor)
		j.address(at+".author", a, "url", maxURL, false)
		j.address(at+".author", a, "icon_url", maxURL, true)
	}
	j.between(at, e, "color", 0, maxColour)
	j.address(at, e, "url", maxURL, false)
	pictures := 0
	for _, key := range []string{"image", "thumbnail"} {
		if p := sub(e, key); p != nil {
			pictures++
			if str(p, "url") == "" {
				j.say(at+"."+key+".url", required, "This field is required")
			}
			j.address(at+"."+key, p, "url", maxURL, true)
		}
	}
	if v, isText := e["timestamp"].(string); has(e, "timestamp") && (!isText || !isTime(v)) {
		j.say(at+".timestamp", "DATE_TIME_TYPE_PARSE", "Could not parse %q. Should be ISO8601.", v)
	}
	if total == 0 && pictures == 0 && !has(e, "url") {
		j.warn(at, "an embed that shows nothing")
	}
	return total
}

// empty reports whether nobody would see anything of a new message.
func empty(o object, files []string) bool {
	return str(o, "content") == "" && len(list(o, "embeds")) == 0 && len(list(o, "components")) == 0 && len(files) == 0 &&
		!slices.ContainsFunc([]string{"sticker_ids", "poll"}, func(key string) bool { return has(o, key) })
}
