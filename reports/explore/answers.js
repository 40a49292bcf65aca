// What the models answer. A question is answered by a generator: it yields parts of its answer and may be left between two of them.

import { TwoMoons } from "./floors/moons.js";
import { LEAST_NOISE, Oracle } from "./floors/oracle.js";
import { OdeNet } from "./networks/digit.js";
import { base, Flow } from "./networks/flow.js";
import { LatentOde } from "./networks/spiral.js";
import { normal } from "./random.js";
import { dense, rms } from "./solver.js";
import { tensors } from "./tensors.js";

/** Points of the flow; posterior samples behind a band, and every how many grid steps it is drawn. */
const CLOUD = 1000, SAMPLES = 100, EVERY = 2;

/** Points whose density is computed before another question may come first. */
const CHUNK = 64;

/** What solvers are measured against. */
const TIGHT = { method: "dopri5", tolerance: 1e-8 };

export class Answers {
  /** @param packed models with their tensors, as the page carries them */
  constructor({ flow, spiral, digit }) {
    this.flow = new Flow(tensors(flow.tensors), flow.end);
    this.moons = new TwoMoons(flow.noise, flow.scale, flow.shift);
    this.start = normal(2 * CLOUD, 0);
    this.packed = { spiral, digit };
    this.factors = spiral.factors;
    this.made = {}; // in the rooms that were entered
  }

  get latent() {
    const { tensors: packed, window, unit } = this.packed.spiral;
    return (this.made.latent ??= new LatentOde(tensors(packed), window, unit));
  }

  get oracle() {
    return (this.made.oracle ??= new Oracle(this.packed.spiral.window));
  }

  get digitNet() {
    return (this.made.digitNet ??= new OdeNet(tensors(this.packed.digit.tensors)));
  }

  /** The path of a point at the flow's end back to the Gaussian, and how far it is to be trusted. */
  *point({ point, solver }) {
    const at = Float64Array.from(point);
    const { logQ, back } = this.flow.score(at, solver);
    const tight = this.flow.score(at, TIGHT);
    const start = last(back).slice(0, 2);
    const again = last(this.flow.carry(start, 0, this.flow.end, solver));
    yield {
      path: this.dense(back, 1),
      logQ: logQ[0],
      logP: this.moons.logProb(at)[0],
      nfe: back.nfe,
      solverError: logQ[0] - tight.logQ[0],
      thereAndBack: Math.hypot(again[0] - at[0], again[1] - at[1]),
    };
  }

  /** Mean curve, 90 % band and the oracle's curve at all grid times of two windows, from observations [{t, x, y}, …]. */
  *spiral({ observations, noise }) {
    const { latent } = this;
    const times = Array.from({ length: 2 * latent.window }, (_, t) => t);
    const { mean, std } = latent.encode(observations);
    const curve = latent.paths(mean, 1, times, 4).map(([x, y]) => [x, y]);
    const best = this.oracle.reconstruct(observations, Math.max(noise, LEAST_NOISE));
    const coarse = [...times.filter((t) => t % EVERY === 0), times.length - 1];
    const z = normal(SAMPLES * latent.size, 1).map((value, i) => mean[i % latent.size] + std[i % latent.size] * value);
    const band = latent.paths(z, SAMPLES, coarse, 1).map((positions, i) => this.quantiles(positions, coarse[i], observations.length));
    yield { mean: curve, oracle: best, band: { times: coarse, bounds: band } };
  }

  /** Bounds [[x, y], [x, y]] that hold 90 % of the samples, stretched about their middle as held-out trajectories ask for. */
  quantiles(positions, time, number) {
    const factor = interpolated(this.factors, number)[time < this.latent.window ? 0 : 1];
    const bounds = [0, 1].map((coordinate) => {
      const sorted = positions.filter((_, i) => i % 2 === coordinate).sort();
      const [low, high] = [quantile(sorted, 0.05), quantile(sorted, 0.95)];
      const [middle, half] = [(low + high) / 2, (factor * (high - low)) / 2];
      return [middle - half, middle + half];
    });
    return [0, 1].map((side) => bounds.map((bound) => bound[side]));
  }

  /** Logits of an image (784 pixels between 0 and 1) along the ODE's time, the last at its end. */
  *digit({ pixels, solver, times }) {
    yield this.digitNet.classify(pixels, solver, times);
  }

  /** Points of the Gaussian on their way to the moons: a solution whose states hold their 2n coordinates; then the same with their n
   * log-densities, too, over the same steps. */
  *cloud({ solver }) {
    const solution = this.flow.carry(this.start, 0, this.flow.end, solver);
    const { nfe, nodes } = solution;
    yield { ...this.dense(solution, CLOUD), count: CLOUD };
    const [states, slopes] = [0, 1].map(() => Array.from(nodes, () => new Float64Array(3 * CLOUD)));
    for (let from = 0; from < CLOUD; from += CHUNK) {
      const part = this.start.subarray(2 * from, 2 * (from + CHUNK)), count = part.length / 2;
      const own = this.dense(this.flow.carry(part, 0, this.flow.end, { method: solver.method, nodes }, base(part)), count);
      nodes.forEach((_, i) => {
        for (const [all, some] of [[states[i], own.states[i]], [slopes[i], own.slopes[i]]]) {
          all.set(some.subarray(0, 2 * count), 2 * from);
          all.set(some.subarray(2 * count), 2 * CLOUD + from);
        }
      });
      yield;
    }
    yield { nodes, states, slopes, nfe, count: CLOUD };
  }

  /** A solution of some points with the slope at its last node. */
  dense(solution, count) {
    return dense((t, y) => this.flow.field(count, t, y), solution);
  }

  /** Root mean square distances of where that cloud arrived: from where a tight solve takes it, and, after the way back, from its start. */
  *trust({ solver, arrived }) {
    if (!this.tight) yield* this.solveTightly();
    yield { solverError: distance(arrived, this.tight) };
    const back = last(this.flow.carry(arrived, this.flow.end, 0, solver));
    yield { solverError: distance(arrived, this.tight), thereAndBack: distance(back, this.start) };
  }

  *solveTightly() {
    const arrived = new Float64Array(2 * CLOUD);
    for (let from = 0; from < arrived.length; from += 2 * CHUNK) {
      const part = this.start.subarray(from, from + 2 * CHUNK);
      arrived.set(last(this.flow.carry(part, 0, this.flow.end, TIGHT)), from);
      yield;
    }
    this.tight = arrived;
  }

  /** log q in nats of points at a time: what is known so far. */
  *density({ points, time, solver }) {
    yield* this.inParts(points, (part) => this.flow.score(part, solver, time).logQ);
  }

  /** log p in nats of points, exact. */
  *exact({ points }) {
    yield* this.inParts(points, (part) => this.moons.logProb(part));
  }

  *inParts(points, answer) {
    const values = new Float64Array(points.length / 2).fill(NaN);
    for (let from = 0; from < values.length; from += CHUNK) {
      values.set(answer(points.subarray(2 * from, 2 * (from + CHUNK))), from);
      yield values;
    }
  }

  /** Which digit each of several solvers reads: those that were asked so far. */
  *readings({ pixels, solvers }) {
    const found = [];
    for (const solver of solvers) {
      const { logits, nfe } = this.digitNet.classify(pixels, solver, [1]);
      found.push({ logits: logits[0], nfe });
      yield found;
    }
  }
}

function last({ states }) {
  return states[states.length - 1];
}

/** Root mean square distance of points. */
function distance(a, b) {
  return rms(a.map((value, i) => value - b[i])) * Math.SQRT2;
}

/** The value below which a share of sorted numbers lies, by linear interpolation. */
function quantile(sorted, share) {
  const place = share * (sorted.length - 1), below = Math.floor(place);
  return sorted[below] + (place - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
}

/** Factors in and beyond the window at a number of observations, from those at some numbers [[number, [in, beyond]], …]. */
function interpolated(factors, number) {
  const above = factors.findIndex(([known]) => known >= number);
  if (above <= 0) return factors[above === 0 ? 0 : factors.length - 1][1];
  const [[n0, f0], [n1, f1]] = [factors[above - 1], factors[above]];
  const share = (number - n0) / (n1 - n0);
  return f0.map((value, i) => value + share * (f1[i] - value));
}
