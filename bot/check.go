package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Grade says how a Finding is to be taken.
type Grade string

// The grades.
const (
	Sound    Grade = "fine"
	Doubtful Grade = "warning" // works, but not all of it
	Wrong    Grade = "wrong"   // does not work
)

// Finding is something that was looked at. It never holds a secret, nor a part of one.
type Finding struct {
	Part  string `json:"part"` // what was looked at, in a word or two
	Grade Grade  `json:"grade"`
	Text  string `json:"text"`          // what was found
	Fix   string `json:"fix,omitempty"` // what to do
}

// Purpose is what an app of a platform is meant for. It decides what the app must be allowed.
type Purpose string

// The purposes.
const (
	ForReads     Purpose = "reads"     // questions and answers
	ForIncidents Purpose = "incidents" // answers for everybody in incident channels
	ForForms     Purpose = "forms"     // also requests that the operators see in a channel of theirs
)

// ErrUnlisted is what Accounts gives where the platform lists its accounts to nobody like us.
var ErrUnlisted = errors.New("the platform does not list its accounts to this app")

// Wanted is what a platform should be set up for.
type Wanted struct {
	Purposes  []Purpose
	Addresses bool     // accounts are recognised by e-mail address
	Requests  string   // address to which the platform sends requests; "" when it sends none
	Serving   bool     // a daemon serves the platform, so no event may be taken from it
	Post      []string // channels where a message is posted and deleted again
	Channels  []string // channels where the bot should be
}

// Checker looks at how a platform is set up. Adapters implement it.
type Checker interface {
	// Check tells of each finding as soon as there is one. It ends with ctx at the latest.
	Check(ctx context.Context, w Wanted, found func(Finding))
	// Accounts visits all accounts of the workspace.
	Accounts(ctx context.Context, visit func(id string, a Account)) error
}

// Bounds of a clock that is off. Slack refuses what is more than five minutes off, and so does Callboard.
const (
	clockDoubtful = 30 * time.Second
	clockWrong    = 4 * time.Minute
)

// Clock compares this machine's clock with the Date that a server sent.
func Clock(server, date string, now time.Time) Finding {
	const part = "clock"
	theirs, err := http.ParseTime(date)
	if err != nil {
		return Finding{Part: part, Grade: Doubtful, Text: server + " does not say what time it is"}
	}
	off := now.Sub(theirs).Truncate(time.Second)
	text := fmt.Sprintf("%v away from %s's", off.Abs(), server)
	const fix = "let the machine keep its time by NTP: requests that are more than five minutes off are refused"
	switch {
	case off.Abs() >= clockWrong:
		return Finding{Part: part, Grade: Wrong, Text: text, Fix: fix}
	case off.Abs() >= clockDoubtful:
		return Finding{Part: part, Grade: Doubtful, Text: text, Fix: fix}
	}
	return Finding{Part: part, Grade: Sound, Text: "the same as " + server + "'s"}
}
