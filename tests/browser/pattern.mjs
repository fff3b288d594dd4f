// Reads petrel-camera's test pattern off a <video>.
export const expected_bars = [
  [255, 255, 255], [255, 255, 0], [0, 255, 255], [0, 255, 0], [255, 0, 255], [255, 0, 0], [0, 0, 255], [0, 0, 0],
];

// The mean colours of small squares around `points` of the picture that shows now.
async function colours(page, points) {
  return page.evaluate((points) => {
    const video = document.querySelector("video");
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    return points.map(([x, y]) => {
      const size = 8;
      const { data } = context.getImageData(x - size / 2, y - size / 2, size, size);
      const sum = [0, 0, 0];
      for (let i = 0; i < data.length; ++i) if (i % 4 < 3) sum[i % 4] += data[i];
      return sum.map((channel) => Math.round(channel / (size * size)));
    });
  }, points);
}

export const bars_seen = (page) => colours(page, expected_bars.map((_, bar) => [80 + 160 * bar, 300]));

export async function counter_seen(page) {
  const squares = await colours(page, Array.from({ length: 16 }, (_, bit) => [112 + 64 * bit, 640]));
  return squares.reduce((value, [red]) => value * 2 + (red > 127 ? 1 : 0), 0);
}
