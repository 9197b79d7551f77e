package policy

import (
	"errors"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"callboard/catalog"
)

// Limits of a condition.
const (
	maxWhen = 2000   // characters
	maxCost = 20_000 // CEL's units for one evaluation: about that many simple steps
)

// valueOf reads a label or annotation; one that is missing reads as "". No expression can name it.
const valueOf = "@value"

// condition is a compiled when.
type condition struct{ program cel.Program }

// newLanguage makes the language of conditions: CEL with its standard library over the fields of an entity.
func newLanguage() (*cel.Env, error) {
	words := cel.MapType(cel.StringType, cel.StringType)
	options := []cel.EnvOption{
		cel.ParserExpressionSizeLimit(maxWhen),
		cel.Function(valueOf, cel.Overload("value_of_map", []*cel.Type{words, cel.StringType}, cel.StringType, cel.BinaryBinding(value))),
	}
	for name, kind := range map[string]*cel.Type{"labels": words, "annotations": words, "tags": cel.ListType(cel.StringType)} {
		options = append(options, cel.Variable("entity.metadata."+name, kind))
	}
	for _, name := range textFields() {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	return cel.NewEnv(options...)
}

func textFields() []string {
	return []string{
		"entity.kind", "entity.namespace", "entity.name", "entity.source", "entity.metadata.title",
		"entity.spec.type", "entity.spec.lifecycle", "entity.spec.owner", "entity.spec.system",
	}
}

const knownFields = "an entity has kind, namespace, name, source, metadata.labels, metadata.annotations, metadata.tags, metadata.title, " +
	"spec.type, spec.lifecycle, spec.owner and spec.system"

func value(words, key ref.Val) ref.Val {
	m, isMap := words.Value().(map[string]string)
	name, isText := key.Value().(string)
	if !isMap || !isText {
		return types.NewErr("not a label or annotation")
	}
	return types.String(m[name])
}

// compile makes a condition, or says where and why it is none.
func compile(language *cel.Env, when string) (*condition, *flaw) {
	parsed, issues := language.Parse(when)
	if issues.Err() != nil {
		return nil, newFlaw(when, issues)
	}
	if flaw := capitals(when, parsed); flaw != nil {
		return nil, flaw
	}
	lenient(parsed)
	checked, issues := language.Check(parsed)
	switch {
	case issues.Err() != nil:
		return nil, newFlaw(when, issues)
	case checked.OutputType() != cel.BoolType:
		return nil, &flaw{text: "it is a " + checked.OutputType().String() + ", not true or false", fix: `compare it, as in entity.spec.type == "website"`}
	}
	program, err := language.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, &flaw{text: err.Error(), fix: "correct the condition"}
	}
	return &condition{program}, nil
}

// lenient lets a label or annotation that is missing read as "", whether it is written as labels["a"] or labels.a:
// most entities lack most labels, and an error would hide them all.
func lenient(parsed *cel.Ast) {
	tree, factory := parsed.NativeRep(), celast.NewExprFactory()
	next := celast.MaxID(tree)
	celast.PostOrderVisit(tree.Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		switch {
		case e.Kind() == celast.CallKind && e.AsCall().FunctionName() == operators.Index && isWords(e.AsCall().Args()[0]):
			args := e.AsCall().Args()
			e.SetKindCase(factory.NewCall(e.ID(), valueOf, args[0], args[1]))
		case e.Kind() == celast.SelectKind && !e.AsSelect().IsTestOnly() && isWords(e.AsSelect().Operand()):
			next++
			s := e.AsSelect()
			e.SetKindCase(factory.NewCall(e.ID(), valueOf, s.Operand(), factory.NewLiteral(next, types.String(s.FieldName()))))
		}
	}))
}

func isWords(e celast.Expr) bool {
	path := pathOf(e)
	return path == "entity.metadata.labels" || path == "entity.metadata.annotations"
}

// pathOf gives a chain of fields such as entity.metadata.labels; "" for any other expression.
func pathOf(e celast.Expr) string {
	switch e.Kind() {
	case celast.IdentKind:
		return e.AsIdent()
	case celast.SelectKind:
		if above := pathOf(e.AsSelect().Operand()); above != "" && !e.AsSelect().IsTestOnly() {
			return above + "." + e.AsSelect().FieldName()
		}
	default:
	}
	return ""
}

// capitals finds a comparison that is never true, because kinds, names and refs are in lower case: a rule that
// hides nothing must not look like one that does.
func capitals(when string, parsed *cel.Ast) *flaw {
	lower := []string{"entity.kind", "entity.namespace", "entity.name", "entity.spec.owner", "entity.spec.system"}
	var found *flaw
	celast.PostOrderVisit(parsed.NativeRep().Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if found != nil || e.Kind() != celast.CallKind {
			return
		}
		args := e.AsCall().Args()
		if e.AsCall().IsMemberFunction() {
			args = append([]celast.Expr{e.AsCall().Target()}, args...)
		}
		if len(args) < 2 || !slices.ContainsFunc(args, func(a celast.Expr) bool { return slices.Contains(lower, pathOf(a)) }) {
			return
		}
		for _, text := range literals(args) {
			if lowered := strings.ToLower(text); lowered != text && e.AsCall().FunctionName() != "matches" {
				at := parsed.NativeRep().SourceInfo().GetStartLocation(e.ID())
				found = &flaw{text: `it compares with "` + text + `", but kinds, names and refs are in lower case here`, fix: `write "` + lowered + `"`, excerpt: excerpt(when, at.Line(), at.Column())}
				return
			}
		}
	}))
	return found
}

// literals gives the texts among expressions, and in lists among them.
func literals(expressions []celast.Expr) []string {
	var out []string
	for _, e := range expressions {
		switch e.Kind() {
		case celast.LiteralKind:
			if text, isText := e.AsLiteral().Value().(string); isText {
				out = append(out, text)
			}
		case celast.ListKind:
			out = append(out, literals(e.AsList().Elements())...)
		default:
		}
	}
	return out
}

// flaw is why a text is no condition.
type flaw struct{ text, fix, excerpt string }

func newFlaw(when string, issues *cel.Issues) *flaw {
	first := issues.Errors()[0]
	f := &flaw{text: first.Message, fix: "correct the condition", excerpt: excerpt(when, first.Location.Line(), first.Location.Column())}
	if strings.HasPrefix(f.text, "undeclared reference to 'entity") {
		f.text, f.fix = "it names a field that entities do not have", knownFields
	}
	f.text, _, _ = strings.Cut(f.text, "\n")
	f.text, _, _ = strings.Cut(f.text, " expecting {")
	f.text = strings.TrimSuffix(f.text, " (in container '')")
	return f
}

// excerpt shows a line of a condition with a caret below the column, which counts from 0.
func excerpt(when string, line, column int) string {
	lines := strings.Split(when, "\n")
	if line < 1 || line > len(lines) || column < 0 {
		return ""
	}
	const most = 100
	text := []rune(strings.ReplaceAll(lines[line-1], "\t", " "))
	if from := column - most/2; len(text) > most && from > 0 {
		text, column = text[min(from, len(text)):], column-from
	}
	return string(text[:min(len(text), most)]) + "\n" + strings.Repeat(" ", column) + "^"
}

// holds evaluates the condition. An error means that nobody knows.
func (c *condition) holds(f *fields) (bool, error) {
	out, _, err := c.program.Eval(f)
	if err != nil {
		return false, err
	}
	met, isBool := out.Value().(bool)
	if !isBool {
		return false, errors.New("the condition is neither true nor false")
	}
	return met, nil
}

// fields are the plain inputs of an entity's conditions; it implements cel.Activation.
type fields struct {
	entity              *catalog.Entity
	labels, annotations map[string]string
}

// Parent implements cel.Activation.
func (*fields) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation.
func (f *fields) ResolveName(name string) (any, bool) {
	e := f.entity
	switch name {
	case "entity.kind":
		return e.Ref.Kind, true
	case "entity.namespace":
		return e.Ref.Namespace, true
	case "entity.name":
		return e.Ref.Name, true
	case "entity.source":
		return e.Origin.Source, true
	case "entity.metadata.title":
		return e.Metadata.Title, true
	case "entity.metadata.tags":
		return e.Metadata.Tags, true
	case "entity.metadata.labels":
		return mapOf(&f.labels, e.Metadata.Labels), true
	case "entity.metadata.annotations":
		return mapOf(&f.annotations, e.Metadata.Annotations), true
	case "entity.spec.type":
		return e.Type, true
	case "entity.spec.lifecycle":
		return e.Lifecycle, true
	case "entity.spec.owner":
		return f.target("ownedBy", ""), true
	case "entity.spec.system":
		return f.target("partOf", "system"), true
	}
	return nil, false
}

// target gives what the entity itself relates to, in full; "" for nothing.
func (f *fields) target(relation, kind string) string {
	for _, r := range f.entity.Declares {
		if r.Type == relation && (kind == "" || r.Target.Kind == kind) {
			return r.Target.String()
		}
	}
	return ""
}

// mapOf makes a map of pairs once for all conditions of an entity.
func mapOf(made *map[string]string, pairs catalog.Pairs) map[string]string {
	if *made == nil {
		*made = make(map[string]string, len(pairs))
		for _, p := range pairs {
			(*made)[p.Key] = p.Value
		}
	}
	return *made
}
