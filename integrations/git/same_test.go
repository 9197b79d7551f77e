package git_test

import (
	"testing"

	"callboard/integrations/git"
)

func TestSame(t *testing.T) {
	const want = "git.example.com/acme/catalog"
	for _, url := range []string{
		"https://git.example.com/acme/catalog.git", "https://git.example.com/acme/catalog", "https://git.example.com/acme/catalog/",
		"HTTPS://Git.Example.com/Acme/Catalog.git", "http://git.example.com:3000/acme/catalog.git", "https://git.example.com/acme//catalog",
		"git@git.example.com:acme/catalog.git", "git.example.com:acme/catalog", "git@git.example.com:/acme/catalog.git",
		"ssh://git@git.example.com:2222/acme/catalog.git", "ssh://git.example.com/acme/catalog",
	} {
		if got := git.Same(url); got != want {
			t.Errorf("%s is %q, want %q", url, got, want)
		}
	}
	for _, url := range []string{
		"", "/srv/git/catalog.git", "catalog", "https://", "https://git.example.com", "https://git.example.com/", "git@git.example.com:",
		"https://user:secret@git.example.com/acme/catalog", "file:///srv/catalog", "javascript:alert(1)//", "https://%zz/acme",
		"https://git.example.com/acme/catalog?x=1", "https://git.example.com/acme/catalog#x", "\x00",
	} {
		if got := git.Same(url); got == want || got != "" && url == "" {
			t.Errorf("%q is %q", url, got)
		}
	}
	for _, url := range []string{"https://git.example.com/acme/catalog2", "https://git.example.com.evil.example/acme/catalog", "https://git.example.com/../acme/catalog/x"} {
		if got := git.Same(url); got == want {
			t.Errorf("%s is taken for %s", url, want)
		}
	}
}
