package slack

import "time"

// Limits of Slack. Sources: [blocks] docs.slack.dev/reference/block-kit, and the types of @slack/types; [events]
// docs.slack.dev/apis/events-api; [interact] docs.slack.dev/interactivity/handling-user-interaction;
// [rate] docs.slack.dev/apis/web-api/rate-limits; [issue] slackapi/bolt-js issue 2509, for what is not documented.
const (
	maxMessageBlocks = 50     // [blocks]
	maxHomeBlocks    = 100    // [blocks]
	maxBlocksJSON    = 12_000 // bytes of all blocks of a message; [issue]: msg_blocks_too_long from about 13,200
	maxText          = 3_000  // characters of text beside blocks, which is the notification; 4,000 are advised at most
	maxButtonText    = 75     // [blocks]
	maxButtonValue   = 2_000  // [blocks]
	maxButtons       = 25     // elements of an actions block [blocks]
	maxOptions       = 100    // of a select [blocks]
	maxOptionText    = 75     // label and value; the value may be 150 by another source [blocks]
	maxContextText   = 3_000  // a text object [blocks]
	maxModalTitle    = 24     // [blocks]
	maxInputLabel    = 2_000  // [blocks]
	maxPlaceholder   = 150    // [blocks]
	maxMetadata      = 3_000  // private_metadata of a view [blocks]
	maxErrorText     = 500    // of a field of a modal; not documented, long ones are cut by the client
	maxIndent        = 8      // of a rich_text_list, from 0

	ackWithin    = 3 * time.Second // [interact]
	triggerLife  = 3 * time.Second // of a trigger_id [interact]
	messageEvery = time.Second     // messages in one channel [rate]
	maxBody      = 1 << 20         // bytes of a request; Slack sends less
)
