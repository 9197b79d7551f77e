package discord

import (
	"container/list"
	"crypto/sha256"
	"encoding/base32"
	"sync"
)

const (
	keptMark = "=" // begins what stands for a command that is kept; no command begins so
	maxKept  = 10_000
)

// kept remembers the commands of buttons that are longer than Discord lets a button carry, even with short refs: those
// that open a page of the documentation, for one. Of more than it has room for it forgets the one that was drawn least
// lately, and all of them with the process; the person then asks again. Its zero value is empty.
type kept struct {
	mu    sync.Mutex
	all   map[string]*list.Element
	order list.List // of [2]string, name and command, least lately drawn first
}

// add gives the name of a command, the same for the same command.
func (k *kept) add(command string) string {
	sum := sha256.Sum256([]byte(command))
	name := base32.StdEncoding.EncodeToString(sum[:15])
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]*list.Element{}
	}
	if e := k.all[name]; e != nil {
		k.order.MoveToBack(e)
		return keptMark + name
	}
	if len(k.all) >= maxKept {
		oldest, _ := k.order.Remove(k.order.Front()).([2]string)
		delete(k.all, oldest[0])
	}
	k.all[name] = k.order.PushBack([2]string{name, command})
	return keptMark + name
}

// find gives the command of a name.
func (k *kept) find(name string) (command string, found bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.all[name]
	if e == nil {
		return "", false
	}
	pair, _ := e.Value.([2]string)
	return pair[1], true
}
