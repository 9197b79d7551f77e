package discordtest

import "time"

// Limits of Discord. Sources: the pages of docs.discord.com/developers named at each group, and the OpenAPI
// description github.com/discord/discord-api-spec. Where the two differ the narrower one holds. Lengths are counted
// in code points.
const (
	// resources/message
	maxContent     = 2_000
	maxNonce       = 25
	maxEmbeds      = 10
	maxEmbedsText  = 6_000
	maxTitle       = 256
	maxDescription = 4_096
	maxFields      = 25
	maxFieldName   = 256
	maxFieldValue  = 1_024
	maxFooter      = 2_048
	maxAuthor      = 256
	maxColour      = 0xffffff
	maxURL         = 2_048
	maxAttachments = 10
	maxAltText     = 1_024
	maxFile        = 10 << 20
	maxRequest     = 25 << 20
	maxMentioned   = 100 // users or roles in allowed_mentions
	maxPins        = 250
	maxPage        = 100

	// components/reference
	maxRows        = 5
	maxButtons     = 5 // in a row
	maxComponents  = 40
	maxLabel       = 80 // of a button
	maxCustomID    = 100
	maxButtonURL   = 512
	maxOptions     = 25 // of a menu
	maxOption      = 100
	maxPlaceholder = 150
	maxModalTitle  = 45
	maxModalFields = 5
	maxFieldLabel  = 45
	maxFieldHint   = 100
	maxInput       = 4_000
	maxInputHint   = 100 // the placeholder of a text input
	maxUploads     = 10
	maxRadio       = 10
	maxSection     = 3 // texts in a section
	maxGallery     = 10

	// interactions/application-commands
	maxChatCommands    = 100
	maxContextCommands = 15 // user commands, and as many message commands
	maxCommandName     = 32
	maxCommandText     = 8_000
	maxCommandDetail   = 100 // a description, the name and the value of a choice
	maxCommandOptions  = 25
	maxChoices         = 25
	maxStringOption    = 6_000
	maxCreates         = 200 // new commands a day and guild

	// resources/channel
	maxChannelName = 100
	maxTopic       = 1_024
	maxChannels    = 500

	// interactions/receiving-and-responding
	answerWithin = 3 * time.Second
	tokenLife    = 15 * time.Minute

	// topics/rate-limits. What a bucket holds is not published: these are usual, and Options.Limits sets others.
	globalLimit   = 50 // a second
	invalidLimit  = 10_000
	invalidWindow = 10 * time.Minute
	manyCalls     = 100_000 // calls that are kept for a test to ask for

	// events/gateway
	heartbeatEvery    = 41_250 * time.Millisecond
	maxFrame          = 4_096
	maxFrames         = 120
	framesWindow      = time.Minute
	identifyEvery     = 5 * time.Second
	maxIdentifies     = 1_000
	identifyWindow    = 24 * time.Hour
	maxReplay         = 10_000 // events that a session keeps for its resumption
	nonceLife         = 5 * time.Minute
	untilAtMost       = 10 * time.Second
	manyConns         = 64
	maxAnswer         = 4 << 20 // of an answer in an HTTP body
	componentsV2      = 1 << 15
	flagEphemeral     = 1 << 6
	flagLoading       = 1 << 7
	flagSuppressEmbed = 1 << 2
	flagQuiet         = 1 << 12
	flagVoice         = 1 << 13
)
