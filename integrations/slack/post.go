package slack

import (
	"context"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"callboard/bot"
	"callboard/bot/card"
)

const (
	metadataType = "callboard_card"
	metadataKey  = "key"
	findPages    = 5
	findLimit    = 200
)

// content is a card as the body of a message, without anything that pings, unfurls or reads markup.
func content(c *card.Card, share string) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(notification(c), false),
		slack.MsgOptionBlocks(blocks(c, share)...),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionParse(false),
		slack.MsgOptionLinkNames(false),
	}
}

// Post implements bot.Poster. The key travels as metadata of the message.
func (s *Slack) Post(ctx context.Context, to bot.Address, c *card.Card, key string) (id string, err error) {
	options := append(content(c, ""), slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: metadataType, EventPayload: map[string]any{metadataKey: key},
	}))
	if to.Thread != "" {
		options = append(options, slack.MsgOptionTS(to.Thread))
	}
	err = s.sender.send(ctx, to.Channel, "chat.postMessage", func(ctx context.Context) error {
		_, id, err = s.api.PostMessageContext(ctx, to.Channel, options...)
		if err != nil && passing(err) && !limited(err) {
			return &onceError{err} // the message may be there: who asked finds out by Find
		}
		return err
	})
	return id, err
}

// Update implements bot.Poster.
func (s *Slack) Update(ctx context.Context, to bot.Address, id string, c *card.Card) error {
	return s.sender.send(ctx, to.Channel, "chat.update", func(ctx context.Context) error {
		_, _, _, err := s.api.UpdateMessageContext(ctx, to.Channel, id, content(c, "")...)
		return err
	})
}

// Find implements bot.Poster. It needs the scopes for the history of the channel.
func (s *Slack) Find(ctx context.Context, to bot.Address, key string, since time.Time) (id string, found bool, err error) {
	oldest := strconv.FormatInt(since.Add(-time.Minute).Unix(), 10)
	cursor := ""
	for range findPages {
		var messages []slack.Message
		messages, cursor, err = s.history(ctx, to, oldest, cursor)
		if err != nil {
			return "", false, explain(err)
		}
		for _, m := range messages {
			if m.Metadata.EventType == metadataType && m.Metadata.EventPayload[metadataKey] == key {
				return m.Timestamp, true, nil
			}
		}
		if cursor == "" {
			break
		}
	}
	return "", false, nil
}

func (s *Slack) history(ctx context.Context, to bot.Address, oldest, cursor string) (messages []slack.Message, next string, err error) {
	if to.Thread != "" {
		err = s.sender.once(ctx, "conversations.replies", func(ctx context.Context) (err error) {
			messages, _, next, err = s.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: to.Channel, Timestamp: to.Thread, Oldest: oldest, Cursor: cursor, Limit: findLimit, IncludeAllMetadata: true,
			})
			return err
		})
		return messages, next, err
	}
	err = s.sender.once(ctx, "conversations.history", func(ctx context.Context) error {
		page, err := s.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: to.Channel, Oldest: oldest, Cursor: cursor, Limit: findLimit, IncludeAllMetadata: true,
		})
		if err == nil {
			messages, next = page.Messages, page.ResponseMetaData.NextCursor
		}
		return err
	})
	return messages, next, err
}
