// The latent ODE: observations in, reconstruction and continuation out, beside the Bayes oracle's.

import { choice, number, tuples } from "../address.js";
import { arrows, drags, fixed, Form, say, show } from "../controls.js";
import { colour, Plot } from "../drawing.js";
import { DIRECTIONS, latestStart, LEAST_NOISE, observe, truth } from "../floors/oracle.js";

/** Bounds of the plane: both curves, whole; and each of them. */
const PLANE = [-11, 11.5, -6.5, 13.5];
const OF_DIRECTION = { counterclockwise: [-1.5, 11.5, -6.5, 6], clockwise: [-11, 4, -5, 13.5] };

/** Grid steps between an observation and the next one that is placed. */
const APART = 5;

/** Pixels within which a pointer takes an observation. */
const NEAR = 14;

/** Standard deviations between observations and the oracle's curve above which no spiral of the family fits. */
const STRANGE = 4;

/** The noise that the network is trained for and the window decide some schemas. */
export function spiralSchemas({ window, noise }) {
  const time = number(0, window - 1, 0, { whole: true }), place = number(-50, 50, 0, { digits: 2 });
  return {
    source: choice(["drawn", "moved", "placed"], "drawn"),
    direction: choice(DIRECTIONS, "counterclockwise"),
    start: number(0, latestStart(window), 150, { digits: 1 }),
    count: number(3, window, 30, { whole: true }),
    noise: number(0, 1, noise, { digits: 2 }),
    seed: number(0, 9999, 1, { whole: true }),
    placed: tuples([time, place, place], window),
    t: time,
    px: place,
    py: place,
  };
}

export class SpiralRoom {
  constructor(section, { thread, models, remember }) {
    Object.assign(this, { section, thread, trained: models.spiral.noise, window: models.spiral.window });
    this.remember = () => remember({ ...this.state, ...NOTHING_CHOSEN });
    this.form = new Form(section, spiralSchemas(models.spiral), (name) => this.changed(name));
    this.chosen = null;
    const canvas = (name) => section.querySelector(`canvas.${name}`);
    this.plane = new Plot(canvas("plane"), { box: PLANE });
    const steps = 2 * this.window - 1;
    this.inTime = [0, 1].map(
      (i) => new Plot(canvas(["over-x", "over-y"][i]), { box: [0, steps, ...PLANE.slice(2 * i, 2 * i + 2)], equal: false, labels: ["time (grid steps)", "xy"[i]] }),
    );
    for (const plot of [this.plane, ...this.inTime]) plot.redraw = () => this.draw();
    drags(this.plane.canvas, (event) => this.press(event), (event) => this.move(...this.plane.position(event)));
    const others = { n: () => this.choose(1), p: () => this.choose(-1), a: () => this.add(0, 0), Delete: () => this.remove(), Backspace: () => this.remove() };
    arrows(this.plane.canvas, (dx, dy) => this.nudge(0.2 * dx, 0.2 * dy), others);
    for (const [name, act] of Object.entries({ next: () => this.choose(1), add: () => this.add(0, 0), remove: () => this.remove(), clear: () => this.clear(), again: () => this.again() })) {
      section.querySelector(`button.${name}`).addEventListener("click", act);
    }
  }

  get state() {
    return this.form.state;
  }

  async show(state) {
    this.chosen = null;
    this.form.fill(state);
    await this.observed();
  }

  changed(name) {
    if (["t", "px", "py"].includes(name)) {
      if (this.chosen === null) return;
      this.replace({ t: this.state.t, x: this.state.px, y: this.state.py });
      return;
    }
    this.chosen = null;
    this.form.set({ source: "drawn", placed: [], ...NOTHING_CHOSEN });
    this.remember();
    this.observed();
  }

  /** Another noise and other times. */
  again() {
    this.form.set({ seed: (this.state.seed + 1) % 10000 });
    this.changed("seed");
  }

  /** The observations of the state, made anew. */
  async observed() {
    const { state } = this;
    if (state.source === "drawn") {
      const drawn = { ...state, direction: DIRECTIONS.indexOf(state.direction) };
      this.observations = observe(drawn, this.window);
    } else this.observations = state.placed.map(([t, x, y]) => ({ t, x, y }));
    this.truth = state.source === "placed" ? null : truth(DIRECTIONS.indexOf(state.direction), state.start, this.window);
    this.frame(state.source === "placed" ? PLANE : OF_DIRECTION[state.direction]);
    await this.answer();
  }

  /** Shows a part of the plane. */
  frame(box) {
    this.plane.wanted = box;
    this.inTime.forEach((plot, i) => plot.wanted.splice(2, 2, ...box.slice(2 * i, 2 * i + 2)));
  }

  /** Observations changed by hand: they are what the address tells. */
  edited() {
    const { source } = this.state;
    const placed = this.observations.map(({ t, x, y }) => [t, x, y]);
    this.form.set({ source: source === "drawn" ? "moved" : source, placed });
    this.remember();
    this.answer();
  }

  press(event) {
    const [x, y] = this.plane.position(event);
    const [px, py] = this.plane.place(x, y);
    const away = this.observations.map((seen) => {
      const [sx, sy] = this.plane.place(seen.x, seen.y);
      return Math.hypot(sx - px, sy - py);
    });
    const nearest = away.indexOf(Math.min(...away));
    if (nearest >= 0 && away[nearest] <= NEAR) this.take(nearest);
    else this.add(x, y);
  }

  /** Makes an observation the one that arrows and fields move. */
  take(index) {
    this.chosen = index;
    const { t, x, y } = this.observations[index];
    this.form.set({ t, px: x, py: y });
    this.draw();
  }

  choose(direction) {
    const count = this.observations.length;
    if (count) this.take(this.chosen === null ? 0 : (this.chosen + direction + count) % count);
  }

  add(x, y) {
    if (this.observations.length >= this.window) {
      say(this.section, `There are ${this.window} observations already, as many as the network takes.`);
      return;
    }
    this.observations.push({ t: this.free(), ...bounded(x, y) });
    this.take(this.observations.length - 1);
    this.edited();
  }

  /** A time for the next observation: a little later than the last, or else in the middle of the widest gap. */
  free() {
    const times = this.observations.map(({ t }) => t).sort((a, b) => a - b);
    if (!times.length) return 0;
    const next = times[times.length - 1] + APART;
    if (next < this.window) return next;
    const ends = [-1, ...times];
    const gaps = times.map((t, i) => t - ends[i]);
    const widest = gaps.indexOf(Math.max(...gaps));
    return Math.max(0, Math.floor((ends[widest] + times[widest]) / 2));
  }

  move(x, y) {
    if (this.chosen === null) return;
    this.replace({ ...this.observations[this.chosen], ...bounded(x, y) });
  }

  nudge(dx, dy) {
    if (this.chosen === null) this.choose(1);
    if (this.chosen === null) return;
    const { x, y } = this.observations[this.chosen];
    this.move(x + dx, y + dy);
  }

  replace(seen) {
    this.observations[this.chosen] = seen;
    this.form.set({ t: seen.t, px: seen.x, py: seen.y });
    this.edited();
  }

  remove() {
    if (this.chosen === null) return;
    this.observations.splice(this.chosen, 1);
    this.chosen = null;
    this.edited();
  }

  clear() {
    this.chosen = null;
    this.form.set({ source: "placed", placed: [], ...NOTHING_CHOSEN });
    this.remember();
    this.observed();
  }

  /** The noise that the oracle is told of. */
  get noise() {
    return this.state.source === "placed" ? this.trained : Math.max(LEAST_NOISE, this.state.noise);
  }

  async answer() {
    const { observations } = this;
    if (!observations.length) {
      this.found = null;
      this.draw();
      this.report();
      return;
    }
    const found = await this.thread.ask("spiral", { observations, noise: this.noise });
    if (found === null) return;
    this.found = found;
    this.draw();
    this.report();
  }

  report() {
    const { found, truth: true_, window, observations } = this;
    const parts = { in: [0, window], beyond: [window, 2 * window] };
    for (const [name, [from, to]] of Object.entries(parts)) {
      const error = (curve) => rmse(curve.slice(from, to), true_.slice(from, to));
      const known = found && true_;
      const [ours, best] = known ? [error(found.mean), error(found.oracle)] : [NaN, NaN];
      const text = (value, digits) => (known ? fixed(value, digits) : "–");
      show(this.section, { [`${name}-ours`]: text(ours, 3), [`${name}-best`]: text(best, 3), [`${name}-ratio`]: text(ours / best, 2) });
      const apart = found ? fixed(rmse(found.mean.slice(from, to), found.oracle.slice(from, to)), 3) : "–";
      show(this.section, { [`${name}-apart`]: apart });
    }
    show(this.section, { count: observations.length, told: fixed(this.noise, 2) });
    say(this.section, this.remark());
  }

  /** What is odd about the observations, if anything. */
  remark() {
    const { observations, found } = this;
    if (!observations.length) return "Nothing is observed yet: click into the plane, or press “add”.";
    const away = rmse(observations.map(({ x, y }) => [x, y]), observations.map(({ t }) => found.oracle[t]));
    const times = observations.map(({ t }) => t);
    if (away > STRANGE * this.noise) {
      return "No spiral of the family passes near these observations. The oracle still names the least unlikely one; the network has never seen the like.";
    }
    if (new Set(times).size < times.length) return "Two observations have the same time. Both count, for the network and for the oracle.";
    if (observations.length < 3) return "With so few observations many spirals are possible; the oracle's curve is the mean of them.";
    return "";
  }

  draw() {
    const { plane, found, window } = this;
    const [blue, red, green, grey] = ["blue", "red", "green", "grey"].map(colour);
    const ink = colour("ink");
    if (!this.observations) return;
    plane.begin();
    if (this.truth) plane.curve(this.truth, { stroke: `${grey}80`, width: 5 });
    if (found) {
      plane.curve(found.oracle, { stroke: green, dash: [6, 4] });
      plane.curve(found.mean.slice(0, window), { stroke: blue });
      plane.curve(found.mean.slice(window - 1), { stroke: red });
    }
    plane.points(this.observations.map(({ x, y }) => [x, y]), 3, () => ink);
    if (this.chosen !== null) plane.ring([this.observations[this.chosen].x, this.observations[this.chosen].y], 8, ink);
    this.inTime.forEach((plot, i) => this.drawInTime(plot, i));
  }

  drawInTime(plot, i) {
    const { found, window } = this;
    const [blue, red, green, grey] = ["blue", "red", "green", "grey"].map(colour);
    const timed = (curve, from = 0) => curve.map((position, t) => [from + t, position[i]]);
    plot.begin();
    plot.area([[window, -99], [window, 99]], [[2 * window, -99], [2 * window, 99]], `${grey}1a`);
    if (this.truth) plot.curve(timed(this.truth), { stroke: `${grey}80`, width: 5 });
    if (found) {
      const { times, bounds } = found.band;
      const edge = (side, keep) => times.flatMap((t, j) => (keep(t) ? [[t, bounds[j][side][i]]] : []));
      for (const [keep, fill] of [[(t) => t < window, blue], [(t) => t >= window, red]]) plot.area(edge(0, keep), edge(1, keep), `${fill}4d`);
      plot.curve(timed(found.oracle), { stroke: green, dash: [6, 4] });
      plot.curve(timed(found.mean.slice(0, window)), { stroke: blue });
      plot.curve(timed(found.mean.slice(window - 1), window - 1), { stroke: red });
    }
    plot.points(this.observations.map((seen) => [seen.t, i ? seen.y : seen.x]), 2.5, () => colour("ink"));
  }
}

/** The chosen observation is not kept in the address. */
const NOTHING_CHOSEN = { t: 0, px: 0, py: 0 };

/** A position that the address can tell. */
function bounded(x, y) {
  const [px, py] = [x, y].map((value) => Math.round(100 * Math.min(50, Math.max(-50, value))) / 100);
  return { x: px, y: py };
}

/** Root mean square of a coordinate's error. */
function rmse(found, expected) {
  let sum = 0;
  found.forEach(([x, y], i) => (sum += (x - expected[i][0]) ** 2 + (y - expected[i][1]) ** 2));
  return Math.sqrt(sum / (2 * found.length));
}
