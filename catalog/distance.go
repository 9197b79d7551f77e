package catalog

// Typos counts the typing errors between two words, up to limit+1: characters inserted, deleted or replaced,
// and neighbours swapped. It is for suggestions, so the limit is small.
func Typos(a, b string, limit int) int { return distance([]rune(a), []rune(b), limit) }

// distance is Typos on runes, by optimal string alignment. It gives limit+1 as soon as there are more than
// limit, which must be small.
func distance(a, b []rune, limit int) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(a)+1), make([]int, len(a)+1), make([]int, len(a)+1)
	for i := range last {
		last[i] = i
	}
	for j := 1; j <= len(b); j++ {
		row[0] = j
		least := j
		for i := 1; i <= len(a); i++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[i] = min(last[i]+1, row[i-1]+1, last[i-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[i] = min(row[i], before[i-2]+1)
			}
			least = min(least, row[i])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(a)], limit+1)
}
