// A browser's side of a call: the same lines, spoken by functions of a page. It works in every
// browser, so it must not use anything outside its own body, but petrelChannels of channels.mjs.
export function call_page() {
  const waiting = [];
  let wake = () => {};
  const tell = (line) => {
    waiting.push(line);
    wake();
  };

  const channels = globalThis.petrelChannels(tell);
  let settings, connection, watch;

  // Without a camera the browser hides its addresses.
  const drawn_media = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [320, 240];
    const context = canvas.getContext("2d");
    let turn = 0;
    setInterval(() => {
      context.fillStyle = `hsl(${(turn += 7) % 360} 80% 50%)`;
      context.fillRect(0, 0, canvas.width, canvas.height);
    }, 33);
    const audio = new AudioContext();
    const tone = new OscillatorNode(audio);
    const destination = new MediaStreamAudioDestinationNode(audio);
    tone.connect(destination);
    tone.start();
    return new MediaStream([...canvas.captureStream(30).getTracks(), ...destination.stream.getTracks()]);
  };

  const start = async (told) => {
    settings = told;
    connection = new RTCPeerConnection({ iceServers: told.ice_servers ?? [], bundlePolicy: "max-bundle" });
    connection.onconnectionstatechange = () => tell({ state: connection.connectionState });
    connection.onicecandidate = ({ candidate }) => {
      if (!settings.trickle) return;
      tell({ candidate: { candidate: candidate?.candidate ?? "", mid: candidate?.sdpMid ?? "" } });
    };
    const wanted = Object.fromEntries(told.media.map(({ kind }) => [kind, true]));
    if (told.media.length > 0) {
      const stream = told.drawn_media ? drawn_media() : await navigator.mediaDevices.getUserMedia(wanted);
      for (const track of stream.getTracks()) {
        if (wanted[track.kind]) connection.addTrack(track, stream);
      }
      watch = setInterval(look, 100);
    }
    connection.ondatachannel = ({ channel }) => channels.use(channel);
    for (const spec of told.data?.channels ?? []) {
      channels.use(connection.createDataChannel(spec.label, channels.options(spec)));
    }
    if (told.role === "offer") await describe(await connection.createOffer());
  };

  const prefer_codecs = () => {
    for (const { kind, codec } of settings.media) {
      const transceiver = connection.getTransceivers().find(({ receiver }) => receiver.track.kind === kind);
      const capable = RTCRtpReceiver.getCapabilities(kind).codecs;
      const chosen = capable.filter(({ mimeType }) => mimeType.toLowerCase() === `${kind}/${codec}`.toLowerCase());
      transceiver.setCodecPreferences(chosen);
    }
  };

  const describe = async (description) => {
    // The one way in which a page can choose its DTLS role.
    const setup = { client: "active", server: "passive" }[settings.dtls_role];
    const sdp = setup ? description.sdp.replaceAll("a=setup:active", `a=setup:${setup}`) : description.sdp;
    const gathered = new Promise((resolve) => {
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState === "complete") resolve();
      });
    });
    if (settings.trickle) {
      tell({ description: { type: description.type, sdp } });
      await connection.setLocalDescription({ type: description.type, sdp });
      return;
    }
    await connection.setLocalDescription({ type: description.type, sdp });
    await gathered;
    tell({ description: connection.localDescription.toJSON() });
  };

  const figures = async () => {
    if (!connection) return { connected: false };
    const report = [...(await connection.getStats()).values()];
    const named = (id) => report.find((entry) => entry.id === id);
    const of_kind = (type, name) =>
      Object.fromEntries(
        report.filter((entry) => entry.type === type).map((entry) => [entry.kind, entry[name] ?? 0]));
    const transport = report.find(({ type }) => type === "transport");
    const pair =
      named(transport?.selectedCandidatePairId) ??
      report.find((entry) => entry.type === "candidate-pair" && entry.nominated && entry.bytesReceived > 0);
    return {
      connected: connection.connectionState === "connected",
      received: of_kind("inbound-rtp", "packetsReceived"),
      sent: of_kind("outbound-rtp", "packetsSent"),
      decoded: of_kind("inbound-rtp", "framesDecoded").video,
      pair: pair && {
        local: named(pair.localCandidateId)?.candidateType,
        remote: named(pair.remoteCandidateId)?.candidateType,
      },
      dtls: { role: transport?.dtlsRole, version: transport?.tlsVersion, cipher: transport?.dtlsCipher },
      srtp: transport?.srtpCipher,
      channels: await channels.result(),
    };
  };

  const look = async () => {
    const { received } = await figures();
    if (settings.media.some(({ kind }) => (received[kind] ?? 0) < settings.enough)) return;
    clearInterval(watch);
    tell({ enough: {} });
  };

  const handle = async (line) => {
    if (line.start) {
      await start(line.start);
    } else if (line.description) {
      await connection.setRemoteDescription(line.description);
      if (line.description.type === "offer") {
        prefer_codecs();
        await describe(await connection.createAnswer());
      }
    } else if (line.candidate) {
      const { candidate, mid } = line.candidate;
      await connection.addIceCandidate({ candidate, sdpMid: mid });
    } else if (line.report) {
      clearInterval(watch);
      tell({ result: await figures() });
    }
  };

  let turn = Promise.resolve();
  window.petrelCall = {
    // One after the other, as they come.
    handle: (line) => {
      turn = turn.then(() => handle(line)).catch((error) => tell({ failed: `${error.name}: ${error.message}` }));
      return turn;
    },
    // What has been told since the last time; waits for it so long.
    told: async (patience_ms) => {
      if (waiting.length === 0) {
        await new Promise((resolve) => {
          wake = resolve;
          setTimeout(resolve, patience_ms);
        });
      }
      return waiting.splice(0);
    },
  };
}
