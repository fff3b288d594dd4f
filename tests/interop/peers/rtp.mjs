// Frames as RTP packets, for libraries that leave that to their users.

const clock_rates = { audio: 48_000, video: 90_000 };

// The NAL units of an Annex B access unit.
function nal_units(frame) {
  const start = Buffer.from([0, 0, 1]);
  const units = [];
  for (let from = frame.indexOf(start); from >= 0; ) {
    const next = frame.indexOf(start, from + 3);
    let end = next < 0 ? frame.length : next;
    while (next >= 0 && frame[end - 1] === 0) --end; // The longer start code.
    units.push(frame.subarray(from + 3, end));
    from = next;
  }
  return units;
}

const payloads = {
  VP8: (frame) => [Buffer.concat([Buffer.from([0x10]), frame])], // RFC 7741 4.2: S alone.
  H264: nal_units, // RFC 6184 5.6
  opus: (frame) => [frame],
};

// Calls `send(payload, { sequence_number, timestamp, marker })` for each packet, until stopped.
export class FrameClock {
  constructor({ kind, codec, frame, every_ms }, send) {
    this.sent = 0;
    const parts = payloads[codec](Buffer.from(frame, "hex"));
    let timestamp = 0;
    this.timer = setInterval(() => {
      parts.forEach((payload, index) => {
        const marker = kind === "video" && index === parts.length - 1;
        send(payload, { sequence_number: this.sent++ & 0xffff, timestamp, marker });
      });
      timestamp = (timestamp + (clock_rates[kind] / 1000) * every_ms) >>> 0;
    }, every_ms);
  }

  stop() {
    clearInterval(this.timer);
  }
}
