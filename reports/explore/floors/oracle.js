// The two spirals and their Bayes oracle: src/neural_odes/trajectory/spirals.py and oracle.py. Times are in grid steps.

import { normal, uniform } from "../random.js";

/** Grid points of a whole curve; the angle at which it ends; radius gained a radian. */
const POINTS = 500, STOP = 6 * Math.PI, GROWTH = 0.3;

/** Cells of the oracle's grid of starts, in a grid step. */
const CELLS = 50;

/** Noise below which the narrowest posterior of a start is no wider than a cell. */
export const LEAST_NOISE = 0.03;

/** In the order of src/neural_odes/trajectory/spirals.py: 0 and 1. */
export const DIRECTIONS = ["counterclockwise", "clockwise"];

/** The noiseless position at `time` grid steps after the beginning of a curve. */
export function curve(direction, time) {
  const phi = (STOP * time) / (POINTS - 1), z = STOP + 1 - phi;
  if (direction === 1) return [((50 * GROWTH) / z) * Math.cos(z) - 5, ((50 * GROWTH) / z) * Math.sin(z)];
  return [GROWTH * phi * Math.cos(phi) + 5, GROWTH * phi * Math.sin(phi)];
}

/** The last start from which two windows lie on the curve. */
export function latestStart(window) {
  return POINTS - 2 * window;
}

/** The noiseless curve of two windows. */
export function truth(direction, start, window) {
  return Array.from({ length: 2 * window }, (_, time) => curve(direction, start + time));
}

/** `count` noisy observations at different grid times of the window, in their order; those of fewer are among those of more. */
export function observe({ direction, start, count, noise, seed }, window) {
  const draw = uniform(seed);
  const order = Array.from({ length: window }, (_, time) => ({ time, key: draw() })).sort((a, b) => a.key - b.key);
  const error = normal(2 * window, seed + 1);
  const drawn = order.slice(0, count).map(({ time }) => {
    const [x, y] = curve(direction, start + time);
    return { t: time, x: x + noise * error[2 * time], y: y + noise * error[2 * time + 1] };
  });
  return drawn.sort((a, b) => a.t - b.t);
}

export class Oracle {
  constructor(window) {
    this.window = window;
    this.cells = CELLS * latestStart(window);
    // Both curves at all times start + t that an observation may have: cell i of start has its time at i + CELLS t.
    const length = this.cells + CELLS * 2 * window;
    this.curves = [0, 1].map((direction) => {
      const [x, y] = [new Float64Array(length), new Float64Array(length)];
      for (let i = 0; i < length; i++) [x[i], y[i]] = curve(direction, (i + 0.5) / CELLS);
      return { x, y };
    });
    this.logWeights = [0, 1].map(() => new Float64Array(this.cells));
  }

  /** The posterior mean [[x, y], …] at grid times 0, 1, …, 2 · window - 1; times of observations are whole.
   *
   * p(d, s | x) ∝ exp(-Σ_k |x_k - c_d(s + t_k)|² / 2σ²), d and s uniform; sums over midpoints of cells.
   */
  reconstruct(observations, noise) {
    const factor = -1 / (2 * noise * noise);
    let highest = -Infinity;
    this.logWeights.forEach((logs, direction) => {
      const { x, y } = this.curves[direction];
      logs.fill(0);
      for (const seen of observations) {
        const shift = CELLS * seen.t;
        for (let i = 0; i < this.cells; i++) {
          const dx = seen.x - x[i + shift], dy = seen.y - y[i + shift];
          logs[i] += factor * (dx * dx + dy * dy);
        }
      }
      for (let i = 0; i < this.cells; i++) if (logs[i] > highest) highest = logs[i];
    });
    return this.mean(highest);
  }

  /** Over the cells that are not e⁻⁴⁰ times less likely than the best. */
  mean(highest) {
    const steps = 2 * this.window, sums = new Float64Array(2 * steps);
    let total = 0;
    this.logWeights.forEach((logs, direction) => {
      const { x, y } = this.curves[direction];
      for (let i = 0; i < this.cells; i++) {
        if (logs[i] < highest - 40) continue;
        const weight = Math.exp(logs[i] - highest);
        total += weight;
        for (let t = 0, j = i; t < steps; t++, j += CELLS) {
          sums[2 * t] += weight * x[j];
          sums[2 * t + 1] += weight * y[j];
        }
      }
    });
    return Array.from({ length: steps }, (_, t) => [sums[2 * t] / total, sums[2 * t + 1] / total]);
  }
}
