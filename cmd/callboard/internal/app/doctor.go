package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"callboard/bot"
	"callboard/catalog"
	"callboard/catalog/policy"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/outbound"
)

// Bounds of a Doctor's work.
const (
	doctorLimit = 5 * time.Minute // for all of it; Slack lets a large workspace be listed slowly
	lookLimit   = 10 * time.Second
	spaceLow    = 1 << 30 // bytes that should be free in the data folder
	spaceLeast  = 100 << 20
	namedAtMost = 5     // of what a finding lists
	maxPersons  = 1_000 // who are looked up one by one
)

// Doctor looks at all that Callboard needs, and tells of each finding at once. Post are the channels where a test
// message is posted, with their platform as in slack:C0123; nil means those of the operators.
type Doctor struct {
	Config *config.Config
	Post   []string
	Log    *slog.Logger
	Found  func(bot.Finding)
}

// Run looks. Its findings are all that comes of it.
func (d *Doctor) Run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, doctorLimit)
	defer cancel()
	known, serving := d.data(ctx)
	clocks := d.sources(ctx)
	chats := configured(d.Config)
	for _, p := range chats {
		d.chat(ctx, p, known, serving)
	}
	if !slices.ContainsFunc(chats, func(p platform) bool { return p.clock }) {
		d.clock(ctx, clocks)
	}
	if len(chats) == 0 {
		d.say("chat", bot.Sound, "", "neither Slack nor Discord is configured; questions are answered at the console, by callboard ask and over the API")
	}
	if known != nil {
		d.owners(known)
	}
}

func (d *Doctor) say(part string, grade bot.Grade, fix, format string, args ...any) {
	d.Found(bot.Finding{Part: part, Grade: grade, Fix: fix, Text: fmt.Sprintf(format, args...)})
}

// data looks at the data folder, and gives the catalog in it, nil when there is none, and whether a daemon has it.
func (d *Doctor) data(ctx context.Context) (known *catalog.Snapshot, serving bool) {
	const part = "data folder"
	dir := d.Config.Data
	_, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		above := filepath.Dir(dir)
		for above != filepath.Dir(above) && missing(above) {
			above = filepath.Dir(above) // the first sync makes them all
		}
		if d.room(part, above) {
			d.say(part, bot.Sound, "", "%s does not exist yet; the first sync makes it", dir)
		}
		return nil, false
	}
	if !d.room(part, dir) {
		return nil, false
	}
	session, err := Connect(ctx, d.Config, d.Log)
	if err != nil {
		d.say(part, bot.Wrong, storeFix, "%v", err)
		return nil, false
	}
	defer func() { _ = session.Close() }() // it was only read
	if _, serving = session.(*Client); serving {
		d.say(part, bot.Sound, "", "a daemon has it")
	} else {
		d.say(part, bot.Sound, "", "it can be written, and no daemon has it")
	}
	known, err = exported(ctx, session)
	switch {
	case err != nil:
		d.say("catalog", bot.Wrong, "when it stays so, stop the daemon, move the data folder away, and run callboard sync: it gets all anew", "it cannot be read: %v", err)
		return nil, serving
	case known.As(catalog.Everything{}).Len() == 0:
		d.say("catalog", bot.Doubtful, "run callboard sync, which says what it finds", "it is empty")
	}
	d.rules(ctx, session)
	d.faults(ctx, session)
	return known, serving
}

func missing(dir string) bool {
	_, err := os.Stat(dir)
	return errors.Is(err, fs.ErrNotExist)
}

// room reports whether a folder can be written, and looks at how much is free.
func (d *Doctor) room(part, dir string) bool {
	file, err := os.CreateTemp(dir, ".callboard-doctor-*")
	if err != nil {
		fix := "run doctor as the user who runs the daemon, and let that user own the folder"
		if errors.Is(err, unix.ENOTDIR) {
			fix = "let data name a folder, not a file"
		}
		d.say(part, bot.Wrong, fix, "%s cannot be written: %v", dir, errors.Unwrap(err))
		return false
	}
	_, err = file.WriteString("doctor")
	if err = errors.Join(err, file.Close(), os.Remove(file.Name())); err != nil {
		d.say(part, bot.Wrong, "make room on its disk, or move the data folder to another one", "%s cannot be written: %v", dir, err)
		return false
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return true // a file system that does not tell is no fault
	}
	free := disk.Bavail * uint64(disk.Bsize)
	switch text := fmt.Sprintf("%d MiB are free on the disk of %s", free>>20, dir); {
	case free < spaceLeast:
		d.say("disk", bot.Wrong, "make room, or move the data folder to a larger disk", "%s", text)
	case free < spaceLow:
		d.say("disk", bot.Doubtful, "make room before it is full", "%s", text)
	default:
		d.say("disk", bot.Sound, "", "%s", text)
	}
	return true
}

// sources asks each repository what it has. It gives the addresses of those that are reached over HTTP.
func (d *Doctor) sources(ctx context.Context) (clocks []string) {
	dir, err := os.MkdirTemp("", "callboard-doctor-*") // a mirror may be in use
	if err != nil {
		d.say("sources", bot.Wrong, "make room in the temporary folder, or name another one by TMPDIR", "there is no temporary folder: %v", err)
		return nil
	}
	defer func() { _ = os.RemoveAll(dir) }() // nothing of use is in it
	for i := range d.Config.Catalog.Sources {
		source := &d.Config.Catalog.Sources[i]
		d.source(ctx, source, dir)
		if t := source.Transport(); t == config.HTTPS || t == config.Plain {
			clocks = append(clocks, source.Git)
		}
	}
	return clocks
}

func (d *Doctor) source(ctx context.Context, source *config.Source, dir string) {
	part := "source " + source.Name
	cfg := gitConfig(d.Config, source)
	cfg.Dir = dir
	repo, err := git.Open(cfg)
	if err != nil {
		d.say(part, bot.Wrong, sourceFix(source), "%v", err)
		return
	}
	defer func() { _ = repo.Close() }() // nothing was written
	branch, revision, err := repo.Reach(ctx)
	if err != nil {
		d.say(part, bot.Wrong, sourceFix(source), "%v", err)
		return
	}
	d.say(part, bot.Sound, "", "%s @%.7s of %s can be read", branch, revision, repo.URL())
}

// storeFix is what to do about a store that cannot be opened.
const storeFix = "mend what it says, as the user who runs the daemon; a store that is broken may be moved away, and callboard sync gets all anew"

// sourceFix says what of a source's settings may be wrong.
func sourceFix(source *config.Source) string {
	settings := map[config.Transport]string{
		config.Unknown: "git", config.Local: "git, which must be a repository that this user may read", config.SSH: "git, ref, ssh_key and known_hosts",
		config.HTTPS: "git, ref and token or app (doctor needs the environment of the daemon), and outbound.proxy and outbound.ca", config.Plain: "git and ref, and outbound.proxy",
	}
	return "see that the repository can be reached from here, and correct of " + source.Name + " in catalog.sources: " + settings[source.Transport()]
}

// clock compares the time with that of a server that is needed anyway.
func (d *Doctor) clock(ctx context.Context, addresses []string) {
	if len(addresses) == 0 {
		return
	}
	header, _, err := d.ask(ctx, http.MethodHead, addresses[0])
	if err == nil {
		u, _ := url.Parse(addresses[0]) // it was just asked
		d.Found(bot.Clock(u.Hostname(), header.Get("Date"), time.Now()))
	}
}

// ask makes a request without any credentials.
func (d *Doctor) ask(ctx context.Context, method, address string) (http.Header, int, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, 0, err
	}
	client, err := outbound.New(outbound.Options{
		Proxy: d.Config.Outbound.Proxy, CAFile: d.Config.Outbound.CA, Timeout: lookLimit, MaxBytes: remoteBytes, AllowHosts: []string{u.Host},
	})
	if err != nil {
		return nil, 0, err
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	request, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = response.Body.Close() }() // its header is all that matters
	_, _ = io.Copy(io.Discard, response.Body)    // so that the connection ends well
	return response.Header, response.StatusCode, nil
}

// chat looks at the app of a platform.
func (d *Doctor) chat(ctx context.Context, p platform, known *catalog.Snapshot, serving bool) {
	usable := true
	for _, s := range p.secrets(d.Config) {
		if _, err := secret.Resolve(s.ref); err != nil {
			usable = false
			d.say(s.key, bot.Wrong, "give doctor the environment of the daemon, as in: set -a; . /etc/callboard/callboard.env", "%v", err)
		}
	}
	if !usable {
		return
	}
	adapter, err := p.open(d.Config, d.Log, prometheus.NewRegistry())
	if err != nil {
		d.say(p.label, bot.Wrong, "correct what callboard.yaml says below "+p.name+" and outbound", "%v", err)
		return
	}
	post, requests := d.Config.Operators.On(p.name), ""
	if len(d.Post) > 0 {
		post = d.posts(p.name)
	}
	if p.requests(d.Config) {
		requests = d.address(p)
		d.door(ctx, p, serving)
	}
	adapter.Check(ctx, bot.Wanted{
		Purposes: d.Config.Purposes(p.name), Addresses: d.Config.Identity.Email, Requests: requests, Serving: serving,
		Post: post, Channels: channelsOn(known, p.name),
	}, d.Found)
	if known != nil {
		d.people(ctx, p, adapter, known)
	}
}

// posts gives the ids of those of Post that are channels of a platform.
func (d *Doctor) posts(platform string) []string {
	var ids []string
	for _, channel := range d.Post {
		if id, is := strings.CutPrefix(channel, platform+":"); is {
			ids = append(ids, id)
		}
	}
	return ids
}

// address is where a platform sends requests.
func (d *Doctor) address(p platform) string {
	return strings.TrimSuffix(d.Config.HTTP.URL, "/") + p.door
}

// door knocks where a platform will, without a signature: who answers that with 401 is Callboard.
func (d *Doctor) door(ctx context.Context, p platform, serving bool) {
	part := p.label + " requests"
	address := d.address(p)
	fix := "let " + d.Config.HTTP.URL + " lead to http.listen (" + d.Config.HTTP.Listen + ") of this machine, paths unchanged"
	if !serving {
		d.say(part, bot.Doubtful, "start callboard serve, and ask doctor again", "%s will send to %s, where no daemon listens yet", p.label, address)
		return
	}
	_, status, err := d.ask(ctx, http.MethodPost, address)
	switch {
	case err != nil:
		d.say(part, bot.Doubtful, fix, "%s cannot be reached from here: %v", address, err)
	case status != http.StatusUnauthorized:
		d.say(part, bot.Wrong, fix, "%s answers %d to a request without a signature, where Callboard answers 401", address, status)
	default:
		d.say(part, bot.Sound, "", "%s leads here, and wants a signature", address)
	}
}

// people counts the members of a chat who are people of the catalog.
func (d *Doctor) people(ctx context.Context, p platform, adapter adapter, known *catalog.Snapshot) {
	part, place := p.label+" people", p.workspace
	who := newIdentity(d.Config.Identity, func() *catalog.Snapshot { return known }, nil, d.Log)
	view := known.As(catalog.Everything{})
	members, linked := 0, 0
	err := adapter.Accounts(ctx, func(id string, account bot.Account) {
		if classOf(account) != policy.Member {
			return
		}
		members++
		user, _ := annotated(view, bot.ChatUser{Platform: p.name, Workspace: p.place(d.Config), ID: id})
		if user == nil {
			user, _ = who.byEmail(view, account)
		}
		if user != nil {
			linked++
		}
	})
	if errors.Is(err, bot.ErrUnlisted) {
		d.persons(ctx, p, adapter, view)
		return
	}
	fix := "the others can read, and ask by /callboard link for the annotation " + p.name + ".com/user-id"
	if !d.Config.Identity.Email && p.addresses {
		fix += "; with identity.email: true a verified address is enough"
	}
	switch {
	case err != nil:
		d.say(part, bot.Doubtful, "see what is said of it above, and ask doctor again", "the accounts of the %s cannot be listed: %v", place, err)
	case linked == members:
		d.say(part, bot.Sound, "", "all %d members of the %s are people of the catalog", members, place)
	case linked == 0:
		d.say(part, bot.Doubtful, fix, "none of the %d members of the %s is a person of the catalog", members, place)
	default:
		d.say(part, bot.Sound, fix, "%d of %d members of the %s are people of the catalog", linked, members, place)
	}
}

// persons counts the people of the catalog who are members of a chat that does not list its members.
func (d *Doctor) persons(ctx context.Context, p platform, directory bot.Directory, view catalog.View) {
	part, place := p.label+" people", p.place(d.Config)
	people, linked := 0, 0
	var outside []string
	for e := range view.All() {
		if e.Ref.Kind != "user" {
			continue
		}
		people++
		workspace, id, both := strings.Cut(e.Metadata.Annotations.Get(p.name+".com/user-id"), ":")
		if !both {
			workspace, id = place, workspace
		}
		if id == "" || workspace != place || linked+len(outside) == maxPersons {
			continue
		}
		account, err := directory.Account(ctx, bot.ChatUser{Platform: p.name, Workspace: workspace, ID: id})
		switch {
		case err != nil:
			d.say(part, bot.Doubtful, "", "the accounts of the %s cannot be looked up: %v", p.workspace, err)
			return
		case classOf(account) == policy.Member:
			linked++
		default:
			outside = append(outside, e.Ref.String())
		}
	}
	if len(outside) > 0 {
		d.say(part, bot.Doubtful, "correct the annotation "+p.name+".com/user-id, or remove it",
			"%d people of the catalog have an account that is no member of the %s: %s", len(outside), p.workspace, strings.Join(outside[:min(len(outside), namedAtMost)], ", "))
	}
	d.say(part, bot.Sound, "the others can read, and ask by /callboard link for the annotation "+p.name+".com/user-id",
		"%d of %d people of the catalog are members of the %s", linked, people, p.workspace)
}

// channelsOn gives the ids of the channels of a platform that the catalog names.
func channelsOn(known *catalog.Snapshot, platform string) []string {
	if known == nil {
		return nil
	}
	var ids []string
	for e := range known.As(catalog.Everything{}).All() {
		if id, is := strings.CutPrefix(e.Metadata.Annotations.Get("callboard/channel"), platform+":"); is && id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// owners finds owners that the catalog does not have.
func (d *Doctor) owners(known *catalog.Snapshot) {
	const part = "owners"
	view := known.As(catalog.Everything{})
	unknown := map[string]bool{}
	for e := range view.All() {
		text := e.SpecString("owner")
		if text == "" {
			continue
		}
		owner, err := catalog.ParseRef(text, "group", e.Metadata.Namespace)
		if err != nil {
			continue // stale lists it
		}
		if _, found := view.Get(owner); !found {
			unknown[owner.String()] = true
		}
	}
	if len(unknown) == 0 {
		if view.Len() > 0 {
			d.say(part, bot.Sound, "", "the catalog has all owners that its %d entities name", view.Len())
		}
		return
	}
	names := slices.Sorted(maps.Keys(unknown))
	what, more := "1 owner that entities name is not", ""
	if len(names) > 1 {
		what = fmt.Sprintf("%d owners that entities name are not", len(names))
	}
	if len(names) > namedAtMost {
		more = fmt.Sprintf(" and %d more", len(names)-namedAtMost)
	}
	d.say(part, bot.Doubtful, "define them in a trusted source, or correct spec.owner where it stands",
		"%s in the catalog: %s%s", what, strings.Join(names[:min(len(names), namedAtMost)], ", "), more)
}
