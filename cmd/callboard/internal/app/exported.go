package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"callboard/catalog"
)

// exported gives the catalog that a session has, as far as an export tells: refs, metadata and specs. It is the same
// whether a daemon has the data folder or this process.
func exported(ctx context.Context, session Session) (*catalog.Snapshot, error) {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(session.Export(ctx, writer)) }()
	defer func() { _ = reader.Close() }() // which ends the export
	var contents catalog.Contents
	lines := json.NewDecoder(reader)
	for {
		var line struct {
			APIVersion string          `json:"apiVersion"`
			Kind       string          `json:"kind"`
			Spec       json.RawMessage `json:"spec"`
			Metadata   struct {
				Name        string        `json:"name"`
				Namespace   string        `json:"namespace"`
				Annotations catalog.Pairs `json:"annotations"`
			} `json:"metadata"`
		}
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return catalog.NewSnapshot(contents), nil
		case err != nil:
			return nil, fmt.Errorf("read the export of the catalog: %w", err)
		}
		m := line.Metadata
		contents.Documents = append(contents.Documents, &catalog.Document{Entity: &catalog.Entity{
			Ref: catalog.NewRef(strings.ToLower(line.Kind), m.Namespace, m.Name), APIVersion: line.APIVersion, Kind: line.Kind, Spec: line.Spec,
			Metadata: catalog.Metadata{Name: m.Name, Namespace: m.Namespace, Annotations: m.Annotations},
		}})
	}
}
