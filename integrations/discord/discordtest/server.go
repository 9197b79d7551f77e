package discordtest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Options choose how a [Server] works; the zero value is a strict Discord on loopback in real time.
type Options struct {
	Now          func() time.Time // nil is time.Now
	Memory       bool             // pipes instead of loopback; clients must come from HTTPClient and Dialer
	AckWithin    time.Duration    // 0 is Discord's 3 s
	Unlimited    bool             // no rate limits, nor any of identifying
	Limits       map[string]Limit // of a bucket, by route: "POST /channels/{channel}/messages"
	InvalidLimit int              // answers of 401, 403 and 429 in 10 min before a ban; 0 is Discord's 10,000
	Heartbeat    time.Duration    // 0 is 41.25 s
	Privileged   int              // privileged intents that the app has: 1<<1 members, 1<<8 presences, 1<<15 content

	AnyCommand    bool     // people may give commands that the app has not registered
	Tolerate      bool     // violations do not fail the test
	AllowMentions []string // live mentions that may be sent: "@ID" of a person, "&ID" of a role, "@everyone"; "*" is all
}

// Limit is how many calls a bucket takes in a time.
type Limit struct {
	Calls int
	Per   time.Duration
}

// The people and the channel that every guild begins with.
const (
	Ada     = "700000000000000001"
	Grace   = "700000000000000002"
	General = "600000000000000001"
)

// Server is a fake Discord: one guild with one installed app. Its methods may be called from many goroutines. People
// and channels are named by their id or by their name.
type Server struct {
	GuildID, AppID, BotUser string
	Token                   string // of the bot
	PublicKey               string // in hex, of the key that signs interactions
	APIURL                  string // ends in /api, without a version: clients add "/v9" or "/v10"

	tb      testing.TB
	options Options
	network *network
	base    string
	client  *http.Client
	servers []*http.Server
	closed  chan struct{}
	key     ed25519.PrivateKey

	mu           sync.Mutex
	changed      chan struct{} // closed and replaced whenever the state changes
	users        []*User
	channels     []*channel
	commands     map[string][]object // by guild, "" is global
	creates      []time.Time
	interactions map[string]*interaction // by token
	modals       map[string]*Modal       // by user
	offered      map[string][]object     // choices that a person was offered last
	faults       faults
	rates        rates
	calls        []Call
	deliveries   []*Delivery
	violations   []string
	endpoint     string // for interactions, "" is the gateway
	revoked      bool
	kicked       bool
	hub          hub
	serial       uint64
}

// New starts a server that the end of the test stops. In its guild are [Ada] and [Grace], and the channel [General].
// Until [Server.UseURL] or [Server.UseHandler] it delivers interactions by the gateway.
func New(tb testing.TB, o Options) *Server {
	tb.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AckWithin == 0 {
		o.AckWithin = answerWithin
	}
	if o.InvalidLimit == 0 {
		o.InvalidLimit = invalidLimit
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = heartbeatEvery
	}
	seed := sha256.Sum256([]byte("the key of the fake Discord"))
	s := &Server{
		GuildID: "900000000000000001", AppID: "800000000000000001", BotUser: "800000000000000001",
		Token: "bot-" + "token.of.the-fake", key: ed25519.NewKeyFromSeed(seed[:]),
		tb: tb, options: o, network: &network{memory: o.Memory}, closed: make(chan struct{}), changed: make(chan struct{}),
		commands: map[string][]object{}, interactions: map[string]*interaction{}, modals: map[string]*Modal{},
		offered: map[string][]object{}, rates: rates{buckets: map[string]*bucket{}, dead: map[string]bool{}},
	}
	public, _ := s.key.Public().(ed25519.PublicKey)
	s.PublicKey = hex.EncodeToString(public)
	s.client = &http.Client{Transport: &http.Transport{DialContext: s.Dial, MaxIdleConnsPerHost: manyConns}}
	s.base = s.serve("discord.test", s.mux())
	s.APIURL = s.base + "/api"
	s.AddUser(User{ID: s.BotUser, Name: "callboard", Bot: true})
	s.AddUser(User{ID: Ada, Name: "ada"})
	s.AddUser(User{ID: Grace, Name: "grace"})
	s.AddChannel(ChannelSpec{ID: General, Name: "general"})
	tb.Cleanup(s.close)
	return s
}

// serve starts a handler on the network and gives its address, which has no slash at its end.
func (s *Server) serve(host string, h http.Handler) string {
	s.tb.Helper()
	l, address, err := s.network.listen(host)
	if err != nil {
		s.tb.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(l) }()
	return address
}

func (s *Server) close() {
	close(s.closed)
	s.closeSockets()
	s.client.CloseIdleConnections()
	for _, server := range s.servers {
		_ = server.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.Tolerate {
		return
	}
	for _, v := range s.violations {
		s.tb.Errorf("discord: %s", v)
	}
}

// HTTPClient gives a client that reaches the server, also through pipes. It has no deadline of its own.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.Dial, DisableKeepAlives: s.options.Memory}}
}

// Dial connects to the server, also through pipes, as the DialContext of a transport or of a WebSocket dialer.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return s.network.dial(ctx, network, address)
}

// Violations gives what was sent outside Discord's rules since it was last asked. What was asked for fails no test.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.violations
	s.violations = nil
	return v
}

func (s *Server) violate(format string, args ...any) {
	v := fmt.Sprintf(format, args...)
	if !slices.Contains(s.violations, v) {
		s.violations = append(s.violations, v)
	}
}

// Until waits for a condition over what people see, and fails the test when it does not come true in 10 s.
func (s *Server) Until(what string, condition func() bool) {
	s.tb.Helper()
	timeout := time.NewTimer(untilAtMost)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if condition() {
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			s.tb.Fatalf("discord: waited in vain for %s", what)
		}
	}
}

// touch tells those who wait that the state has changed. The caller holds the lock.
func (s *Server) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) now() time.Time { return s.options.Now() }

// id makes a snowflake that is larger than all before: milliseconds since 2015 and a counter. The caller holds the lock.
func (s *Server) id() string {
	epoch := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)
	ms := max(s.now().Sub(epoch).Milliseconds(), 0)
	s.serial = max(s.serial+1, uint64(ms)<<22)
	return strconv.FormatUint(s.serial, 10)
}

// Forget drops what was said, called and delivered so far, which a long run would keep in memory. Channels, people
// and open modals stay.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.deliveries = nil, nil
	clear(s.interactions)
	for _, c := range s.channels {
		c.messages = nil
	}
}

// Now gives the server's time.
func (s *Server) Now() time.Time { return s.now() }
