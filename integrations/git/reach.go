package git

import (
	"context"
	"time"
)

// reachLimit bounds a Reach.
const reachLimit = 30 * time.Second

// Reach asks the repository what Fetch would read, and fetches nothing: it gives the branch or tag, and its commit.
func (s *Source) Reach(ctx context.Context) (branch, revision string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, min(reachLimit, s.limits.Deadline))
	defer cancel()
	var to tip
	var token string
	if s.at.scheme == schemeLocal {
		to, err = s.lookLocal()
	} else if token, err = s.token(ctx); err == nil {
		to, err = s.askOnce(ctx, token)
	}
	if err != nil {
		return "", "", s.describe(ctx, err, token)
	}
	return to.name.Short(), to.commit.String(), nil
}

func (s *Source) lookLocal() (tip, error) {
	dir, common, err := findLocal(s.at.path)
	if err != nil {
		return tip{}, err
	}
	st := openStorage(dir, common)
	defer func() { _ = st.Close() }() // it was only read
	return localTip(st, s.cfg.Branch)
}

func (s *Source) askOnce(ctx context.Context, token string) (tip, error) {
	ctx, meter, stop := newMeter(ctx, s.limits)
	defer stop()
	session, err := s.connect(ctx, token, meter)
	if err != nil {
		return tip{}, meter.cause(err)
	}
	defer func() { _ = session.Close() }()
	_, to, err := s.ask(ctx, session)
	return to, meter.cause(err)
}
