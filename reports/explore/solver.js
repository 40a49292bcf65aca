// Initial value problems dy/dt = field(t, y): explicit Runge-Kutta methods with equal steps, and with steps of controlled error.

/** Butcher tableaus: nodes c, rows of a, weights b. rk4 is the 3/8 rule, as in torchdiffeq. */
const TABLEAUS = {
  euler: { c: [0], a: [[]], b: [1] },
  midpoint: { c: [0, 1 / 2], a: [[], [1 / 2]], b: [0, 1] },
  rk4: { c: [0, 1 / 3, 2 / 3, 1], a: [[], [1 / 3], [-1 / 3, 1], [1, -1, 1]], b: [1 / 8, 3 / 8, 3 / 8, 1 / 8] },
  dopri5: {
    c: [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1],
    a: [
      [],
      [1 / 5],
      [3 / 40, 9 / 40],
      [44 / 45, -56 / 15, 32 / 9],
      [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
      [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    ],
    b: [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
  },
};

/** Of dopri5: weights of order 5 minus those of order 4, as torchdiffeq has them; the last is of the slope at the step's end. */
const ERROR = [
  35 / 384 - 1951 / 21600, 0, 500 / 1113 - 22642 / 50085, 125 / 192 - 451 / 720, -2187 / 6784 + 12231 / 42400, 11 / 84 - 649 / 6300,
  -1 / 60,
];

/** Evaluations after which a solve is given up. */
const MOST = 20000;

/** The methods that take a number of equal steps; dopri5 takes a tolerance. */
export const FIXED = ["euler", "midpoint", "rk4"];

/** Solves from time `from` to `to`: `solver` is {method, steps}, {method: "dopri5", tolerance} or {method, nodes}.
 *
 * @returns nodes: times between which steps were taken; states: at each of them; slopes: at the beginning of each step;
 *   nfe: evaluations of the field
 */
export function solve(field, y, from, to, solver) {
  if (solver.nodes) return along(field, y, solver.nodes, solver.method);
  if (solver.method === "dopri5") return controlled(field, y, from, to, solver.tolerance);
  return along(field, y, equal(from, to, solver.steps), solver.method);
}

/** Ends of `steps` equal steps. */
export function equal(from, to, steps) {
  return Float64Array.from({ length: steps + 1 }, (_, i) => from + ((to - from) * i) / steps);
}

/** The part of increasing nodes below `time`, and `time`, from the latest to the earliest: the way back over the same steps. */
export function backward(nodes, time) {
  return Float64Array.from([time, ...Array.from(nodes).filter((node) => node < time - 1e-12).reverse()]);
}

/** From node to node. */
function along(field, y, nodes, method) {
  const states = [y], slopes = [];
  for (let i = 0; i + 1 < nodes.length; i++) {
    const h = nodes[i + 1] - nodes[i];
    const k = stages(field, nodes[i], h, states[i], method);
    states.push(finite(combined(states[i], h, TABLEAUS[method].b, k), nodes[i + 1]));
    slopes.push(k[0]);
  }
  return { nodes, states, slopes, nfe: TABLEAUS[method].c.length * (nodes.length - 1) };
}

/** dopri5 with rtol = atol = `tolerance`: first step and control as in torchdiffeq (Hairer, Nørsett and Wanner 1993, II.4), but
 * for the last step, which ends where the solve ends. */
function controlled(field, y, from, to, tolerance) {
  const nodes = [from], states = [y], slopes = [];
  const sign = Math.sign(to - from);
  let t = from, slope = field(t, y), nfe = 2;
  let h = firstStep(field, t, y, slope, sign, tolerance);
  while (t !== to) {
    if (nfe > MOST) throw new Error(`dopri5 used more than ${MOST} evaluations at t = ${t.toPrecision(4)}: use a looser tolerance`);
    if (Math.abs(h) < 1e-12) throw new Error(`dopri5 cannot go on at t = ${t.toPrecision(4)}: use a looser tolerance`);
    const last = Math.abs(to - t) <= Math.abs(h) * (1 + 1e-9);
    if (last) h = to - t;
    const k = stages(field, t, h, y, "dopri5", slope);
    const next = combined(y, h, TABLEAUS.dopri5.b, k);
    k.push(field(t + h, next));
    nfe += 6;
    const ratio = error(k, h, y, next, tolerance);
    if (ratio <= 1) {
      t = last ? to : t + h;
      slopes.push(slope);
      states.push(next);
      nodes.push(t);
      [y, slope] = [next, k[6]];
    }
    const change = ratio === 0 ? 10 : 0.9 / ratio ** 0.2;
    h *= Number.isNaN(ratio) ? 0.2 : Math.min(10, Math.max(change, ratio < 1 ? 1 : 0.2));
  }
  slopes.push(slope);
  return { nodes: Float64Array.from(nodes), states, slopes, nfe };
}

function firstStep(field, t, y, slope, sign, tolerance) {
  const scale = (v) => (_, i) => v[i] / (tolerance + tolerance * Math.abs(y[i]));
  const d0 = rms(y.map(scale(y))), d1 = rms(y.map(scale(slope)));
  const h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1;
  const there = field(t + sign * h0, combined(y, sign * h0, [1], [slope]));
  const d2 = rms(y.map(scale(there.map((value, i) => value - slope[i])))) / h0;
  const h1 = d1 <= 1e-15 && d2 <= 1e-15 ? Math.max(1e-6, h0 * 1e-3) : (0.01 / Math.max(d1, d2)) ** 0.2;
  return sign * Math.min(100 * h0, h1);
}

/** Root mean square of the estimated error, each entry in units of what it may be: above 1 the step is taken again. */
function error(k, h, y, next, tolerance) {
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    let e = 0;
    for (let j = 0; j < 7; j++) e += ERROR[j] * k[j][i];
    e *= h / (tolerance + tolerance * Math.max(Math.abs(y[i]), Math.abs(next[i])));
    sum += e * e;
  }
  return Math.sqrt(sum / y.length);
}

/** Slopes at the stages of a step; the first may be known. */
function stages(field, t, h, y, method, first) {
  const { c, a } = TABLEAUS[method];
  const k = [first ?? field(t, y)];
  for (let i = 1; i < c.length; i++) k.push(field(t + c[i] * h, combined(y, h, a[i], k)));
  return k;
}

/** y + h Σ_j weights[j] k[j]. */
function combined(y, h, weights, k) {
  const out = y.slice();
  weights.forEach((weight, j) => {
    if (weight === 0) return;
    const slope = k[j], factor = h * weight;
    for (let i = 0; i < out.length; i++) out[i] += factor * slope[i];
  });
  return out;
}

function finite(y, t) {
  if (y.every(Number.isFinite)) return y;
  throw new Error(`the solution is not finite at t = ${t.toPrecision(4)}: take more steps`);
}

/** Root mean square. */
export function rms(a) {
  let sum = 0;
  for (const value of a) sum += value * value;
  return Math.sqrt(sum / a.length);
}

/** The state at `time`: the cubic Hermite interpolant between the nodes around it. `slopes` must have one of the last node, too. */
export function at({ nodes, states, slopes }, time) {
  const sign = nodes[nodes.length - 1] > nodes[0] ? 1 : -1;
  let i = 0;
  while (i + 2 < nodes.length && sign * time > sign * nodes[i + 1]) i++;
  const h = nodes[i + 1] - nodes[i], s = (time - nodes[i]) / h;
  const [p, q] = [(1 + 2 * s) * (1 - s) ** 2, s * s * (3 - 2 * s)];
  const [u, v] = [h * s * (1 - s) ** 2, h * s * s * (s - 1)];
  const [y0, y1, f0, f1] = [states[i], states[i + 1], slopes[i], slopes[i + 1]];
  return y0.map((value, n) => p * value + q * y1[n] + u * f0[n] + v * f1[n]);
}

/** The solution with the slope at its last node, for `at`. This one evaluation is not the solver's, and is not counted. */
export function dense(field, solution) {
  const { nodes, states, slopes } = solution;
  const last = nodes.length - 1;
  return slopes.length > last ? solution : { ...solution, slopes: [...slopes, field(nodes[last], states[last])] };
}
