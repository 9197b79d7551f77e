package backstage

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// apiError is an answer that is no answer. Names are those of Backstage's errors, which clients tell apart.
type apiError struct {
	status  int
	name    string
	message string
}

// Error gives the message.
func (e *apiError) Error() string { return e.message }

func inputError(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "InputError", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &apiError{http.StatusNotFound, "NotFoundError", fmt.Sprintf(format, args...)}
}

func unauthenticated(message string) error {
	return &apiError{http.StatusUnauthorized, "AuthenticationError", message}
}

// errorBody is how Backstage answers errors.
type errorBody struct {
	Error struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	} `json:"error"`
	Request struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	} `json:"request"`
	Response struct {
		StatusCode int `json:"statusCode"`
	} `json:"response"`
}

// writeError answers err. What is no apiError is our fault, and for the log only.
func writeError(w http.ResponseWriter, r *http.Request, err error) int {
	failure, ok := errors.AsType[*apiError](err)
	if !ok {
		failure = &apiError{http.StatusInternalServerError, "Error", "Callboard failed to answer; its log says why"}
	}
	var body errorBody
	body.Error.Name, body.Error.Message = failure.name, failure.message
	body.Request.Method, body.Request.URL = r.Method, r.URL.RequestURI()
	body.Response.StatusCode = failure.status
	if failure.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(failure.status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // an error means that the client went away
	return failure.status
}
