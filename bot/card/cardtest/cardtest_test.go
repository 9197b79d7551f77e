package cardtest_test

import (
	"regexp"
	"testing"

	"callboard/bot/card/cardtest"
)

func TestSamples(t *testing.T) {
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, s := range cardtest.Samples() {
		if err := s.Card.Validate(); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		if !name.MatchString(s.Name) || seen[s.Name] {
			t.Errorf("%q is no name for a golden file, or is there twice", s.Name)
		}
		seen[s.Name] = true
	}
}
