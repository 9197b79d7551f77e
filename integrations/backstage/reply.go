package backstage

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	contentType = "application/json; charset=utf-8"
	// gzipFrom is the length from which answers are compressed. Below, saving a packet or two costs more
	// time than it saves.
	gzipFrom = 4 << 10
)

// reply writes an answer: at once and with its length when it is short, else as it comes, compressed when
// the client likes that.
type reply struct {
	w      http.ResponseWriter
	gzip   bool
	pool   *sync.Pool // of *gzip.Writer
	buffer []byte
	zip    *gzip.Writer
	begun  bool // the client may have seen something
	broken bool // the client is not there any more
	status int
}

// Write adds to the body.
func (r *reply) Write(data []byte) (int, error) {
	n, err := r.write(data)
	r.broken = r.broken || err != nil
	return n, err
}

func (r *reply) write(data []byte) (int, error) {
	switch {
	case r.zip != nil:
		return r.zip.Write(data)
	case r.begun:
		return r.w.Write(data)
	case len(r.buffer)+len(data) < gzipFrom:
		r.buffer = append(r.buffer, data...)
		return len(data), nil
	}
	r.begin()
	var err error
	if r.zip != nil {
		_, err = r.zip.Write(r.buffer)
	} else {
		_, err = r.w.Write(r.buffer)
	}
	if r.buffer = nil; err != nil {
		return 0, err
	}
	return r.write(data)
}

// WriteString adds to the body.
func (r *reply) WriteString(text string) (int, error) { return r.Write([]byte(text)) }

func (r *reply) begin() {
	r.header()
	if r.gzip {
		r.w.Header().Set("Content-Encoding", "gzip")
		if r.zip, _ = r.pool.Get().(*gzip.Writer); r.zip == nil {
			r.zip, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a good one, so there is no error
		}
		r.zip.Reset(r.w)
	}
	r.begun, r.status = true, http.StatusOK
	r.w.WriteHeader(http.StatusOK)
}

func (r *reply) header() {
	r.w.Header().Set("Content-Type", contentType)
	r.w.Header().Set("X-Content-Type-Options", "nosniff")
}

// close ends the answer.
func (r *reply) close() error {
	switch {
	case r.zip != nil:
		err := r.zip.Close()
		r.pool.Put(r.zip)
		r.zip = nil
		r.broken = r.broken || err != nil
		return err
	case r.begun:
		return nil
	}
	r.header()
	r.w.Header().Set("Content-Length", strconv.Itoa(len(r.buffer)))
	r.begun, r.status = true, http.StatusOK
	_, err := r.w.Write(r.buffer)
	r.broken = err != nil
	return err
}

// notModified answers that the client has the answer.
func (r *reply) notModified() {
	r.begun, r.status = true, http.StatusNotModified
	r.w.WriteHeader(http.StatusNotModified)
}

// acceptsGzip reads the header Accept-Encoding.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name = strings.TrimSpace(name); strings.EqualFold(name, "gzip") || name == "*" {
			quality, isQuality := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			value, err := strconv.ParseFloat(quality, 64)
			return !isQuality || err != nil || value > 0
		}
	}
	return false
}
