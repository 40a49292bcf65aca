// The flow: a Gaussian becomes two moons, by a solver of one's choice.

import { number } from "../address.js";
import { arrows, drags, fixed, Form, power, say, sayFailure, show, solverOf, solverSchemas } from "../controls.js";
import { cells, colour, leaning, Plot, shade } from "../drawing.js";
import { at, backward } from "../solver.js";

/** Bounds of the picture of points, and of the density at the beginning. */
const AROUND = [-3.2, 3.2, -3.2, 3.2];

/** Cells across the pictures of a density: the first one, and the one that replaces it when nothing else is asked. */
const COARSE = 32, FINE = 96;

/** Log-densities, in nats, at the ends of the map of colours, as in the figures. */
const LOWEST = -5, HIGHEST = 1;

/** Seconds that the flow takes. */
const DURATION = 4;

export function flowSchemas() {
  return {
    ...solverSchemas({ solver: "dopri5", steps: 8, tolerance: "1e-6" }),
    time: number(0, 1, 1),
    x: number(-4, 4, 0),
    y: number(-4, 4, 1),
  };
}

export class FlowRoom {
  constructor(section, { thread, models, shades, remember }) {
    Object.assign(this, { section, thread, end: models.flow.end, shades, remember });
    this.form = new Form(section, flowSchemas(), (name) => this.changed(name));
    const plot = (name, box) => {
      const made = new Plot(section.querySelector(`canvas.${name}`), { box });
      made.redraw = () => this.draw();
      return made;
    };
    this.points = plot("points", AROUND);
    this.model = plot("model", AROUND);
    [this.exact, this.difference] = ["exact", "difference"].map((name) => plot(name, models.flow.box));
    this.box = models.flow.box;
    const canvas = this.points.canvas;
    drags(canvas, (event) => this.choose(...this.points.position(event)));
    arrows(canvas, (dx, dy) => this.choose(this.state.x + 0.05 * dx, this.state.y + 0.05 * dy));
    section.querySelector(".play").addEventListener("click", () => this.play());
  }

  get state() {
    return this.form.state;
  }

  /** Shows a state, from wherever it comes. */
  async show(state) {
    this.form.fill(state);
    await this.solve();
  }

  changed(name) {
    this.remember(this.state);
    if (["solver", "steps", "tolerance"].includes(name)) this.solve();
    else if (name === "time") this.moved();
    else this.follow();
  }

  /** Takes a point of the data, which lie at the end of time. */
  choose(x, y) {
    const within = (value) => Math.min(4, Math.max(-4, value));
    const before = this.state.time;
    this.form.set({ x: within(x), y: within(y), time: 1 });
    this.remember(this.state);
    if (before !== 1) this.moved();
    this.follow();
  }

  /** All that depends on the solver: the cloud first, the numbers, then the density. */
  async solve() {
    say(this.section, "");
    const solver = solverOf(this.state);
    try {
      const shown = (found) => {
        this.cloud = { ...found, method: solver.method };
        show(this.section, { "cloud-nfe": found.nfe, "cloud-error": "…", "cloud-back": "…" });
        this.draw();
      };
      const asked = this.thread.ask("cloud", { solver }, shown);
      this.follow();
      const cloud = await asked;
      if (cloud === null) return;
      this.measure();
      const arrived = cloud.states[cloud.states.length - 1].slice(0, 2 * cloud.count);
      await this.thread.ask("trust", { solver, arrived }, ({ solverError, thereAndBack }) => {
        show(this.section, { "cloud-error": power(solverError), "cloud-back": thereAndBack === undefined ? "…" : power(thereAndBack) });
      });
    } catch (error) {
      sayFailure(this.section, error);
    }
  }

  /** The path of the chosen point. */
  async follow() {
    const { x, y } = this.state;
    try {
      const found = await this.thread.ask("point", { point: [x, y], solver: solverOf(this.state) });
      if (found === null) return;
      this.path = found.path;
      show(this.section, {
        "log-q": fixed(found.logQ, 3),
        "log-p": fixed(found.logP, 3),
        gap: fixed(found.logP - found.logQ, 3),
        nfe: found.nfe,
        error: power(Math.abs(found.solverError)),
        back: power(found.thereAndBack),
      });
      this.draw();
    } catch (error) {
      sayFailure(this.section, error);
    }
  }

  moved() {
    this.draw();
    this.measure();
  }

  /** The density at this time: coarse as long as time moves, then fine. */
  async measure() {
    this.stale = true;
    if (this.measuring || !this.cloud) return;
    this.measuring = true;
    while (this.stale) {
      this.stale = false;
      await this.density(COARSE).catch((error) => sayFailure(this.section, error));
    }
    this.measuring = false;
    this.density(FINE).catch((error) => sayFailure(this.section, error));
  }

  /** By the steps that the cloud took, backward; at the end beside the exact one. */
  async density(columns) {
    const { time } = this.state, { cloud } = this;
    const grid = cells(AROUND.map((bound, i) => bound + time * (this.box[i] - bound)), columns);
    const solver = { method: cloud.method, nodes: backward(cloud.nodes, time * this.end) };
    const model = await this.thread.ask("density", { points: grid.points, time: time * this.end, solver });
    const exact = model && time === 1 ? await this.thread.ask("exact", { points: grid.points }) : null;
    const late = cloud !== this.cloud || (columns === FINE && time !== this.state.time);
    if (model === null || late) return;
    this.grid = { ...grid, time, model, exact };
    this.draw();
  }

  draw() {
    if (!this.cloud) return;
    const { shades, state } = this;
    const now = at(this.cloud, state.time * this.end), n = this.cloud.count;
    this.points.begin();
    const positions = Array.from({ length: n }, (_, i) => [now[2 * i], now[2 * i + 1]]);
    const coloured = now.length > 2 * n; // log-densities are still to come
    const fill = (i) => css(shade(shades, (now[2 * n + i] - LOWEST) / (HIGHEST - LOWEST)));
    this.points.points(positions, 1.7, coloured ? fill : () => colour("grey"));
    if (this.path) this.drawPath();
    this.drawDensities();
    show(this.section, { time: fixed(state.time, 2) });
  }

  /** From the Gaussian, a ring, to the data, a disc; at this time a larger ring. */
  drawPath() {
    const { path } = this;
    const steps = Array.from({ length: 101 }, (_, i) => at(path, (this.end * i) / 100).slice(0, 2));
    this.points.curve(steps, { stroke: colour("red") });
    this.points.points(path.states.map((node) => [node[0], node[1]]), 2.5, () => colour("red"));
    this.points.points([steps[100]], 4.5, () => colour("red"));
    this.points.ring(at(path, this.end * this.state.time).slice(0, 2), 7, colour("ink"));
  }

  drawDensities() {
    const { grid, shades, model } = this;
    const ended = this.state.time === 1;
    if (!grid) return;
    model.wanted = grid.box;
    model.begin();
    const known = (values) => values && Array.from(values, Math.exp);
    const [q, p] = [known(grid.model), known(grid.exact)];
    const highest = Math.max(...(p ?? q).filter((value) => !Number.isNaN(value)));
    const painted = (values) => (i) => (Number.isNaN(values[i]) ? [0, 0, 0, 0] : shade(shades, values[i] / highest));
    model.map(grid, painted(q));
    for (const figure of this.section.querySelectorAll("figure.ended")) figure.hidden = !ended;
    show(this.section, { "density-time": fixed(grid.time, 2) });
    if (!ended || !p) return;
    this.exact.begin();
    this.exact.map(grid, painted(p));
    const ends = [colour("blue"), colour("red")];
    this.difference.begin();
    this.difference.map(grid, (i) => leaning(ends, (2 * (q[i] - p[i])) / highest));
  }

  /** Moves time from beginning to end; in ten leaps where motion is not wanted. */
  play() {
    const button = this.section.querySelector(".play");
    if (this.playing) {
      cancelAnimationFrame(this.playing);
      this.playing = null;
      button.textContent = "Play";
      return;
    }
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const begin = performance.now(), from = this.state.time === 1 ? 0 : this.state.time;
    button.textContent = "Stop";
    const frame = (now) => {
      const passed = from + Math.max(0, now - begin) / (1000 * DURATION);
      const time = Math.min(1, still ? Math.floor(10 * passed) / 10 : passed);
      if (time !== this.state.time) {
        this.form.set({ time });
        this.moved();
      }
      if (time < 1) this.playing = requestAnimationFrame(frame);
      else this.ended(button);
    };
    this.playing = requestAnimationFrame(frame);
  }

  ended(button) {
    this.playing = null;
    button.textContent = "Play";
    this.remember(this.state);
  }
}

function css([r, g, b]) {
  return `rgb(${r},${g},${b})`;
}
