// Reads petrel-camera's test pattern off a <video>, as examples/camera/test_pattern.hpp
// describes it: all positions are fractions of the picture's size.

// The eight bars, left to right, at 75 %, as RGB.
const full = 191;
export const bars = [
  ["white", [full, full, full]],
  ["yellow", [full, full, 0]],
  ["cyan", [0, full, full]],
  ["green", [0, full, 0]],
  ["magenta", [full, 0, full]],
  ["red", [full, 0, 0]],
  ["blue", [0, 0, full]],
  ["black", [0, 0, 0]],
];
const bar_centres = bars.map((_, bar) => [(bar + 0.5) / bars.length, 0.25]);

// The frame counter's lowest 16 bits, the highest on the left, white for 1.
const square_centres = Array.from({ length: 16 }, (_, square) => [0.35 + (square + 0.5) * 0.0375, 0.89]);

// The mean colours of small squares around `points` of the picture that shows now.
const colours = (page, points) =>
  page.evaluate((points) => {
    const video = document.querySelector("video");
    const width = video.videoWidth;
    const height = video.videoHeight;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    const side = 4;
    return points.map(([x, y]) => {
      const { data } = context.getImageData(x * width - side / 2, y * height - side / 2, side, side);
      const sum = [0, 0, 0];
      data.forEach((value, index) => (sum[index % 4] += value));
      return sum.slice(0, 3).map((total) => Math.round(total / side ** 2));
    });
  }, points);

const distance = (one, other) => Math.max(...one.map((channel, index) => Math.abs(channel - other[index])));

// For each of the eight bars its name, the colour seen, and how far that is from the right one.
export async function read_bars(page) {
  const seen = await colours(page, bar_centres);
  return bars.map(([name, colour], bar) => ({ name, seen: seen[bar], off: distance(seen[bar], colour) }));
}

export async function read_counter(page) {
  const squares = await colours(page, square_centres);
  return squares.reduce((number, [red]) => number * 2 + (red > 127 ? 1 : 0), 0);
}
