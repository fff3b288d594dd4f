package main

import (
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// A player's wish for a key frame is the publisher's business.
func (s *server) forward(packet rtcp.Packet) {
	switch packet.(type) {
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
	default:
		return
	}
	s.mutex.Lock()
	publisher, video := s.publisher, s.video
	s.mutex.Unlock()
	if video == nil {
		return
	}
	_ = publisher.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(video.SSRC())}})
}

// What webrtc.NewPeerConnection() makes, with H.264 as a camera sends it and nothing else.
func newPeer() (*webrtc.PeerConnection, error) {
	media := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	codec := webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType:     webrtc.MimeTypeH264,
			ClockRate:    90000,
			SDPFmtpLine:  "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
			RTCPFeedback: feedback,
		},
		PayloadType: 96,
	}
	if err := media.RegisterCodec(codec, webrtc.RTPCodecTypeVideo); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(media)).NewPeerConnection(webrtc.Configuration{})
}
