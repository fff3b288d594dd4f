// The peer's side of data channels, for whatever has the W3C's RTCDataChannel, or looks like it. It works in a
// page as well, so it must not use anything outside its own body: it leaves `petrelChannels`, whose calls are
//
//   options(spec)      RTCDataChannelInit, from what the start line says of a channel
//   use(channel)       sends back all that comes on it; a text "close" closes it instead
//   result()           all channels, and what has come on them
export function define_channels() {
  const most_buffered = 1 << 20;
  const encoder = new TextEncoder();

  const bytes_of = (data) => (typeof data === "string" ? encoder.encode(data) : new Uint8Array(data));

  async function flow_of({ pieces, messages }) {
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const digest = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { messages, bytes: bytes.length, sha256 };
  }

  globalThis.petrelChannels = (tell) => {
    const lines = [];
    return {
      options: ({ max_retransmits, max_packet_life_time, ...rest }) => {
        delete rest.label;
        if (max_retransmits !== undefined) rest.maxRetransmits = max_retransmits;
        if (max_packet_life_time !== undefined) rest.maxPacketLifeTime = max_packet_life_time;
        return rest;
      },

      use: (channel) => {
        const { label, protocol, ordered, negotiated } = channel;
        const { maxRetransmits: max_retransmits, maxPacketLifeTime: max_packet_life_time } = channel;
        const told = { label, protocol, ordered, negotiated, max_retransmits, max_packet_life_time };
        const line = { told, id: undefined, pieces: [], messages: 0, closed: false };
        lines.push(line);
        const waiting = [];
        const send = () => {
          while (waiting.length > 0 && channel.bufferedAmount < most_buffered) channel.send(waiting.shift());
        };
        channel.binaryType = "arraybuffer";
        channel.bufferedAmountLowThreshold = most_buffered / 4;
        channel.onbufferedamountlow = send;
        channel.onclose = () => {
          line.closed = true;
          tell({ closed: label });
        };
        channel.onmessage = ({ data }) => {
          line.pieces.push(bytes_of(data));
          line.messages += 1;
          line.id = channel.id;
          if (data === "close") return void channel.close();
          waiting.push(data);
          send();
        };
        return send;
      },

      result: () =>
        Promise.all(lines.map(async ({ told, id, closed, ...flow }) =>
          ({ ...told, id, closed, received: await flow_of(flow) }))),
    };
  };
}
