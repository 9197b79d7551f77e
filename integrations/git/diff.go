package git

// maxEdits is how many lines may differ between two versions of a file, beyond what stands between
// equal beginnings and ends, before all of it counts as new. Finding out takes memory by its square.
const maxEdits = 2000

// matchLines compares two versions of a file. It gives for each line of now its index in old, or -1
// for a line that old does not have at that place. It is Myers' greedy algorithm.
func matchLines(old, now []int32) []int32 {
	match := make([]int32, len(now))
	for i := range match {
		match[i] = -1
	}
	start := 0
	for start < len(old) && start < len(now) && old[start] == now[start] {
		match[start] = int32(start)
		start++
	}
	end := 0
	for end < len(old)-start && end < len(now)-start && old[len(old)-1-end] == now[len(now)-1-end] {
		match[len(now)-1-end] = int32(len(old) - 1 - end)
		end++
	}
	a, b := old[start:len(old)-end], now[start:len(now)-end]
	trace, found := shortestEdit(a, b)
	if !found {
		return match
	}
	x, y := len(a), len(b)
	for d := len(trace) - 1; d > 0; d-- {
		furthest := trace[d-1]
		k := x - y
		before := k - 1
		if k == -d || k != d && furthest[at(k-1, d-1)] < furthest[at(k+1, d-1)] {
			before = k + 1
		}
		fromX := int(furthest[at(before, d-1)])
		fromY := fromX - before
		for x > fromX && y > fromY {
			x, y = x-1, y-1
			match[start+y] = int32(start + x)
		}
		x, y = fromX, fromY
	}
	for x > 0 && y > 0 {
		x, y = x-1, y-1
		match[start+y] = int32(start + x)
	}
	return match
}

// at is where the diagonal k stands in the row of d edits, which has the diagonals -d-1 to d+1.
func at(k, d int) int { return k + d + 1 }

// shortestEdit gives, for each number of edits, the furthest place in a on each diagonal; false when
// there are more than maxEdits.
func shortestEdit(a, b []int32) (trace [][]int32, found bool) {
	var before []int32
	for d := 0; d <= min(len(a)+len(b), maxEdits); d++ {
		row := make([]int32, 2*d+3)
		trace = append(trace, row)
		for k := -d; k <= d; k += 2 {
			x := 0
			switch {
			case d == 0:
			case k == -d || k != d && before[at(k-1, d-1)] < before[at(k+1, d-1)]:
				x = int(before[at(k+1, d-1)])
			default:
				x = int(before[at(k-1, d-1)]) + 1
			}
			y := x - k
			for x < len(a) && y >= 0 && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			row[at(k, d)] = int32(x)
			if k == len(a)-len(b) && x >= len(a) {
				return trace, true
			}
		}
		before = row
	}
	return nil, false
}
