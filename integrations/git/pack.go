package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
)

// packRequest asks for a commit, saying what is here already. Where the server can, it leaves out
// files that nobody would read because of their size.
func packRequest(adv *packp.AdvRefs, want plumbing.Hash, have, shallow []plumbing.Hash, depth int, blobLimit int64) *packp.UploadPackRequest {
	req := packp.NewUploadPackRequestFromCapabilities(adv.Capabilities)
	_ = req.Capabilities.Set(capability.Agent, gitUserAgent)
	if adv.Capabilities.Supports(capability.NoProgress) {
		_ = req.Capabilities.Set(capability.NoProgress)
	}
	if adv.Capabilities.Supports(capability.Shallow) {
		_ = req.Capabilities.Set(capability.Shallow)
		req.Shallows = shallow
		req.Depth = packp.DepthCommits(max(0, depth))
	}
	if blobLimit > 0 {
		_ = req.Capabilities.Set(capability.Filter)
		req.Filter = packp.Filter(fmt.Sprintf("blob:limit=%d", blobLimit+1))
	}
	req.Wants, req.Haves = []plumbing.Hash{want}, have
	return req
}

// download writes the pack of an answer to a temporary file in dir and gives its name.
func download(resp *packp.UploadPackResponse, req *packp.UploadPackRequest, dir string) (_ string, err error) {
	var r io.Reader = resp
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		r = sideband.NewDemuxer(sideband.Sideband64k, resp)
	case req.Capabilities.Supports(capability.Sideband):
		r = sideband.NewDemuxer(sideband.Sideband, resp)
	}
	f, err := os.CreateTemp(dir, "tmp_pack_")
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := io.Copy(f, r); err != nil {
		return "", failWith(brokenKind(err), err, "the transfer broke off")
	}
	return f.Name(), f.Sync()
}

// brokenKind tells a lost connection, after which the same may be tried again, from a server that
// says no.
func brokenKind(err error) error {
	var lost net.Error
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &lost) {
		return ErrNetwork
	}
	return ErrProtocol
}

// install checks a downloaded pack, indexes it and puts both in place; it gives the number of objects.
func install(ctx context.Context, tmp string, l Limits) (objects int, err error) {
	defer func() { _ = os.Remove(tmp) }() // gone already when all went well
	defer func() {
		if r := recover(); r != nil { // go-git has panicked on hostile packs before
			err = failWith(ErrProtocol, fmt.Errorf("%v", r), "sent a pack that cannot be read")
		}
	}()
	f, err := os.Open(tmp) //nolint:gosec // a temporary file of our own
	if err != nil {
		return 0, err
	}
	objects, err = checkPack(ctx, f, l)
	_ = f.Close()
	if err != nil || objects == 0 {
		return 0, err
	}
	return objects, indexPack(ctx, tmp)
}

// indexPack writes the index of a temporary pack file beside it and gives both their names. The index
// is renamed last, since it is what makes a pack visible.
func indexPack(ctx context.Context, tmp string) error {
	f, err := os.Open(tmp) //nolint:gosec // a temporary file of our own
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var index idxfile.Writer
	parser, err := packfile.NewParser(packfile.NewScanner(f), &index, ctxObserver{ctx.Err})
	if err != nil {
		return err
	}
	sum, err := parser.Parse()
	if err != nil {
		return badPack(ctx, err)
	}
	final := filepath.Join(filepath.Dir(tmp), "pack-"+sum.String())
	defer func() { _ = os.Remove(tmp + ".idx") }()
	if err := writeIndex(&index, tmp+".idx"); err != nil {
		return err
	}
	if err := os.Rename(tmp, final+".pack"); err != nil {
		return err
	}
	return os.Rename(tmp+".idx", final+".idx")
}

func writeIndex(w *idxfile.Writer, name string) error {
	index, err := w.Index()
	if err != nil {
		return err
	}
	f, err := os.Create(name) //nolint:gosec // beside a temporary file of our own
	if err != nil {
		return err
	}
	buf := bufio.NewWriter(f)
	if _, err = idxfile.NewEncoder(buf).Encode(index); err == nil {
		err = buf.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// checkPack reads a pack once, keeping nothing, and refuses what would make indexing cost too much
// memory or time: too many objects, objects too large, or a little data that inflates to a lot.
func checkPack(ctx context.Context, f io.Reader, l Limits) (int, error) {
	sc := packfile.NewScanner(f)
	_, count, err := sc.Header()
	if err != nil {
		return 0, badPack(ctx, err)
	}
	if limit := 4*l.Files + 1000; int64(count) > int64(limit) {
		return 0, fail(ErrLimit, "sent %d objects, at most %d are taken (about four times limits.files): lower depth, or raise the limit", count, limit)
	}
	inflated, most := int64(0), 8*l.Bytes
	for range count {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		h, err := sc.NextObjectHeader()
		if err != nil {
			return 0, badPack(ctx, err)
		}
		size, limit, err := objectSize(sc, h)
		if err != nil {
			return 0, badPack(ctx, err)
		}
		if inflated += size; size < 0 || size > limit || inflated > most {
			return 0, fail(ErrLimit, "its history holds a file of %d MiB (%d MiB unpacked so far), too large to index safely: allow filters on the server (uploadpack.allowFilter), lower depth, or take the file out of the history", size>>20, inflated>>20)
		}
	}
	return int(count), nil
}

// objectSize gives how much an object takes when it is unpacked, and how much it may.
func objectSize(sc *packfile.Scanner, h *packfile.ObjectHeader) (size, limit int64, err error) {
	if !h.Type.IsDelta() {
		return h.Length, maxObject, nil
	}
	var head prefix
	if _, _, err := sc.NextObject(&head); err != nil {
		return 0, 0, err
	}
	r := bytes.NewReader(head)
	base, err := binary.ReadUvarint(r)
	if err != nil {
		return 0, 0, err
	}
	target, err := binary.ReadUvarint(r)
	if err != nil {
		return 0, 0, err
	}
	return int64(min(max(base, target), 1<<62)) + h.Length, maxDelta, nil
}

// prefix keeps the first bytes of what is written to it: enough for two sizes.
type prefix []byte

func (p *prefix) Write(b []byte) (int, error) {
	if room := 2*binary.MaxVarintLen64 - len(*p); room > 0 {
		*p = append(*p, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

func badPack(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return failWith(ErrProtocol, err, "sent a pack that cannot be read")
}

// ctxObserver lets a context end the indexing of a pack.
type ctxObserver struct{ err func() error }

func (o ctxObserver) OnHeader(uint32) error { return o.err() }

func (o ctxObserver) OnInflatedObjectHeader(plumbing.ObjectType, int64, int64) error { return o.err() }

func (o ctxObserver) OnInflatedObjectContent(plumbing.Hash, int64, uint32, []byte) error { return nil }

func (o ctxObserver) OnFooter(plumbing.Hash) error { return o.err() }
