package slacktest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options choose how a [Server] works; the zero value is a strict Slack on loopback in real time.
type Options struct {
	Now       func() time.Time // nil is time.Now
	Memory    bool             // pipes instead of loopback; clients must come from HTTPClient and Dialer
	AckWithin time.Duration    // 0 is Slack's 3 s
	Unlimited bool             // no rate limits
	Limits    map[string]int   // calls a minute of a method, instead of its tier
	Burst     int              // messages that a channel takes at once; 0 is 5

	Tolerate      bool     // violations do not fail the test
	AllowMentions []string // live mentions that may be sent: "@U1", "!here", "!subteam^S1"; "*" is all
	AllowUnfurls  bool     // messages with links need not switch unfurling off
}

// Server is a fake Slack: one workspace with one installed app. Its methods may be called from many goroutines.
type Server struct {
	TeamID, AppID, BotUser, BotID     string
	BotToken, AppToken, SigningSecret string
	APIURL                            string // with the slash at its end that clients ask for

	tb      testing.TB
	options Options
	network *network
	base    string
	client  *http.Client
	servers []*http.Server
	closed  chan struct{}

	mu         sync.Mutex
	changed    chan struct{} // closed and replaced whenever the state changes
	users      []*User
	channels   []*channel
	triggers   map[string]*trigger
	responses  map[string]*response
	stacks     map[string][]*View // by user: modals, the visible one last
	homes      map[string]*View
	revoked    map[string]string // token to error
	scopes     []string
	faults     faults
	rates      rates
	calls      []Call
	deliveries []*Delivery
	violations []string
	targets    URLs
	socket     hub
	useSocket  bool
	lastTS     int64
	serial     int
	offered    map[string]object
}

// New starts a server that the end of the test stops. The workspace T1 has U1 (ada) and U2 (grace) in C1
// (general), where the bot is too. Until [Server.UseURLs] or [Server.UseHandler] it delivers by Socket Mode.
func New(tb testing.TB, o Options) *Server {
	tb.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AckWithin == 0 {
		o.AckWithin = defaultAck
	}
	if o.Burst == 0 {
		o.Burst = channelBurst
	}
	s := &Server{
		TeamID: "T1", AppID: "A1", BotUser: "U0BOT", BotID: "B0BOT",
		BotToken: "xoxb-" + "bot", AppToken: "xapp-" + "1-A1", SigningSecret: "shared-by-slack-and-bot",
		tb: tb, options: o, network: &network{memory: o.Memory}, closed: make(chan struct{}),
		changed: make(chan struct{}), triggers: map[string]*trigger{}, responses: map[string]*response{},
		stacks: map[string][]*View{}, homes: map[string]*View{}, revoked: map[string]string{}, useSocket: true,
		scopes: allScopes(),
	}
	s.socket.tickets = map[string]bool{}
	s.rates.init()
	s.client = &http.Client{Transport: &http.Transport{DialContext: s.Dial, MaxIdleConnsPerHost: manyConns}}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("POST /response/{id}", s.serveResponse)
	mux.HandleFunc("GET /link/{ticket}", s.serveSocket)
	mux.HandleFunc("POST /upload/{id}", s.serveUpload)
	s.base = s.serve("slack.test", mux)
	s.APIURL = s.base + "/api/"
	s.AddUser(User{ID: s.BotUser, Name: "callboard", RealName: "Callboard", Bot: true})
	s.AddUser(User{ID: "U1", Name: "ada", RealName: "Ada", Email: "ada@example.com", EmailConfirmed: true})
	s.AddUser(User{ID: "U2", Name: "grace", RealName: "Grace", Email: "grace@example.com", EmailConfirmed: true})
	s.AddChannel(ChannelSpec{ID: "C1", Name: "general", Members: []string{s.BotUser, "U1", "U2"}})
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
		s.tb.Errorf("slack: %s", v)
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

// Violations gives what was sent outside Slack's rules since it was last asked. What was asked for fails no test.
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
			s.tb.Fatalf("slack: waited in vain for %s", what)
		}
	}
}

// touch tells those who wait that the state has changed. The caller holds the lock.
func (s *Server) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) now() time.Time { return s.options.Now() }

// id makes an identifier that was not given before. The caller holds the lock.
func (s *Server) id(prefix string) string {
	s.serial++
	return prefix + strconv.Itoa(1000+s.serial)
}

// ts makes the identifier of a message, later than all before. The caller holds the lock.
func (s *Server) ts() string {
	s.lastTS = max(s.lastTS+1, s.now().UnixMicro())
	return fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
}

func allScopes() []string {
	return strings.Fields("commands chat:write chat:write.public app_mentions:read channels:read channels:manage channels:join " +
		"channels:history groups:read groups:write groups:history im:read im:write im:history mpim:read mpim:history " +
		"users:read users:read.email usergroups:read pins:write pins:read reactions:write files:write")
}
