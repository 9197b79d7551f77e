package slacktest

import (
	"io"
	"net/http"
)

// filesGetUploadURL begins an upload, which files.completeUploadExternal ends. What was uploaded is not kept.
func (s *Server) filesGetUploadURL(c *Call) (object, *failure) {
	if length, ok := num(c.Args, "length"); !ok || length <= 0 || c.str("filename") == "" {
		return nil, fail("invalid_arguments")
	}
	id := s.id("F")
	return object{"file_id": id, "upload_url": s.base + "/upload/" + id}, nil
}

func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody))
	_, _ = io.WriteString(w, "OK")
}

func (s *Server) filesComplete(c *Call) (object, *failure) {
	files := objects(c.Args, "files")
	if len(files) == 0 {
		return nil, fail("invalid_arguments")
	}
	if id := c.str("channel_id"); id != "" {
		ch, f := s.visible(id)
		if f != nil {
			return nil, f
		}
		s.store(ch, &Message{User: s.BotUser, BotID: s.BotID, Text: c.str("initial_comment"), ThreadTS: c.str("thread_ts")})
	}
	return object{"files": files}, nil
}
