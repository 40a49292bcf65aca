// Drawn strokes as MNIST would have them: scaled to 20 pixels, in an image of 28, with their centre of mass in the middle.

const SIDE = 28, INNER = 20, PEN = 1.25;

/** 784 pixels between 0 and 1 of strokes [[[x, y], …], …] in any unit, y down; null where nothing is drawn. */
export function digitised(strokes) {
  const points = strokes.flat();
  if (!points.length) return null;
  const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const size = Math.max(Math.max(...xs) - left, Math.max(...ys) - top);
  const scale = size > 0 ? (INNER - 2 * PEN) / size : 0;
  const scaled = strokes.map((stroke) => stroke.map(([x, y]) => [(x - left) * scale + PEN, (y - top) * scale + PEN]));
  const [dx, dy] = centring(painted(scaled, 0, 0));
  return painted(scaled, dx, dy);
}

/** A pixel is as dark as the pen covers it: 1 within its radius, 0 half a pixel outside and beyond. */
function painted(strokes, dx, dy) {
  const pixels = new Float64Array(SIDE * SIDE);
  for (const stroke of strokes) {
    stroke.forEach(([x1, y1], i) => {
      const [x0, y0] = stroke[Math.max(0, i - 1)];
      for (let pixel = 0; pixel < pixels.length; pixel++) {
        const px = (pixel % SIDE) + 0.5 - dx, py = Math.floor(pixel / SIDE) + 0.5 - dy;
        const dark = PEN + 0.5 - toSegment(px, py, x0, y0, x1, y1);
        if (dark > pixels[pixel]) pixels[pixel] = Math.min(1, dark);
      }
    });
  }
  return pixels;
}

function toSegment(px, py, x0, y0, x1, y1) {
  const [ux, uy] = [x1 - x0, y1 - y0];
  const length = ux * ux + uy * uy;
  const along = length ? Math.min(1, Math.max(0, ((px - x0) * ux + (py - y0) * uy) / length)) : 0;
  return Math.hypot(px - x0 - along * ux, py - y0 - along * uy);
}

/** By what to move an image so that its centre of mass lies in the middle. */
function centring(pixels) {
  let [mass, x, y] = [0, 0, 0];
  pixels.forEach((dark, i) => {
    mass += dark;
    x += dark * ((i % SIDE) + 0.5);
    y += dark * (Math.floor(i / SIDE) + 0.5);
  });
  return [SIDE / 2 - x / mass, SIDE / 2 - y / mass];
}
