// The latent ODE of src/neural_odes/trajectory/latent.py. Times are in grid steps.

import { grouped, Layers, relu, tanh, ungrouped } from "../linear.js";
import { at, dense, solve } from "../solver.js";

/** Unit of length of encoder and decoder; how many frequencies of time and of a position the encoder sees; see the Python module. */
const LENGTH = 5, TIME_OCTAVES = 4, SPACE_OCTAVES = 3, TYPICAL = 50;

/** Longest step of rk4, in the ODE's unit of time. */
const STEP = 0.1;

export class LatentOde {
  /** @param window grid steps; the posterior is of the state at its end  @param unit grid steps in a unit of the ODE's time */
  constructor(tensors, window, unit) {
    this.window = window;
    this.unit = unit;
    this.token = new Layers(tensors, "token", relu);
    this.head = new Layers(tensors, "head", relu);
    this.velocity = new Layers(tensors, "velocity", tanh);
    this.decoder = new Layers(tensors, "decoder", relu);
    this.size = this.velocity.outputs;
  }

  /** Mean and standard deviation of the state at the window's end, from observations [{t, x, y}, …]. */
  encode(observations) {
    const rows = observations.map(({ t, x, y }) => features((t - this.window) / this.unit, x, y));
    const last = relu(this.token.applyToRows(Float64Array.from(rows.flat()), rows.length));
    const n = this.token.outputs;
    const pooled = new Float64Array(n + 1);
    for (let i = 0; i < last.length; i++) pooled[i % n] += last[i] / rows.length;
    pooled[n] = Math.log(rows.length / TYPICAL);
    const found = this.head.applyToRows(pooled, 1);
    return { mean: found.slice(0, this.size), std: found.slice(this.size, 2 * this.size).map((value) => Math.exp(value - 1)) };
  }

  /** Positions [x, y] of `points` latent states at each of `times` (increasing): one array a time.
   *
   * @param refine by how many a step of rk4 is divided
   */
  paths(states, points, times, refine) {
    const field = (_, z) => this.velocity.apply(z);
    const start = grouped(states, this.size);
    const run = (to) => {
      const steps = Math.max(1, Math.ceil(Math.abs(to) / STEP - 1e-9)) * refine;
      return dense(field, solve(field, start, 0, to, { method: "rk4", steps }));
    };
    const since = times.map((time) => (time - this.window) / this.unit);
    const [first, last] = [since[0], since[since.length - 1]];
    const [past, future] = [first < 0 ? run(first) : null, last > 0 ? run(last) : null];
    return since.map((t) => {
      const z = t === 0 ? start : at(t < 0 ? past : future, t);
      return ungrouped(this.decoder.apply(z), points, 2).map((value) => LENGTH * value);
    });
  }
}

/** What the encoder sees of an observation at `t` (in the ODE's unit, from the window's end). */
function features(t, x, y) {
  const inTime = octaves(t, Math.PI / 2, TIME_OCTAVES);
  const inSpace = [...octaves(x, Math.PI / 16, SPACE_OCTAVES), ...octaves(y, Math.PI / 16, SPACE_OCTAVES)];
  return [
    t, x / LENGTH, y / LENGTH, ...inTime.map(Math.sin), ...inTime.map(Math.cos), ...inSpace.map(Math.sin), ...inSpace.map(Math.cos),
  ];
}

/** value · slowest · 2ʲ for j < count. */
function octaves(value, slowest, count) {
  return Array.from({ length: count }, (_, j) => value * slowest * 2 ** j);
}
