package slacktest

import "time"

// Limits of Slack. Sources: docs.slack.dev/reference/block-kit and the comments of the npm package @slack/types for
// what is drawn, docs.slack.dev/interactivity/handling-user-interaction for triggers and response addresses,
// docs.slack.dev/apis/web-api/rate-limits for rates; slackapi/bolt-js issue 2509 for the bytes of all blocks.
const (
	maxMessageText   = 40_000
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxBlocksJSON    = 13_200
	maxViewJSON      = 250_000
	maxMetadataJSON  = 16_000
	maxID            = 255
	maxText          = 3_000
	maxFields        = 10
	maxFieldText     = 2_000
	maxHeader        = 150
	maxElements      = 25 // of an actions block
	maxContext       = 10
	maxAlt           = 2_000
	maxURL           = 3_000
	maxLabel         = 2_000 // of an input, and its hint
	maxButton        = 75
	maxButtonValue   = 2_000
	maxOption        = 75 // text, description and value; some sources say 150 for the value
	maxOptions       = 100
	maxFewOptions    = 10 // of check boxes and radio buttons
	maxOverflow      = 5
	maxPlaceholder   = 150
	maxConfirmTitle  = 100
	maxConfirmText   = 300
	maxConfirmButton = 30
	maxViewTitle     = 24
	maxPrivate       = 3_000
	maxMarkdown      = 12_000
	maxIndent        = 8
	maxStack         = 3 // views on each other
	maxAckBytes      = 20_000
	maxBody          = 4 << 20 // of a request to us

	triggerLife     = 3 * time.Second
	responseLife    = 30 * time.Minute
	responseUses    = 5
	defaultAck      = 3 * time.Second
	maxSockets      = 10
	pingEvery       = 10 * time.Second
	connectionLife  = 3600 // seconds, as said in hello
	channelEvery    = time.Second
	channelBurst    = 5
	minute          = time.Minute
	manyConns       = 64
	untilAtMost     = 10 * time.Second
	warnBeforeClose = 10 * time.Second
)
