// What is sent in a call: one frame of each codec, complete in itself, over and over. 64x64 grey wedges and
// 20 ms of silence, small enough for one packet each.

const vp8 =
  "9006009d012a400040000047088585888584880202004f1afc4ab81fc03a9fb3367ac3923cc9df1c02dd3b257c8ba50d3f225b42" +
  "fe3f52673cbf7e0ad100fefffe933c1061edc5427adf8b8fe70b6cde2b3f1e43dba7f38a759400";
const h264 =
  "000000016742c01fa611109a10000003001000000303c8f183211800" + // Sequence parameters: constrained baseline, 3.1.
  "00000168c8420f2c80" + // Picture parameters.
  "0000016588821784280e0004c01c000427503bbbbbbbbbbbbbbbf0fffc2461279ffcf3cfffffff0914f3cf3f3cf3cffffff0923c" +
  "f3cfcff3cfd4f58ea02e6eb6d75cbd6daebaeb6e";
const opus = "f8fffe";

export const codecs = {
  VP8: { kind: "video", codec: "VP8", frame: vp8, every_ms: 33 },
  H264: { kind: "video", codec: "H264", frame: h264, every_ms: 33 },
  opus: { kind: "audio", codec: "opus", frame: opus, every_ms: 20 },
};
