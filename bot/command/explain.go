package command

import (
	"strconv"

	"callboard/bot/card"
	"callboard/catalog"
)

// explain adds to each field of a card the place in the descriptor that says it.
func (s subject) explain(c *card.Card, facts []fact) {
	for i, f := range facts {
		entity := f.entity
		if entity == nil {
			entity = s.entity
		}
		for _, pointer := range f.pointers {
			if place := s.place(entity, pointer); place != "" {
				c.Fields[i].Source = place
				break
			}
		}
	}
	c.Fields = append(c.Fields, card.Field{Label: "Entity", Value: card.Code(s.entity.Ref.String()), Source: s.place(s.entity, "/metadata/name")})
	for _, loss := range s.view.Losers(s.entity.Ref) {
		c.Fields = append(c.Fields, card.Field{
			Label: "Lost", Value: card.T(card.Line(loss.Origin.String() + " @" + shortRevision(loss.Origin.Revision) + ": " + loss.Why)),
		})
	}
}

// place says where the descriptor of entity has the field at pointer: "line 14" in the subject's own file, which the
// footer names, else "org/groups.yaml:14 @9f3c2ab"; "" when it does not have the field.
func (s subject) place(entity *catalog.Entity, pointer string) string {
	pos, found := entity.Positions.Exact(pointer)
	if !found {
		return ""
	}
	origin := entity.Origin
	if origin.Source == s.entity.Origin.Source && origin.Path == s.entity.Origin.Path {
		return "line " + strconv.Itoa(int(pos.Line))
	}
	origin.Line = int(pos.Line)
	text := origin.Place()
	if origin.Revision != "" {
		text += " @" + shortRevision(origin.Revision)
	}
	return text
}
