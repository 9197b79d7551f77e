package ingest

import (
	"time"

	"callboard/catalog"
)

// Report is what one sync did; its JSON is what callboard sync --json prints.
type Report struct {
	Revision string         `json:"revision"` // of the source, when there is one; of several, joined by commas
	Entities int            `json:"entities"`
	Added    int            `json:"added"`
	Changed  int            `json:"changed"`
	Moved    int            `json:"moved"`
	Removed  int            `json:"removed"`
	Problems int            `json:"problems"`
	Millis   int64          `json:"duration_ms"`
	Sources  []SourceReport `json:"sources"`
	Error    string         `json:"error,omitempty"` // why the store did not take the change
}

// SourceReport is the part of one source.
type SourceReport struct {
	Name     string `json:"name"`
	Revision string `json:"revision,omitempty"`
	Error    string `json:"error,omitempty"`
	Waiting  string `json:"waiting,omitempty"`
}

// Fine reports whether every source was read and nothing waits.
func (r *Report) Fine() bool {
	for _, source := range r.Sources {
		if source.Error != "" || source.Waiting != "" {
			return false
		}
	}
	return r.Error == ""
}

func (s *Syncer) report(set *catalog.ChangeSet, err error, took time.Duration) Report {
	view := s.Snapshot().As(catalog.Everything{})
	out := Report{Entities: view.Len(), Problems: len(view.Problems()), Millis: took.Milliseconds()}
	if err != nil {
		out.Error = err.Error()
	} else {
		out.Added, out.Changed, out.Moved, out.Removed = len(set.Added), len(set.Changed), len(set.Moved), len(set.Removed)
	}
	for i, st := range view.Sources() {
		if i > 0 {
			out.Revision += ","
		}
		out.Revision += st.Revision
		out.Sources = append(out.Sources, SourceReport{st.Name, st.Revision, st.Error, st.Waiting})
	}
	return out
}
