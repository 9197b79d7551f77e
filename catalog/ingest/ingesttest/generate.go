package ingesttest

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"time"

	"callboard/catalog"
)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// Wild fills a value of type T with random content, every exported field of it: strange but valid
// text, nil and empty lists, zero and other times. A field that somebody adds to a type is filled
// too, so a store that forgets it fails the suite.
func Wild[T any](r *rand.Rand) T {
	var v T
	fill(r, reflect.ValueOf(&v).Elem())
	return v
}

func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case catalog.Positions:
		v.Set(reflect.ValueOf(wildPositions(r)))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(pick(r, nil, json.RawMessage(`{}`), json.RawMessage(`{"b": 1,"a":[true,"☕"]}`))))
		return
	case time.Time:
		v.Set(reflect.ValueOf(pick(r, time.Time{}, time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC())))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(wildText(r))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(pick(r, 0, 1, r.Int64N(1000), 1<<40))
	case reflect.Pointer:
		if r.IntN(4) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.Slice:
		if r.IntN(4) > 0 {
			n := r.IntN(4)
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(r, v.Index(i))
			}
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(r, field)
		}
	default:
		panic("ingesttest.Wild cannot fill a " + v.Type().String())
	}
}

func wildText(r *rand.Rand) string {
	return pick(r, "", "", "x", "checkout", "Größe ☕", "支払い", "\u202emoc", "🧑‍🚒", "a\nb\r\n\tc", `'";--\`, "%s ? $1 :x",
		strings.Repeat("long ", r.IntN(3000)), strconv.Itoa(r.IntN(1000)), "checkout-"+strconv.Itoa(r.IntN(5)))
}

func wildPositions(r *rand.Rand) catalog.Positions {
	pointers := make([]string, r.IntN(6))
	at := make([]catalog.Pos, len(pointers))
	for i := range pointers {
		pointers[i] = strings.ReplaceAll("/"+wildText(r), "\n", "~n")
		at[i] = catalog.Pos{Line: r.Int32N(5000), Column: r.Int32N(100)}
	}
	return catalog.NewPositions(pointers, at)
}
