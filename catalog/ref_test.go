package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"callboard/catalog"
)

func TestParseRef(t *testing.T) {
	tests := []struct {
		text, kind, namespace string // text and the defaults
		want                  string
		err                   error
	}{
		{"checkout", "component", "default", "component:default/checkout", nil},
		{"checkout", "component", "", "component:default/checkout", nil},
		{"API:Checkout", "component", "default", "api:default/checkout", nil},
		{"east/checkout", "component", "default", "component:east/checkout", nil},
		{"api:east/checkout", "", "default", "api:east/checkout", nil},
		{"checkout", "Component", "East", "component:east/checkout", nil},
		{"a/b:c", "component", "default", "component:a/b:c", nil}, // the colon comes after the slash
		{"a:b:c", "component", "default", "a:default/b:c", nil},
		{"a:b/c/d", "component", "default", "a:b/c/d", nil},
		{" checkout ", "component", "default", "component:default/checkout", nil},
		{"checkout", "", "default", "", catalog.ErrRefKind},
		{"", "component", "default", "", catalog.ErrRefSyntax},
		{"  ", "component", "default", "", catalog.ErrRefSyntax},
		{":checkout", "component", "default", "", catalog.ErrRefSyntax},
		{"/checkout", "component", "default", "", catalog.ErrRefSyntax},
		{"api:/checkout", "component", "default", "", catalog.ErrRefSyntax},
		{"api:", "component", "default", "", catalog.ErrRefSyntax},
		{"east/", "component", "default", "", catalog.ErrRefSyntax},
	}
	for _, test := range tests {
		got, err := catalog.ParseRef(test.text, test.kind, test.namespace)
		if got.String() != test.want || !errors.Is(err, test.err) {
			t.Errorf("ParseRef(%q, %q, %q) = %q, %v; want %q, %v", test.text, test.kind, test.namespace, got, err, test.want, test.err)
		}
	}
}

func TestRef_Text(t *testing.T) {
	for _, r := range []catalog.Ref{{}, catalog.NewRef("API", "", "Checkout"), catalog.NewRef("user", "east", "ana.sol")} {
		text, err := r.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		back := catalog.NewRef("left", "over", "value")
		if err := back.UnmarshalText(text); err != nil || back != r {
			t.Errorf("%v became %q and then %v, %v", r, text, back, err)
		}
	}
	var r catalog.Ref
	if err := r.UnmarshalText([]byte("checkout")); !errors.Is(err, catalog.ErrRefKind) {
		t.Errorf("a text without kind gives %v, %v", r, err)
	}
}

func TestRef_Short(t *testing.T) {
	if got := catalog.NewRef("api", "", "x").Short(); got != "x" {
		t.Errorf("got %q", got)
	}
	if got := catalog.NewRef("api", "east", "x").Short(); got != "east/x" {
		t.Errorf("got %q", got)
	}
}

func TestRef_Compare(t *testing.T) {
	sorted := []string{"api:a/b", "api:b/a", "component:a/a", "component:a/b"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := ref(a).Compare(ref(b)); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
}

// FuzzParseRef checks that what was parsed prints to a text that parses to the same ref.
func FuzzParseRef(f *testing.F) {
	for _, text := range []string{"checkout", "api:checkout", "api:east/Checkout", "a/b:c", "a:b:c", ":", "/", "İ", "\xff", " a "} {
		f.Add(text, "component")
	}
	f.Fuzz(func(t *testing.T, text, kind string) {
		r, err := catalog.ParseRef(text, kind, catalog.DefaultNamespace)
		if err != nil {
			if !r.IsZero() {
				t.Errorf("an error and the ref %q", r)
			}
			return
		}
		if r.Kind == "" || r.Namespace == "" || r.Name == "" {
			t.Errorf("%q has empty parts: %#v", text, r)
		}
		if strings.ContainsAny(r.Kind, ":/") || strings.TrimSpace(r.String()) != r.String() {
			return // a default kind of another shape, or blanks inside: legal, but their text means something else
		}
		back, err := catalog.ParseRef(r.String(), "", "")
		if err != nil || back != r {
			t.Errorf("%q gave %#v, which prints as %q and parses as %#v, %v", text, r, r, back, err)
		}
	})
}
