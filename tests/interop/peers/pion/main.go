// Pion as a peer; docs/interop.md has the lines that it reads and prints.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

type medium struct {
	Kind    string `json:"kind"`
	Codec   string `json:"codec"`
	Frame   string `json:"frame"`
	EveryMs int    `json:"every_ms"`
}

type settings struct {
	Role     string   `json:"role"`
	Trickle  bool     `json:"trickle"`
	Media    []medium `json:"media"`
	Enough   int64    `json:"enough"`
	DtlsRole string   `json:"dtls_role"`
	// Leave SCTP's checksum out (RFC 9653), which Pion does only if it is told to.
	ZeroChecksum bool `json:"zero_checksum"`
	Data         *struct {
		Channels []channelSpec `json:"channels"`
	} `json:"data"`
}

type candidate struct {
	Candidate string `json:"candidate"`
	Mid       string `json:"mid"`
}

type line struct {
	Start       *settings                  `json:"start"`
	Description *webrtc.SessionDescription `json:"description"`
	Candidate   *candidate                 `json:"candidate"`
	Report      *struct{}                  `json:"report"`
}

type call struct {
	settings   settings
	connection *webrtc.PeerConnection
	senders    map[string]*webrtc.RTPSender
	received   map[string]*atomic.Int64
	sent       map[string]*atomic.Int64
	enough     sync.Once
	channels   channels
}

var printing sync.Mutex

func tell(key string, value any) {
	text, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		panic(err)
	}
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(string(text))
}

func mime(m medium) string { return m.Kind + "/" + m.Codec }

// The codecs that were asked for, and no others.
func mediaEngine(wanted []medium) (*webrtc.MediaEngine, error) {
	engine := &webrtc.MediaEngine{}
	for _, m := range wanted {
		parameters := webrtc.RTPCodecParameters{PayloadType: 96}
		parameters.MimeType, parameters.ClockRate = mime(m), 90000
		kind := webrtc.RTPCodecTypeVideo
		if m.Kind == "audio" {
			kind = webrtc.RTPCodecTypeAudio
			parameters.PayloadType, parameters.ClockRate, parameters.Channels = 111, 48000, 2
			parameters.SDPFmtpLine = "minptime=10;useinbandfec=1"
		} else {
			parameters.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}
		}
		if m.Codec == "H264" {
			parameters.SDPFmtpLine = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
		}
		if err := engine.RegisterCodec(parameters, kind); err != nil {
			return nil, err
		}
	}
	return engine, nil
}

func newCall(s settings) (*call, error) {
	engine, err := mediaEngine(s.Media)
	if err != nil {
		return nil, err
	}
	transport := webrtc.SettingEngine{}
	transport.EnableSCTPZeroChecksum(s.ZeroChecksum)
	switch s.DtlsRole {
	case "server":
		err = transport.SetAnsweringDTLSRole(webrtc.DTLSRoleServer)
	case "client":
		err = transport.SetAnsweringDTLSRole(webrtc.DTLSRoleClient)
	}
	if err != nil {
		return nil, err
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(transport))
	connection, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	c := &call{settings: s, connection: connection, senders: map[string]*webrtc.RTPSender{},
		received: map[string]*atomic.Int64{}, sent: map[string]*atomic.Int64{}}
	for _, m := range s.Media {
		c.received[m.Kind], c.sent[m.Kind] = &atomic.Int64{}, &atomic.Int64{}
	}
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) { tell("state", state.String()) })
	connection.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { c.count(track) })
	if s.Trickle {
		connection.OnICECandidate(tellCandidate)
	}
	for _, m := range s.Media {
		if err := c.addTrack(m); err != nil {
			return nil, err
		}
	}
	connection.OnDataChannel(c.channels.use)
	if s.Data != nil {
		for _, spec := range s.Data.Channels {
			if err := c.channels.make(connection, spec); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func tellCandidate(found *webrtc.ICECandidate) {
	told := candidate{}
	if found != nil {
		init := found.ToJSON()
		told.Candidate = init.Candidate
		if init.SDPMid != nil {
			told.Mid = *init.SDPMid
		}
	}
	tell("candidate", told)
}

func (c *call) addTrack(m medium) error {
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime(m)}, m.Kind, "pion")
	if err != nil {
		return err
	}
	if c.senders[m.Kind], err = c.connection.AddTrack(track); err != nil {
		return err
	}
	frame, err := hex.DecodeString(m.Frame)
	if err != nil {
		return err
	}
	go func() {
		interval := time.Duration(m.EveryMs) * time.Millisecond
		for range time.Tick(interval) {
			if c.connection.ConnectionState() != webrtc.PeerConnectionStateConnected {
				continue
			}
			if track.WriteSample(media.Sample{Data: frame, Duration: interval}) == nil {
				c.sent[m.Kind].Add(1)
			}
		}
	}()
	return nil
}

func (c *call) count(track *webrtc.TrackRemote) {
	for {
		if _, _, err := track.ReadRTP(); err != nil {
			return
		}
		c.received[track.Kind().String()].Add(1)
		all := true
		for _, each := range c.received {
			all = all && each.Load() >= c.settings.Enough
		}
		if all {
			c.enough.Do(func() { tell("enough", struct{}{}) })
		}
	}
}

func (c *call) describe(description webrtc.SessionDescription) error {
	gathered := webrtc.GatheringCompletePromise(c.connection)
	if c.settings.Trickle {
		tell("description", description)
		return c.connection.SetLocalDescription(description)
	}
	if err := c.connection.SetLocalDescription(description); err != nil {
		return err
	}
	<-gathered
	tell("description", c.connection.LocalDescription())
	return nil
}

func (c *call) offer() error {
	offer, err := c.connection.CreateOffer(nil)
	if err != nil {
		return err
	}
	return c.describe(offer)
}

func (c *call) handleDescription(description webrtc.SessionDescription) error {
	if err := c.connection.SetRemoteDescription(description); err != nil {
		return err
	}
	if description.Type != webrtc.SDPTypeOffer {
		return nil
	}
	answer, err := c.connection.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return c.describe(answer)
}

func counts(of map[string]*atomic.Int64) map[string]int64 {
	plain := map[string]int64{}
	for kind, count := range of {
		plain[kind] = count.Load()
	}
	return plain
}

func (c *call) report() {
	result := map[string]any{
		"connected": c.connection.ConnectionState() == webrtc.PeerConnectionStateConnected,
		"received":  counts(c.received),
		"sent":      counts(c.sent),
		"channels":  c.channels.result(),
	}
	transport := c.connection.SCTP().Transport()
	for _, sender := range c.senders {
		transport = sender.Transport()
	}
	if pair, err := transport.ICETransport().GetSelectedCandidatePair(); err == nil && pair != nil {
		result["pair"] = map[string]string{"local": pair.Local.Typ.String(), "remote": pair.Remote.Typ.String()}
	}
	tell("result", result)
}

func handle(c **call, l line) (err error) {
	switch {
	case l.Start != nil:
		if *c, err = newCall(*l.Start); err == nil && l.Start.Role == "offer" {
			err = (*c).offer()
		}
	case *c == nil:
		err = fmt.Errorf("the call has not been started")
	case l.Description != nil:
		err = (*c).handleDescription(*l.Description)
	case l.Candidate != nil:
		err = (*c).connection.AddICECandidate(
			webrtc.ICECandidateInit{Candidate: l.Candidate.Candidate, SDPMid: &l.Candidate.Mid})
	case l.Report != nil:
		(*c).report()
	}
	return err
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if strings.HasPrefix(module.Path, "github.com/pion/webrtc/") {
				return strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return ""
}

func main() {
	tell("hello", map[string]string{"name": "Pion", "version": version()})
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	var c *call
	for input.Scan() {
		var l line
		err := json.Unmarshal(input.Bytes(), &l)
		if err == nil {
			err = handle(&c, l)
		}
		if err != nil {
			tell("failed", err.Error())
		}
	}
	if c != nil {
		_ = c.connection.Close()
	}
}
