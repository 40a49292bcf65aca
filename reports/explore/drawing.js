// Pictures on a canvas: axes, curves, points and maps, in the colours of the figures.

/** A colour of the page, #rrggbb: those of the figures, brighter where the page is dark. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** A canvas whose coordinates are those of the data.
 *
 * `box` is [x0, x1, y0, y1]. With `equal`, a unit is as long in x as in y, and more is shown where there is room.
 */
export class Plot {
  constructor(canvas, { box, equal = true, labels = ["x", "y"] }) {
    Object.assign(this, { canvas, wanted: box, equal, labels });
    this.context = canvas.getContext("2d");
    this.redraw = () => {};
    new ResizeObserver(() => this.redraw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  /** Clears the canvas and draws the axes. */
  begin() {
    const ratio = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const { unit } = this;
    this.frame = { left: 34 * unit, top: 8 * unit, right: width - 8 * unit, bottom: height - 26 * unit };
    this.box = this.equal ? this.widened() : this.wanted;
    this.axes();
  }

  widened() {
    const { left, right, top, bottom } = this.frame;
    const [x0, x1, y0, y1] = this.wanted;
    const scale = Math.min((right - left) / (x1 - x0), (bottom - top) / (y1 - y0));
    const [dx, dy] = [((right - left) / scale - (x1 - x0)) / 2, ((bottom - top) / scale - (y1 - y0)) / 2];
    return [x0 - dx, x1 + dx, y0 - dy, y1 + dy];
  }

  /** Pixels of a position. */
  place(x, y) {
    const { left, right, top, bottom } = this.frame;
    const [x0, x1, y0, y1] = this.box;
    return [left + ((x - x0) / (x1 - x0)) * (right - left), bottom - ((y - y0) / (y1 - y0)) * (bottom - top)];
  }

  /** The position under a pointer. */
  position(event) {
    const { left, right, top, bottom } = this.frame;
    const [x0, x1, y0, y1] = this.box;
    const around = this.canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - around.left, event.clientY - around.top];
    return [x0 + ((px - left) / (right - left)) * (x1 - x0), y0 + ((bottom - py) / (bottom - top)) * (y1 - y0)];
  }

  axes() {
    const { context, frame, unit } = this;
    const [x0, x1, y0, y1] = this.box;
    context.font = `${11 * unit}px system-ui, sans-serif`;
    context.lineWidth = 1;
    context.strokeStyle = colour("line");
    context.fillStyle = colour("soft");
    context.beginPath();
    for (const x of ticks(x0, x1, (frame.right - frame.left) / (60 * unit))) {
      const [px] = this.place(x, y0);
      context.moveTo(px, frame.top);
      context.lineTo(px, frame.bottom);
      context.textAlign = "center";
      context.fillText(plain(x), px, frame.bottom + 12 * unit);
    }
    for (const y of ticks(y0, y1, (frame.bottom - frame.top) / (45 * unit))) {
      const [, py] = this.place(x0, y);
      context.moveTo(frame.left, py);
      context.lineTo(frame.right, py);
      context.textAlign = "right";
      context.fillText(plain(y), frame.left - 4 * unit, py + 4 * unit);
    }
    context.stroke();
    context.textAlign = "right";
    context.fillText(this.labels[0], frame.right, frame.bottom + 24 * unit);
    context.textAlign = "left";
    context.fillText(this.labels[1], 2, frame.top + 8 * unit);
  }

  /** What is drawn by `work` does not leave the axes. */
  inside(work) {
    const { context, frame } = this;
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
    context.clip();
    work(context);
    context.restore();
  }

  /** A line through positions [[x, y], …]. */
  curve(positions, { stroke, width = 2, dash = [] }) {
    this.inside((context) => {
      context.strokeStyle = stroke;
      context.lineWidth = width * this.unit;
      context.lineJoin = "round";
      context.setLineDash(dash.map((part) => part * this.unit));
      context.beginPath();
      for (const [x, y] of positions) context.lineTo(...this.place(x, y));
      context.stroke();
    });
  }

  /** The area between two lines. */
  area(lower, upper, fill) {
    this.inside((context) => {
      context.fillStyle = fill;
      context.beginPath();
      for (const [x, y] of [...lower, ...upper.slice().reverse()]) context.lineTo(...this.place(x, y));
      context.fill();
    });
  }

  /** Discs of `radius` units (pixels, where text is of the usual size); `fill(i)` is the colour of the i-th. */
  points(positions, radius, fill) {
    this.inside((context) => {
      positions.forEach(([x, y], i) => {
        const [px, py] = this.place(x, y);
        context.fillStyle = fill(i);
        context.beginPath();
        context.arc(px, py, radius * this.unit, 0, 2 * Math.PI);
        context.fill();
      });
    });
  }

  /** A ring about a position. */
  ring([x, y], radius, stroke) {
    this.inside((context) => {
      const [px, py] = this.place(x, y);
      context.strokeStyle = stroke;
      context.lineWidth = 2.5 * this.unit;
      context.beginPath();
      context.arc(px, py, radius * this.unit, 0, 2 * Math.PI);
      context.stroke();
    });
  }

  /** A grid of colours [r, g, b, a], from the lowest row up, on `box`. */
  map(grid, pixel) {
    const { columns, rows, box } = grid;
    const image = new ImageData(columns, rows);
    for (let row = 0, from = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, from++) image.data.set(pixel(from), 4 * ((rows - 1 - row) * columns + column));
    }
    const small = document.createElement("canvas");
    [small.width, small.height] = [columns, rows];
    small.getContext("2d").putImageData(image, 0, 0);
    const [left, bottom] = this.place(box[0], box[2]), [right, top] = this.place(box[1], box[3]);
    this.inside((context) => context.drawImage(small, left, top, right - left, bottom - top));
  }
}

/** Centres of the cells of a grid on a box, [x0, y0, x1, …], from the lowest row up. */
export function cells(box, columns) {
  const [x0, x1, y0, y1] = box;
  const rows = Math.round((columns * (y1 - y0)) / (x1 - x0));
  const points = new Float64Array(2 * rows * columns);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      points[to++] = x0 + ((column + 0.5) / columns) * (x1 - x0);
      points[to++] = y0 + ((row + 0.5) / rows) * (y1 - y0);
    }
  }
  return { box, columns, rows, points };
}

/** The colour [r, g, b, a] of a share between 0 and 1 on the figures' map of densities. */
export function shade(map, share) {
  const i = 3 * Math.round(255 * Math.min(1, Math.max(0, share)));
  return [map[i], map[i + 1], map[i + 2], 255];
}

/** The colour of a difference between -1 and 1: blue below, orange above, clear at 0. */
export function leaning(colours, share) {
  const clipped = Math.min(1, Math.abs(share));
  const hex = colours[share < 0 ? 0 : 1];
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)).concat(Math.round(255 * clipped));
}

/** Round numbers from `low` to `high`, about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(2, count);
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((factor) => factor * size >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

function plain(value) {
  return String(Number(value.toPrecision(6))).replace("-", "\u2212");
}
