package bot

import (
	"path"
	"slices"
	"sync"
	"time"
)

const (
	placeLife = time.Hour // how long the name of a channel counts
	maxPlaces = 20_000    // that are remembered
)

// PlaceDoubt is how long it counts that a platform did not say the name of a channel.
const PlaceDoubt = time.Minute

// Places remembers what a platform says about channels, because answers are for everybody only where that is known to be
// meant. Its zero value is empty.
type Places struct {
	mu    sync.Mutex
	names map[string]placeName
	own   map[string]struct{} // direct messages of the bot with one person
}

type placeName struct {
	name  string // "" when it has none here, or the platform does not say
	until time.Time
}

// Called notes the name of a channel; "" for one that no glob may mean.
func (p *Places) Called(channel, name string) { p.note(channel, name, placeLife) }

// Doubtful notes that the platform did not say the name of a channel when it was asked.
func (p *Places) Doubtful(channel string) { p.note(channel, "", PlaceDoubt) }

func (p *Places) note(channel, name string, life time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil || len(p.names) >= maxPlaces {
		p.names = map[string]placeName{}
	}
	p.names[channel] = placeName{name, time.Now().Add(life)}
}

// Name gives the name of a channel; known is false when it was not told lately.
func (p *Places) Name(channel string) (name string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, known := p.names[channel]
	return found.name, known && time.Now().Before(found.until)
}

// Direct notes that a channel is the bot's conversation with one person.
func (p *Places) Direct(channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own == nil || len(p.own) >= maxPlaces {
		p.own = map[string]struct{}{}
	}
	p.own[channel] = struct{}{}
}

// IsDirect reports whether nobody but the bot and one person read a channel. Of a conversation that the bot has not heard
// of it does not know: commands work between two other people, too.
func (p *Places) IsDirect(channel string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, known := p.own[channel]
	return known
}

// Matches reports whether one of the globs means the name of a channel. A malformed one means none.
func Matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		matched, err := path.Match(glob, name)
		return err == nil && matched
	})
}
