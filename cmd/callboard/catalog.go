package main

import (
	"encoding/json"
	"io"
)

type catalogCmd struct {
	Export exportCmd `cmd:"" help:"Print every entity with its relations, one line of JSON each."`
}

type exportCmd struct{ configFlag }

// Help adds an example.
func (exportCmd) Help() string {
	return "Entities have Backstage's shape.\n\nExample:\n  callboard catalog export | jq -r 'select(.kind==\"API\") | .metadata.name'"
}

// Run copies the catalog to standard output.
func (c *exportCmd) Run(e *env) (err error) {
	session, _, err := c.connect(e)
	if err != nil {
		return err
	}
	defer closeInto(&err, session)
	return session.Export(e.ctx, e.stdout)
}

func writeLine(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}
