package sqldb_test

import (
	"testing"

	"callboard/bot"
	"callboard/bot/bottest"
	"callboard/integrations/sqldb"
)

func TestChat_Messages(t *testing.T) {
	bottest.Messages(t, func(t *testing.T) bot.Messages { return openChat(t) })
}

func TestChat_Inbox(t *testing.T) {
	bottest.Inbox(t, func(t *testing.T) bot.Inbox { return openChat(t) })
}

func openChat(t *testing.T) *sqldb.Chat {
	t.Helper()
	db := open(t, t.TempDir())
	t.Cleanup(func() { closeDB(t, db) })
	return db.Chat()
}

// An event that was taken stays taken, and a message stays wanted, when the program starts again.
func TestChat_Restart(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	if fresh, err := db.Chat().Take(t.Context(), "click", nil); err != nil || !fresh {
		t.Fatalf("%v, %v", fresh, err)
	}
	closeDB(t, db)
	db = open(t, dir)
	defer closeDB(t, db)
	if fresh, err := db.Chat().Take(t.Context(), "click", nil); err != nil || fresh {
		t.Errorf("taken twice: %v, %v", fresh, err)
	}
}
