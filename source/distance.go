package source

// Distance is how many letters must be inserted, removed, exchanged or swapped
// with their neighbour to make b of a. Those who write "did you mean" hints
// take a name within 2 of what was typed.
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if n := len(x) - len(y); n > 3 || n < -3 {
		return max(n, -n)
	}
	rows := [3][]int{make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)}
	before, above, row := rows[0], rows[1], rows[2]
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}

// Nearest is the one of names that what was typed is most likely meant to be,
// or "" when none is close: at most a third of its letters may differ,
// case aside. What was typed is no correction of itself.
func Nearest(typed string, names []string) string {
	best, found := len([]rune(typed))/3+1, ""
	for _, name := range names {
		if name == typed {
			continue
		}
		if d := Distance(fold(typed), fold(name)); d < best {
			best, found = d, name
		}
	}
	return found
}

// DidYouMean is the hint "did you mean x?" with the nearest of names, or "".
func DidYouMean(typed string, names []string) string {
	if near := Nearest(typed, names); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

func fold(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
