package main

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"

	"github.com/pion/webrtc/v4"
)

// What the start line says of a channel that is to be made.
type channelSpec struct {
	Label             string  `json:"label"`
	Ordered           *bool   `json:"ordered"`
	MaxRetransmits    *uint16 `json:"max_retransmits"`
	MaxPacketLifeTime *uint16 `json:"max_packet_life_time"`
	Protocol          string  `json:"protocol"`
	Negotiated        bool    `json:"negotiated"`
	ID                *uint16 `json:"id"`
}

// A channel, and what has come on it.
type channelLine struct {
	channel  *webrtc.DataChannel
	messages int
	bytes    int
	hash     hash.Hash
	closed   bool
	waiting  []webrtc.DataChannelMessage
}

// All channels of a call. Each sends back what comes on it; a text "close" closes it instead.
type channels struct {
	mutex sync.Mutex
	lines []*channelLine
}

const mostBuffered = 1 << 20

func (c *channels) make(connection *webrtc.PeerConnection, spec channelSpec) error {
	init := webrtc.DataChannelInit{Ordered: spec.Ordered, MaxRetransmits: spec.MaxRetransmits,
		MaxPacketLifeTime: spec.MaxPacketLifeTime, Protocol: &spec.Protocol}
	if spec.Negotiated {
		init.Negotiated, init.ID = &spec.Negotiated, spec.ID
	}
	made, err := connection.CreateDataChannel(spec.Label, &init)
	if err == nil {
		c.use(made)
	}
	return err
}

func (c *channels) use(channel *webrtc.DataChannel) {
	line := &channelLine{channel: channel, hash: sha256.New()}
	c.mutex.Lock()
	c.lines = append(c.lines, line)
	c.mutex.Unlock()
	channel.SetBufferedAmountLowThreshold(mostBuffered / 4)
	channel.OnBufferedAmountLow(func() { c.send(line) })
	channel.OnClose(func() {
		c.mutex.Lock()
		line.closed = true
		c.mutex.Unlock()
		tell("closed", channel.Label())
	})
	channel.OnMessage(func(message webrtc.DataChannelMessage) {
		c.mutex.Lock()
		line.messages++
		line.bytes += len(message.Data)
		line.hash.Write(message.Data)
		closes := message.IsString && string(message.Data) == "close"
		if !closes {
			line.waiting = append(line.waiting, message)
		}
		c.mutex.Unlock()
		if closes {
			_ = channel.Close()
		} else {
			c.send(line)
		}
	})
}

func (c *channels) send(line *channelLine) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for len(line.waiting) > 0 && line.channel.BufferedAmount() < mostBuffered {
		message := line.waiting[0]
		line.waiting = line.waiting[1:]
		var err error
		if message.IsString {
			err = line.channel.SendText(string(message.Data))
		} else {
			err = line.channel.Send(message.Data)
		}
		if err != nil {
			tell("failed", "sending on '"+line.channel.Label()+"': "+err.Error())
		}
	}
}

func (c *channels) result() []map[string]any {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	told := []map[string]any{}
	for _, line := range c.lines {
		channel := line.channel
		told = append(told, map[string]any{
			"label": channel.Label(), "protocol": channel.Protocol(), "negotiated": channel.Negotiated(),
			"ordered": channel.Ordered(), "max_retransmits": channel.MaxRetransmits(),
			"max_packet_life_time": channel.MaxPacketLifeTime(), "id": channel.ID(), "closed": line.closed,
			"received": map[string]any{"messages": line.messages, "bytes": line.bytes,
				"sha256": hex.EncodeToString(line.hash.Sum(nil))},
		})
	}
	return told
}
