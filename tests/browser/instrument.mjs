// What the tests put into a page before its own scripts run. It knows nothing of the
// page: it remembers the connections that are made and when a picture first shows.
// Works in every browser, so it must not use anything outside its own body.
export function instrument() {
  const connections = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...parameters) {
      super(...parameters);
      connections.push(this);
    }
  };

  const harness = { first_picture_ms: null, connection: () => connections.at(-1) };
  window.petrelHarness = harness;
  document.addEventListener(
    "loadeddata",
    (event) => {
      if (event.target instanceof HTMLVideoElement && event.target.videoWidth > 0) {
        harness.first_picture_ms ??= Math.round(performance.now());
      }
    },
    true,
  );

  // What the newest connection receives of "video" or "audio", in flat numbers and names.
  harness.received = async (kind) => {
    const connection = connections.at(-1);
    if (!connection) return null;
    const report = [...(await connection.getStats()).values()];
    const named = (id) => report.find((entry) => entry.id === id);
    const stream = report.find((entry) => entry.type === "inbound-rtp" && entry.kind === kind);
    const transport = report.find((entry) => entry.type === "transport");
    const pair = report.find((entry) => entry.type === "candidate-pair" && entry.nominated && entry.bytesReceived > 0);
    return {
      state: connection.connectionState,
      codec: named(stream?.codecId)?.mimeType,
      packets: stream?.packetsReceived ?? 0,
      lost: stream?.packetsLost ?? 0,
      frames_received: stream?.framesReceived ?? 0,
      frames: stream?.framesDecoded ?? 0,
      dropped: stream?.framesDropped ?? 0,
      key_frames: stream?.keyFramesDecoded ?? 0,
      plis: stream?.pliCount ?? 0,
      nacks: stream?.nackCount ?? 0,
      width: stream?.frameWidth ?? 0,
      height: stream?.frameHeight ?? 0,
      dtls: transport?.tlsVersion,
      srtp: transport?.srtpCipher,
      round_trip_ms: pair?.currentRoundTripTime === undefined ? undefined : pair.currentRoundTripTime * 1000,
      local: named(pair?.localCandidateId)?.candidateType,
      remote: named(pair?.remoteCandidateId)?.candidateType,
      protocol: named(pair?.localCandidateId)?.protocol,
    };
  };

  // The loudest sample, of at most 1, in the last two thirds of a second of the received
  // sound. Statistics cannot tell: a muted element's sound is not even decoded.
  let analyser;
  harness.loudest = () => {
    if (!analyser) {
      const receiver = connections.at(-1)?.getReceivers().find(({ track }) => track.kind === "audio");
      if (!receiver) return 0;
      const context = new AudioContext();
      analyser = new AnalyserNode(context, { fftSize: 32768 });
      context.createMediaStreamSource(new MediaStream([receiver.track])).connect(analyser);
    }
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    return samples.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0);
  };
}
