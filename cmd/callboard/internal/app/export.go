package app

import (
	"bufio"
	"io"

	"callboard/catalog"
)

// export writes each entity as one line of JSON, sorted by ref.
func export(w io.Writer, view catalog.View) error {
	buffered := bufio.NewWriter(w)
	for e := range view.All() {
		line, err := view.Describe(e)
		if err != nil {
			return err
		}
		if _, err := buffered.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return buffered.Flush()
}
