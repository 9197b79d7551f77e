package console

import (
	"strconv"
	"strings"
	"time"

	"callboard/bot/card"
)

// Style is how cards are drawn.
type Style struct {
	Width   int            // columns of the window; 0 means 80. Drawn are at least 20 and at most 100 of them.
	Colour  bool           // colours and hyperlinks, for a terminal whose user has not refused them
	Numbers bool           // the reader can pick rows and actions by number; otherwise actions show their command
	Zone    *time.Location // the reader's zone; nil means UTC, and the times say so
	Now     time.Time      // the moment of drawing, for ages and weekdays; zero means time.Now()
}

const (
	defaultWidth = 80
	minWidth     = 20
	maxWidth     = 100 // wider lines are hard to read, and put sources far from their facts
	narrow       = 60  // below, two columns of text leave too little to either
)

// normal fills in the defaults.
func (s Style) normal() Style {
	if s.Width == 0 {
		s.Width = defaultWidth
	}
	s.Width = min(max(s.Width, minWidth), maxWidth)
	if s.Now.IsZero() {
		s.Now = time.Now()
	}
	return s
}

// ink is the role of a piece of text, which gives it its colour.
type ink uint8

const (
	inkPlain ink = iota
	inkTitle
	inkLabel
	inkDim
	inkCode
	inkLink
	inkGood
	inkWarn
	inkBad
)

// sgr gives the terminal's parameters for an ink. Only the 16 basic colours are used, which follow the
// user's theme.
func (i ink) sgr() string {
	switch i {
	case inkTitle:
		return "1"
	case inkLabel, inkDim:
		return "2"
	case inkCode:
		return "36"
	case inkLink:
		return "4"
	case inkGood:
		return "32"
	case inkWarn:
		return "33"
	case inkBad:
		return "1;31"
	default:
		return ""
	}
}

// mark gives the sign of a status, which tells it without colour too. None has no sign.
func mark(s card.Status) piece {
	switch s {
	case card.OK:
		return piece{text: "✓", ink: inkGood}
	case card.Warn:
		return piece{text: "⚠", ink: inkWarn}
	case card.Bad:
		return piece{text: "✗", ink: inkBad}
	case card.Unknown:
		return piece{text: "?", ink: inkWarn}
	default:
		return piece{}
	}
}

// moment gives a time as its reader says it: the shorter, the nearer.
func (s Style) moment(t time.Time) string {
	zone, suffix := s.Zone, ""
	if zone == nil {
		zone, suffix = time.UTC, " UTC"
	}
	t, now := t.In(zone), s.Now.In(zone)
	layout := "2006-01-02 15:04"
	switch days := midnight(t).Sub(midnight(now)).Hours() / 24; {
	case days == 0:
		layout = "15:04"
	case days > -7 && days < 7:
		layout = "Mon 15:04"
	case t.Year() == now.Year():
		layout = "2 Jan 15:04"
	}
	return t.Format(layout) + suffix
}

// midnight gives the date of t as a moment in UTC, where all days have 24 hours.
func midnight(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// age gives the distance of a time: "4 min ago", "in 2 d"; beyond a year its date.
func (s Style) age(t time.Time) string {
	d := s.Now.Sub(t)
	before, after := "", " ago"
	if d < 0 {
		d, before, after = -d, "in ", ""
	}
	var n int
	var unit string
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		n, unit = int(d.Minutes()), "min"
	case d < 48*time.Hour:
		n, unit = int(d.Hours()), "h"
	case d < 366*24*time.Hour:
		n, unit = int(d.Hours()/24), "d"
	default:
		return s.moment(t)
	}
	return before + strconv.Itoa(n) + " " + unit + after
}

// paint writes a line of pieces, without spaces at its end.
func (s Style) paint(b *strings.Builder, l line) {
	l = joinEqual(l)
	for i, p := range l {
		if i == len(l)-1 {
			p.text = strings.TrimRight(p.text, " ")
		}
		code := p.ink.sgr()
		if !s.Colour || code == "" || p.text == "" {
			b.WriteString(p.text)
			continue
		}
		if p.url != "" {
			b.WriteString("\x1b]8;;" + p.url + "\x1b\\")
		}
		b.WriteString("\x1b[" + code + "m" + p.text + "\x1b[0m")
		if p.url != "" {
			b.WriteString("\x1b]8;;\x1b\\")
		}
	}
	b.WriteByte('\n')
}

// joinEqual makes one piece of neighbours that look the same, and of the space between them.
func joinEqual(l line) line {
	var joined line
	for i, p := range l {
		if p.text == " " && i > 0 && i+1 < len(l) && l[i-1].ink == l[i+1].ink && l[i-1].url == l[i+1].url {
			p.ink, p.url = l[i-1].ink, l[i-1].url
		}
		if last := len(joined) - 1; last >= 0 && joined[last].ink == p.ink && joined[last].url == p.url {
			joined[last].text += p.text
		} else {
			joined = append(joined, p)
		}
	}
	return joined
}
