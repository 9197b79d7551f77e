package git

import (
	"net/http"
	"strconv"
	"time"
)

// comeBack tells when a server that refused an answer wants to be asked again, in whole seconds, if it
// said so: by Retry-After, or, where nothing is left of a quota, by the time at which there is a new one.
// A plain 403 is about rights, and waiting does not help.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api,
// https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
func comeBack(resp *http.Response, now time.Time) (after time.Duration, said bool) {
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusForbidden, http.StatusServiceUnavailable:
	default:
		return 0, false
	}
	h := resp.Header
	if text := h.Get("Retry-After"); text != "" {
		if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
			return time.Duration(seconds) * time.Second, seconds > 0
		}
		if at, err := http.ParseTime(text); err == nil {
			return until(at, now)
		}
	}
	for _, name := range []string{"X-RateLimit-", "RateLimit-"} {
		if h.Get(name+"Remaining") != "0" {
			continue
		}
		if at, err := strconv.ParseUint(h.Get(name+"Reset"), 10, 40); err == nil {
			return until(time.Unix(int64(at), 0), now)
		}
	}
	return 0, false
}

func until(at, now time.Time) (after time.Duration, later bool) {
	after = at.Sub(now).Truncate(time.Second) + time.Second
	return after, at.After(now)
}
