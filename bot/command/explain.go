package command

import (
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
			Label: "Lost", Value: card.T("another descriptor of the same entity"),
			Source: loss.Origin.String() + " @" + shortRevision(loss.Origin.Revision) + ": " + loss.Why,
		})
	}
}

// place says where the descriptor of entity has the field at pointer: "catalog-info.yaml:14 @9f3c2ab"; "" when
// it does not have it.
func (s subject) place(entity *catalog.Entity, pointer string) string {
	pos, found := entity.Positions.Exact(pointer)
	if !found {
		return ""
	}
	origin := entity.Origin
	origin.Line = int(pos.Line)
	text := origin.Place()
	if origin.Revision != "" {
		text += " @" + shortRevision(origin.Revision)
	}
	return text
}
