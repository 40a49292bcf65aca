// The continuous normalizing flow of src/neural_odes/density/models/cnf.py.

import { Linear, tanh } from "../linear.js";
import { solve } from "../solver.js";

/** Points evaluated together: few enough for the fast memory of a processor. */
const TOGETHER = 64;

/** f(t, z) = W3 tanh(W2 tanh(W1 [z, t])), each matrix with its bias as last column.
 *
 * With hidden layers h1 and h2, and g = 1 - h² at each, tr ∂f/∂z = g2ᵀ M g1, where M = W2 ∘ (W1 W3)ᵀ over the columns of W1 that
 * belong to z.
 */
export class Flow {
  constructor({ w1, w2, w3 }, end) {
    const n = (this.units = w2.shape[0]);
    this.end = end;
    this.first = columns(w1.values, n, 4);
    const inner = split(w2.values, n, n), outer = split(w3.values, 2, n);
    const [x, y] = this.first;
    const m = inner.weight.map((value, i) => {
      const [row, column] = [Math.floor(i / n), i % n];
      return value * (x[column] * outer.weight[row] + y[column] * outer.weight[n + row]);
    });
    this.second = new Linear(inner.weight, inner.bias, n, n);
    this.third = new Linear(outer.weight, outer.bias, 2, n);
    this.trace = new Linear(m, new Float64Array(n), n, n);
    [this.h1, this.g1, this.h2, this.p] = Array.from({ length: 4 }, () => new Float64Array(TOGETHER * n));
    this.velocity = new Float64Array(TOGETHER * 2);
  }

  /** d/dt of n points [x0, y0, x1, …], followed or not by their n log-densities: [f(t, z), -tr ∂f/∂z] (Chen et al. 2018, eq. 8). */
  field(points, t, state) {
    const out = new Float64Array(state.length);
    for (let from = 0; from < points; from += TOGETHER) {
      this.evaluate(t, state, from, Math.min(TOGETHER, points - from), points, out);
    }
    return out;
  }

  /** Of `count` points from the one numbered `from`, into `out`. */
  evaluate(t, state, from, count, points, out) {
    const { units: n, velocity } = this;
    const [wx, wy, time, bias] = this.first;
    const padded = 4 * Math.ceil(count / 4);
    const [h1, g1, h2, p] = [this.h1, this.g1, this.h2, this.p].map((all) => all.subarray(0, padded * n));
    const row = (i) => 2 * (from + Math.min(i, count - 1)); // the last one fills its group up
    for (let i = 0, o = 0; i < padded; i += 4) {
      const [r0, r1, r2, r3] = [row(i), row(i + 1), row(i + 2), row(i + 3)];
      const x0 = state[r0], x1 = state[r1], x2 = state[r2], x3 = state[r3];
      const y0 = state[r0 + 1], y1 = state[r1 + 1], y2 = state[r2 + 1], y3 = state[r3 + 1];
      for (let u = 0; u < n; u++, o += 4) {
        const x = wx[u], y = wy[u], rest = time[u] * t + bias[u];
        h1[o] = x * x0 + y * y0 + rest;
        h1[o + 1] = x * x1 + y * y1 + rest;
        h1[o + 2] = x * x2 + y * y2 + rest;
        h1[o + 3] = x * x3 + y * y3 + rest;
      }
    }
    tanh(h1);
    tanh(this.second.apply(h1, h2));
    this.third.apply(h2, velocity);
    for (let i = 0; i < count; i++) {
      const place = 2 * (i - (i % 4)) + (i % 4);
      out[2 * (from + i)] = velocity[place];
      out[2 * (from + i) + 1] = velocity[place + 4];
    }
    if (state.length === 2 * points) return;
    for (let i = 0; i < h1.length; i++) g1[i] = 1 - h1[i] * h1[i];
    this.trace.apply(g1, p);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let u = 0, o = (i - (i % 4)) * n + (i % 4); u < n; u++, o += 4) sum += p[o] * (1 - h2[o] * h2[o]);
      out[2 * points + from + i] = -sum;
    }
  }

  /** Carries n points from one time to another; with `logs`, their log-density, too. */
  carry(points, from, to, solver, logs) {
    const n = points.length / 2;
    const state = new Float64Array(logs ? 3 * n : 2 * n);
    state.set(points);
    if (logs) state.set(logs, 2 * n);
    return solve((t, y) => this.field(n, t, y), state, from, to, solver);
  }

  /** log q at time `from` (by default the end, where the data are), in nats: points go back to N(0, I) at time 0. */
  score(points, solver, from = this.end) {
    const n = points.length / 2;
    const back = this.carry(points, from, 0, solver, new Float64Array(n));
    const last = back.states[back.states.length - 1];
    const logQ = base(last.subarray(0, 2 * n)).map((value, i) => value - last[2 * n + i]);
    return { logQ, back };
  }
}

/** log N(z; 0, I) in nats. */
export function base(points) {
  return Float64Array.from({ length: points.length / 2 }, (_, i) => -0.5 * (points[2 * i] ** 2 + points[2 * i + 1] ** 2) - Math.log(2 * Math.PI));
}

function columns(values, rows, count) {
  return Array.from({ length: count }, (_, c) => Float64Array.from({ length: rows }, (_, r) => values[r * count + c]));
}

/** A matrix whose last column is the bias. */
function split(values, rows, depth) {
  const weight = new Float64Array(rows * depth), bias = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    weight.set(values.subarray(r * (depth + 1), r * (depth + 1) + depth), r * depth);
    bias[r] = values[r * (depth + 1) + depth];
  }
  return { weight, bias };
}
