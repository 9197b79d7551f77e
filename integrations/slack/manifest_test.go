package slack

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"callboard/bot"
)

// method is a method of the Web API that the package calls, by the name of slack-go's function.
type method struct {
	name    string
	scopes  []string    // that it needs, all of them; Slack's page of each method names them
	purpose bot.Purpose // for which it is called; "" for all
}

// methods holds every call of the Web API. Views need no scope, nor does auth.test; apps.connections.open goes with the
// app-level token.
var methods = map[string]method{
	"AuthTestContext":               {name: "auth.test"},
	"StartSocketModeContext":        {name: "apps.connections.open"},
	"GetBotInfoContext":             {name: "bots.info", scopes: []string{"users:read"}},
	"GetUserInfoContext":            {name: "users.info", scopes: []string{"users:read"}},
	"GetUsersPaginated":             {name: "users.list", scopes: []string{"users:read"}},
	"PostMessageContext":            {name: "chat.postMessage", scopes: []string{"chat:write"}},
	"PostEphemeralContext":          {name: "chat.postEphemeral", scopes: []string{"chat:write"}},
	"UpdateMessageContext":          {name: "chat.update", scopes: []string{"chat:write"}},
	"DeleteMessageContext":          {name: "chat.delete", scopes: []string{"chat:write"}},
	"OpenViewContext":               {name: "views.open"},
	"UpdateViewContext":             {name: "views.update"},
	"PublishViewContext":            {name: "views.publish"},
	"GetConversationInfoContext":    {name: "conversations.info", scopes: []string{"channels:read", "groups:read"}, purpose: bot.ForIncidents},
	"GetConversationHistoryContext": {name: "conversations.history", scopes: []string{"channels:history", "groups:history"}, purpose: bot.ForForms},
	"GetConversationRepliesContext": {name: "conversations.replies", scopes: []string{"channels:history", "groups:history"}, purpose: bot.ForForms},
}

// called gives the functions of slack-go's client that the package calls.
func called(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			made, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			call, is := made.Fun.(*ast.SelectorExpr)
			if !is {
				return true
			}
			on := ""
			switch x := call.X.(type) {
			case *ast.SelectorExpr:
				on = x.Sel.Name
			case *ast.Ident:
				on = x.Name
			}
			if on == "api" {
				names = append(names, call.Sel.Name)
			}
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestScopes: a manifest has the scopes of every call that the program makes with the same configuration, and none beside
// them but those of the events.
func TestScopes(t *testing.T) {
	names := called(t)
	for _, name := range names {
		if _, known := methods[name]; !known {
			t.Errorf("%s is called, and the table says nothing of the scopes that it needs", name)
		}
	}
	for name := range methods {
		if !slices.Contains(names, name) {
			t.Errorf("%s stands in the table, and nobody calls it", name)
		}
	}
	for _, purposes := range [][]bot.Purpose{{}, {bot.ForReads}, {bot.ForIncidents}, {bot.ForForms}, {bot.ForIncidents, bot.ForForms}} {
		for _, addresses := range []bool{false, true} {
			t.Run(fmt.Sprint(purposes, addresses), func(t *testing.T) {
				var granted []string
				for _, s := range Scopes(purposes, addresses) {
					granted = append(granted, s.Name)
				}
				needed := []string{"commands", "app_mentions:read", "im:history"} // slash commands, app_mention, message.im
				if addresses {
					needed = append(needed, "users:read.email") // a field of users.info
				}
				for _, m := range methods {
					if m.purpose == "" || slices.Contains(purposes, m.purpose) {
						needed = append(needed, m.scopes...)
					}
				}
				slices.Sort(needed)
				slices.Sort(granted)
				if needed = slices.Compact(needed); !slices.Equal(needed, granted) {
					t.Errorf("granted %v\nneeded  %v", granted, needed)
				}
			})
		}
	}
}
