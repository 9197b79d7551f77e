package sqldb_test

import (
	"strconv"
	"testing"
	"time"

	"callboard/bot"
	"callboard/bot/bottest"
	"callboard/bot/card"
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

// Whichever of several messages cannot be stored, none is, also of those that were there before.
func TestChat_WantAll(t *testing.T) {
	db := open(t, t.TempDir())
	defer closeDB(t, db)
	list := make([]bot.Message, 3)
	for i := range list {
		list[i] = bot.Message{Key: "k" + strconv.Itoa(i), Subject: "link:1", Card: &card.Card{Summary: "asked"}, Wanted: "1", Facts: "facts", Since: time.Now()}
	}
	if err := db.Chat().Want(t.Context(), list[0]); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].Wanted, list[i].Facts = "2", ""
	}
	for i := range list {
		for _, statement := range []string{
			"DROP TRIGGER IF EXISTS fault",
			"CREATE TRIGGER fault BEFORE INSERT ON messages WHEN NEW.message_key = 'k" + strconv.Itoa(i) + "' BEGIN SELECT RAISE(ABORT, 'no'); END",
		} {
			if _, err := db.Writer().ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Chat().Want(t.Context(), list...); err == nil {
			t.Fatalf("message %d cannot be stored, and nobody hears of it", i)
		}
		stored, err := db.Chat().For(t.Context(), "link:1")
		if err != nil || len(stored) != 1 || stored[0].Wanted != "1" || stored[0].Facts != "facts" {
			t.Errorf("message %d cannot be stored, and there are %+v, %v", i, stored, err)
		}
	}
}
