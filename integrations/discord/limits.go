package discord

import "time"

// Limits of Discord, in characters where nothing else is said. Sources are the pages of
// docs.discord.com/developers: [message] resources/message, [component] components/reference, [interaction]
// interactions/receiving-and-responding, [command] interactions/application-commands, [rate] topics/rate-limits,
// [gateway] events/gateway.
const (
	maxContent     = 2_000 // [message]
	maxDescription = 4_096 // of an embed [message]
	maxEmbedsText  = 6_000 // of all embeds of a message [message]
	maxNonce       = 25    // [message]
	maxRows        = 5     // of components of a message [component]
	maxRowButtons  = 5     // [component]
	maxButtonText  = 80    // [component]
	maxCustomID    = 100   // [component]
	maxOptions     = 25    // of a select [component]
	maxOptionText  = 100   // label, value, description [component]
	maxModalTitle  = 45    // [component]
	maxModalInputs = 5     // [component]
	maxInputLabel  = 45    // [component]
	maxInputHint   = 100   // [component]
	maxInputText   = 4_000 // [component]
	maxChoices     = 25    // of an autocompletion [command]
	maxChoiceText  = 100   // [command]
	maxSummary     = 100   // description of a command or an option [command]
	maxCommandName = 32    // [command]

	globalEvery  = 50               // requests a second [rate]
	maxInvalid   = 10_000           // refused requests within invalidSpan [rate]
	invalidSpan  = 10 * time.Minute // [rate]
	maxFrame     = 4_096            // bytes of a frame to the gateway [gateway]
	maxBody      = 1 << 20          // bytes of a request; Discord sends less
	requestSlack = 5 * time.Minute  // a signed request may be off by so much
)

// Types of interactions, of their answers and of components. [interaction] [component]
const (
	interactionPing      = 1
	interactionCommand   = 2
	interactionComponent = 3
	interactionComplete  = 4
	interactionModal     = 5

	answerPong         = 1
	answerMessage      = 4
	answerDeferred     = 5
	answerDeferredEdit = 6
	answerEdit         = 7
	answerChoices      = 8
	answerModal        = 9

	componentLabel = 18

	flagEphemeral = 1 << 6
)
