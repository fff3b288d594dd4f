// A WHIP and WHEP server on Pion, for one stream: pion_whip ADDRESS. Prints "listening" and then what happens.
//
// The WebRTC is Pion's; the HTTP around it is written here from RFC 9725 and draft-ietf-wish-whep.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/pion/webrtc/v4"
)

const fragmentType = "application/trickle-ice-sdpfrag"

type session struct {
	peer *webrtc.PeerConnection
	etag string
}

type server struct {
	mutex     sync.Mutex
	sessions  map[string]*session
	track     *webrtc.TrackLocalStaticRTP
	publisher *webrtc.PeerConnection
	video     *webrtc.TrackRemote
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func random() string {
	bytes := make([]byte, 8)
	_, err := rand.Read(bytes)
	check(err)
	return hex.EncodeToString(bytes)
}

// Takes what the publisher sends and passes it on, packet for packet.
func (s *server) ingest(peer *webrtc.PeerConnection) error {
	peer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		fmt.Println("track", remote.Codec().MimeType, remote.Codec().SDPFmtpLine)
		s.mutex.Lock()
		s.publisher, s.video = peer, remote
		s.mutex.Unlock()
		for {
			packet, _, err := remote.ReadRTP()
			if err != nil {
				fmt.Println("track ended")
				return
			}
			// Players have other numbers for the extensions.
			packet.Extension, packet.Extensions = false, nil
			_ = s.track.WriteRTP(packet)
		}
	})
	return nil
}

// Gives it out, and passes on what a player wants.
func (s *server) egress(peer *webrtc.PeerConnection) error {
	sender, err := peer.AddTrack(s.track)
	if err != nil {
		return err
	}
	go func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, packet := range packets {
				s.forward(packet)
			}
		}
	}()
	return nil
}

func (s *server) create(w http.ResponseWriter, r *http.Request, prepare func(*webrtc.PeerConnection) error) {
	offer, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || r.Header.Get("Content-Type") != "application/sdp" {
		http.Error(w, "no SDP", http.StatusUnsupportedMediaType)
		return
	}
	peer, err := newPeer()
	check(err)
	id, etag := random(), random()
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) { fmt.Println(r.URL.Path, id, state) })
	err = prepare(peer)
	if err == nil {
		err = peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(offer)})
	}
	var answer webrtc.SessionDescription
	if err == nil {
		answer, err = peer.CreateAnswer(nil)
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err == nil {
		err = peer.SetLocalDescription(answer)
	}
	if err != nil {
		_ = peer.Close()
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	<-gathered
	s.mutex.Lock()
	s.sessions[id] = &session{peer, etag}
	s.mutex.Unlock()
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", "/session/"+id)
	w.Header().Set("ETag", `"`+etag+`"`)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, peer.LocalDescription().SDP)
}

// Candidates only: Pion restarts ICE by a whole offer, which a fragment is not.
func (s *server) patch(w http.ResponseWriter, r *http.Request, one *session) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil || r.Header.Get("Content-Type") != fragmentType {
		http.Error(w, "no fragment", http.StatusUnsupportedMediaType)
		return
	}
	if r.Header.Get("If-Match") == "*" {
		http.Error(w, "no ICE restart here", http.StatusUnprocessableEntity)
		return
	}
	if r.Header.Get("If-Match") != `"`+one.etag+`"` {
		http.Error(w, "another generation", http.StatusPreconditionFailed)
		return
	}
	mid := ""
	for _, line := range strings.Split(string(body), "\r\n") {
		if value, found := strings.CutPrefix(line, "a=mid:"); found {
			mid = value
		}
		if strings.HasPrefix(line, "a=candidate:") {
			candidate := webrtc.ICECandidateInit{Candidate: line[2:], SDPMid: &mid}
			if err := one.peer.AddICECandidate(candidate); err != nil {
				fmt.Println("candidate", err)
			} else {
				fmt.Println("candidate taken")
			}
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) session(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/session/")
	s.mutex.Lock()
	one := s.sessions[id]
	if r.Method == http.MethodDelete {
		delete(s.sessions, id)
	}
	s.mutex.Unlock()
	switch {
	case one == nil:
		http.Error(w, "no such session", http.StatusNotFound)
	case r.Method == http.MethodDelete:
		fmt.Println("deleted", id)
		_ = one.peer.Close()
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodPatch:
		s.patch(w, r, one)
	default:
		http.Error(w, "PATCH or DELETE", http.StatusMethodNotAllowed)
	}
}

func (s *server) endpoint(prepare func(*webrtc.PeerConnection) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		switch r.Method {
		case http.MethodOptions:
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Authorization, If-Match")
			w.Header().Set("Accept-Post", "application/sdp")
			w.WriteHeader(http.StatusOK)
		case http.MethodPost:
			s.create(w, r, prepare)
		default:
			http.Error(w, "POST", http.StatusMethodNotAllowed)
		}
	}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == "github.com/pion/webrtc/v4" {
			return dependency.Version
		}
	}
	return "unknown"
}

func main() {
	track, err := webrtc.NewTrackLocalStaticRTP(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}, "video", "pion")
	check(err)
	s := &server{sessions: map[string]*session{}, track: track}
	http.HandleFunc("/whip", s.endpoint(s.ingest))
	http.HandleFunc("/whep", s.endpoint(s.egress))
	http.HandleFunc("/session/", s.session)
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>Pion</title>")
	})
	fmt.Println("listening, Pion", version())
	check(http.ListenAndServe(os.Args[1], nil))
}
