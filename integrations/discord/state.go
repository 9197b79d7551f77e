package discord

import "sync"

// state is how the connection to the gateway is.
type state struct {
	mu    sync.Mutex
	ready bool
	ended error // why there will be no other connection; nil while there may
}

// end notes why there will be no other connection.
func (s *state) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = err
}

func (s *state) set(ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = ready
}

// Fault says in words why Discord is not reached; "" while it is.
func (d *Discord) Fault() string {
	d.state.mu.Lock()
	defer d.state.mu.Unlock()
	if err := d.state.ended; err != nil {
		return "mentions and direct messages are not heard until the configuration is read again: " + err.Error()
	}
	if !d.state.ready {
		return "there is no connection to Discord's gateway; callboard doctor says more"
	}
	return ""
}
