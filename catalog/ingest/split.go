package ingest

import "bytes"

// chunk is the text of one document of a stream.
type chunk struct {
	doc   int    // 1-based number in the stream, empty documents counted
	lines int    // lines of the file before the text
	text  []byte // from the document's directives or its --- line to the next document
}

// split cuts a YAML stream into its documents before anything is parsed, so that one broken
// document does not take the others down. Documents that hold nothing but comments are counted
// and left out.
func split(data []byte) []chunk {
	s := splitter{data: data, between: true}
	for s.next < len(data) {
		s.line()
	}
	s.finish(len(data))
	return s.chunks
}

// splitter walks over the lines of a stream.
type splitter struct {
	data   []byte
	next   int // start of the line to read
	lines  int // lines before it
	chunks []chunk

	between bool // before a document: only comments, directives and blank lines so far
	open    bool // within a document that has begun
	full    bool // the open document holds more than comments
	start   int  // where the open document, or the directives of the next, begin
	startLn int
	preface bool // there are directives since start
	doc     int
}

func (s *splitter) line() {
	at, rest := s.next, s.data[s.next:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
		s.next += end + 1
	} else {
		s.next = len(s.data)
	}
	switch {
	case marks(rest, "---"):
		if s.open {
			s.finish(at)
		}
		if !s.preface {
			s.start, s.startLn = at, s.lines
		}
		s.begin(!blank(rest[3:]))
	case marks(rest, "..."):
		if s.open {
			s.finish(s.next)
		}
		s.between, s.preface = true, false
	case blank(rest):
	case s.between && rest[0] == '%':
		if !s.preface {
			s.preface, s.start, s.startLn = true, at, s.lines
		}
	case s.open:
		s.full = true
	default: // a document without ---
		s.start, s.startLn = at, s.lines
		s.begin(true)
	}
	s.lines++
}

func (s *splitter) begin(full bool) {
	s.doc++
	s.open, s.full, s.between, s.preface = true, full, false, false
}

func (s *splitter) finish(end int) {
	if s.open && s.full {
		s.chunks = append(s.chunks, chunk{s.doc, s.startLn, s.data[s.start:end]})
	}
	s.open = false
}

// marks reports whether the line is a document marker: the mark alone, or followed by a blank.
func marks(line []byte, mark string) bool {
	if len(line) < 3 || string(line[:3]) != mark {
		return false
	}
	return len(line) == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r'
}

// blank reports whether a line holds nothing but blanks and a comment.
func blank(line []byte) bool {
	for _, c := range line {
		switch c {
		case ' ', '\t', '\r':
		case '#':
			return true
		default:
			return false
		}
	}
	return true
}
