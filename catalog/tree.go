package catalog

// Node is one line of a tree of relations.
type Node struct {
	Related
	Depth int  // 1: related to the root itself
	Seen  bool // what is below it stands at its other, higher place
}

// Tree follows relations of the given types from root and gives what it reaches, each node before
// those below it. An entity that is reached twice is followed at the place nearest to the root;
// its other places are marked Seen, so cycles end. At most limit nodes are given, nearest to the
// root first; more reports that there would be others. The root itself is not among them.
func (v View) Tree(root Ref, types []string, limit int) (nodes []Node, more bool) {
	t := treeWalk{View: v, types: types, limit: limit, followed: map[Ref]bool{root: true}}
	below := t.expand(root, 1)
	for level := below; len(level) > 0; {
		var next []*branch
		for _, b := range level {
			if !b.Seen && b.Found() {
				b.below = t.expand(b.Target, b.Depth+1)
				next = append(next, b.below...)
			}
		}
		level = next
	}
	return flatten(nil, below), t.more
}

// treeWalk is the state of one Tree: breadth first, so that the limit cuts the far ends.
type treeWalk struct {
	View
	types    []string
	limit    int
	followed map[Ref]bool
	more     bool
}

type branch struct {
	Node
	below []*branch
}

func (t *treeWalk) expand(ref Ref, depth int) []*branch {
	var found []*branch
	for _, r := range t.Relations(ref, t.types...) {
		if t.limit <= 0 {
			t.more = true
			break
		}
		t.limit--
		found = append(found, &branch{Node: Node{r, depth, t.followed[r.Target]}})
		t.followed[r.Target] = true
	}
	return found
}

func flatten(nodes []Node, branches []*branch) []Node {
	for _, b := range branches {
		nodes = append(nodes, b.Node)
		nodes = flatten(nodes, b.below)
	}
	return nodes
}
