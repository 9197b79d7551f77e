package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"callboard/bot"
	"callboard/bot/card/markup"
)

// serveLines runs commands one a line, each repeated before its answer so that the output reads as a
// transcript. Blank lines and those that start with # are skipped.
func (c *Console) serveLines(ctx context.Context, handle bot.Handler) error {
	s := &session{Console: c, handle: handle, out: c.opts.Out}
	stop := make(chan struct{})
	defer close(stop)
	for lines := readLines(c.opts.In, stop); ; {
		select {
		case <-ctx.Done():
			return nil
		case l, ok := <-lines:
			switch {
			case !ok:
				return nil
			case l.err != nil:
				return fmt.Errorf("console: read commands: %w", l.err)
			case l.text != "" && leaves(l.text):
				return nil
			}
			if err := s.transcribe(ctx, l); err != nil {
				return fmt.Errorf("console: write an answer: %w", err)
			}
		}
	}
}

// transcribe repeats a line and answers it.
func (s *session) transcribe(ctx context.Context, l inputLine) error {
	if l.tooLong {
		return s.refuse("Line " + strconv.Itoa(l.number) + " is longer than " + strconv.Itoa(maxLine) + " bytes; it was skipped.")
	}
	if l.text == "" || l.text[0] == '#' {
		return nil
	}
	if _, err := io.WriteString(s.out, s.opts.Prompt+markup.Terminal(l.text)+"\n"); err != nil {
		return err
	}
	return s.answer(ctx, l.text)
}

// inputLine is a line of input without surrounding space.
type inputLine struct {
	text    string
	number  int // from 1
	tooLong bool
	err     error // the last
}

// readLines reads until the end, an error or stop, then closes the channel. It runs aside because a read
// cannot be interrupted.
func readLines(r io.Reader, stop <-chan struct{}) <-chan inputLine {
	lines := make(chan inputLine)
	go func() {
		defer close(lines)
		buffered := bufio.NewReaderSize(r, maxLine+2) // and its line ending
		for n := 1; ; n++ {
			l, err := readLine(buffered, n)
			if err != nil && !errors.Is(err, io.EOF) {
				l = inputLine{number: n, err: err}
			}
			select {
			case lines <- l:
			case <-stop:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

// readLine reads one line; of one that is too long, all is skipped.
func readLine(r *bufio.Reader, n int) (inputLine, error) {
	l := inputLine{number: n}
	part, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.tooLong = true
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		return l, err
	}
	l.text = strings.ToValidUTF8(string(part), "\ufffd")
	if n == 1 {
		l.text = strings.TrimPrefix(l.text, "\ufeff") // some editors mark files with it
	}
	l.text = strings.TrimSpace(l.text)
	return l, err
}
