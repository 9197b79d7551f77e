package catalog

// WithSources gives the same catalog with newer statuses of its sources: for a check that found
// nothing new.
func (s *Snapshot) WithSources(sources []SourceStatus) *Snapshot {
	copied := *s
	copied.contents.Sources = sources
	return &copied
}
