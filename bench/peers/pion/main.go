// Pion, both ends of a pair in this process:
//
//	pion data SIZE SECONDS | setup COUNT | pairs COUNT
//
// prints one line of JSON, with the fields of petrel-bench. Candidates trickle.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/webrtc/v4"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// inbox keeps the candidates for one end until it has the other's description.
type inbox struct {
	mutex     sync.Mutex
	end       *webrtc.PeerConnection
	described bool
	early     []webrtc.ICECandidateInit
}

func (box *inbox) add(candidate *webrtc.ICECandidate) {
	if candidate == nil {
		return
	}
	box.mutex.Lock()
	defer box.mutex.Unlock()
	if box.described {
		must(box.end.AddICECandidate(candidate.ToJSON()))
	} else {
		box.early = append(box.early, candidate.ToJSON())
	}
}

func (box *inbox) describe(description webrtc.SessionDescription) {
	must(box.end.SetRemoteDescription(description))
	box.mutex.Lock()
	defer box.mutex.Unlock()
	box.described = true
	for _, candidate := range box.early {
		must(box.end.AddICECandidate(candidate))
	}
}

type pair struct {
	ends    [2]*webrtc.PeerConnection
	channel *webrtc.DataChannel
	opened  chan struct{}
	remote  chan *webrtc.DataChannel
}

func newPair() *pair {
	made := &pair{opened: make(chan struct{}), remote: make(chan *webrtc.DataChannel, 1)}
	var boxes [2]inbox
	for i := range made.ends {
		end, err := webrtc.NewPeerConnection(webrtc.Configuration{})
		must(err)
		made.ends[i] = end
		boxes[i].end = end
		other := &boxes[1-i]
		end.OnICECandidate(other.add)
	}
	made.ends[1].OnDataChannel(func(channel *webrtc.DataChannel) { made.remote <- channel })
	channel, err := made.ends[0].CreateDataChannel("bench", nil)
	must(err)
	made.channel = channel
	channel.OnOpen(func() { close(made.opened) })

	offer, err := made.ends[0].CreateOffer(nil)
	must(err)
	must(made.ends[0].SetLocalDescription(offer))
	boxes[1].describe(offer)
	answer, err := made.ends[1].CreateAnswer(nil)
	must(err)
	must(made.ends[1].SetLocalDescription(answer))
	boxes[0].describe(answer)
	return made
}

func (made *pair) close() {
	for _, end := range made.ends {
		must(end.Close())
	}
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	seconds := func(time syscall.Timeval) float64 { return float64(time.Sec) + float64(time.Usec)/1e6 }
	return seconds(used.Utime) + seconds(used.Stime)
}

func statusField(name string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	for _, line := range strings.Split(string(status), "\n") {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			value, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			must(err)
			return value
		}
	}
	return 0
}

func round(value float64, digits int) float64 {
	scale := math.Pow(10, float64(digits))
	return math.Round(value*scale) / scale
}

func data(size int, seconds int) map[string]any {
	const high, low = 4 << 20, 1 << 20
	made := newPair()
	<-made.opened
	var received atomic.Int64
	(<-made.remote).OnMessage(func(message webrtc.DataChannelMessage) { received.Add(int64(len(message.Data))) })
	message := make([]byte, size)
	room := make(chan struct{}, 1)
	made.channel.SetBufferedAmountLowThreshold(low)
	made.channel.OnBufferedAmountLow(func() {
		select {
		case room <- struct{}{}:
		default:
		}
	})
	go func() {
		for {
			for made.channel.BufferedAmount() < high {
				if made.channel.Send(message) != nil {
					return
				}
			}
			select {
			case <-room:
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	time.Sleep(1500 * time.Millisecond)
	before, cpu, begun := received.Load(), cpuSeconds(), time.Now()
	time.Sleep(time.Duration(seconds) * time.Second)
	elapsed := time.Since(begun).Seconds()
	bytes := float64(received.Load() - before)
	return map[string]any{"size": size, "MBps": round(bytes/1e6/elapsed, 2),
		"cpu_s_per_GB": round((cpuSeconds()-cpu)/(bytes/1e9), 2)}
}

func setup(count int) map[string]any {
	const warmUp = 3
	var times []float64
	for i := 0; i < count+warmUp; i++ {
		begun := time.Now()
		made := newPair()
		<-made.opened
		if i >= warmUp {
			times = append(times, time.Since(begun).Seconds()*1e3)
		}
		made.close()
		time.Sleep(100 * time.Millisecond)
	}
	sort.Float64s(times)
	at := func(share float64) float64 {
		return round(times[min(len(times)-1, int(float64(len(times))*share))], 2)
	}
	return map[string]any{"count": count, "open_ms_median": at(0.5), "open_ms_p95": at(0.95), "open_ms_least": at(0)}
}

func pairs(count int) map[string]any {
	kept := []*pair{newPair()}
	<-kept[0].opened
	time.Sleep(300 * time.Millisecond)
	debug.FreeOSMemory()
	before := statusField("VmRSS")
	for i := 0; i < count; i++ {
		made := newPair()
		<-made.opened
		kept = append(kept, made)
	}
	time.Sleep(time.Second)
	debug.FreeOSMemory()
	grown := statusField("VmRSS") - before
	cpu := cpuSeconds()
	time.Sleep(3 * time.Second)
	idle := (cpuSeconds() - cpu) / 3 * 100
	runtime.KeepAlive(kept)
	return map[string]any{"count": count, "KiB_per_pair": round(grown/float64(count), 0),
		"threads": statusField("Threads"), "idle_cpu_pct": round(idle, 1)}
}

func argument(index int) int {
	if len(os.Args) <= index {
		fmt.Fprintln(os.Stderr, "usage: pion data SIZE SECONDS | setup COUNT | pairs COUNT")
		os.Exit(2)
	}
	value, err := strconv.Atoi(os.Args[index])
	must(err)
	return value
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/pion/webrtc/v4" {
				return "pion " + module.Version
			}
		}
	}
	return "pion"
}

func main() {
	count := argument(2)
	var figures map[string]any
	switch os.Args[1] {
	case "data":
		figures = data(count, argument(3))
	case "setup":
		figures = setup(count)
	case "pairs":
		figures = pairs(count)
	default:
		argument(math.MaxInt)
	}
	figures["peer"] = "pion"
	figures["version"] = version()
	must(json.NewEncoder(os.Stdout).Encode(figures))
	os.Exit(0)
}
