// The ODE-Net: a digit in, probabilities along the ODE's time out.

import { number } from "../address.js";
import { arrows, drags, fixed, Form, power, say, sayFailure, show, solverOf, solverSchemas } from "../controls.js";
import { colour, Plot } from "../drawing.js";
import { softmax } from "../networks/digit.js";
import { digitised } from "../strokes.js";
import { bytes } from "../tensors.js";

const SIDE = 28, CLASSES = 10;

/** Times at which probabilities are shown. */
const TIMES = Array.from({ length: 33 }, (_, i) => i / 32);

/** Solvers whose readings are compared; the last one is what the ODE says. */
const COMPARED = [
  ...[1, 2, 4, 8].map((steps) => ({ method: "euler", steps })),
  ...[1, 2, 4].map((steps) => ({ method: "midpoint", steps })),
  ...[1, 2].map((steps) => ({ method: "rk4", steps })),
  { method: "dopri5", tolerance: 1e-5 },
];
const NAMES = { euler: "Euler", midpoint: "midpoint", rk4: "RK4", dopri5: "dopri5, tolerance" };

export function digitSchemas({ solver, labels }) {
  return { ...solverSchemas(solver), image: number(0, labels.length - 1, 0, { whole: true }) };
}

export class DigitRoom {
  constructor(section, { thread, models, remember }) {
    Object.assign(this, { section, thread, remember, labels: models.digit.labels });
    const raw = bytes(models.digit.images);
    this.images = this.labels.map((_, i) => Float64Array.from(raw.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE), (value) => value / 255));
    this.form = new Form(section, digitSchemas(models.digit), (name) => this.changed(name));
    this.paper = section.querySelector("canvas.paper");
    this.seen = section.querySelector("canvas.seen");
    this.growth = new Plot(section.querySelector("canvas.growth"), { box: [0, 1, 0, 1.02], equal: false, labels: ["time of the ODE", ""] });
    this.growth.redraw = () => this.draw();
    this.strokes = null; // null: a test image is shown
    this.pen = { x: 0.5, y: 0.5, down: false };
    this.album();
    this.bars();
    drags(this.paper, (event) => this.begin(event), (event) => this.extend(event));
    arrows(this.paper, (dx, dy) => this.step(0.04 * dx, -0.04 * dy), { " ": () => this.lift(), Delete: () => this.clear(), Backspace: () => this.clear() });
    section.querySelector("button.clear").addEventListener("click", () => this.clear());
  }

  get state() {
    return this.form.state;
  }

  async show(state) {
    this.strokes = null;
    this.form.fill(state);
    await this.read();
  }

  changed(name) {
    if (name === "image") this.strokes = null;
    this.remember(this.state);
    this.read();
  }

  /** A button for each test image. */
  album() {
    const list = this.section.querySelector(".album");
    this.images.forEach((pixels, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `test image ${i + 1}, labelled ${this.labels[i]}`);
      button.append(document.createElement("canvas"));
      paint(button.firstChild, pixels);
      button.addEventListener("click", () => {
        this.form.set({ image: i });
        this.changed("image");
      });
      list.append(button);
    });
  }

  /** A bar for each digit. */
  bars() {
    const list = this.section.querySelector(".bars");
    this.rows = Array.from({ length: CLASSES }, (_, digit) => {
      const row = document.createElement("li");
      const [name, bar, value] = ["span", "meter", "span"].map((tag) => document.createElement(tag));
      name.textContent = digit;
      bar.setAttribute("aria-label", `probability of ${digit}`);
      row.append(name, bar, value);
      list.append(row);
      return { row, bar, value };
    });
  }

  /** Where on the paper a pointer is, from 0 to 1. */
  position(event) {
    const around = this.paper.getBoundingClientRect();
    return [(event.clientX - around.left) / around.width, (event.clientY - around.top) / around.height];
  }

  begin(event) {
    (this.strokes ??= []).push([this.position(event)]);
    this.drawn();
  }

  extend(event) {
    this.strokes[this.strokes.length - 1].push(this.position(event));
    this.drawn();
  }

  /** Moves the pen by arrow keys. */
  step(dx, dy) {
    const within = (value) => Math.min(0.98, Math.max(0.02, value));
    Object.assign(this.pen, { x: within(this.pen.x + dx), y: within(this.pen.y + dy), shown: true });
    if (this.pen.down) this.strokes[this.strokes.length - 1].push([this.pen.x, this.pen.y]);
    this.drawn();
  }

  /** Puts the pen down, or lifts it. */
  lift() {
    Object.assign(this.pen, { down: !this.pen.down, shown: true });
    if (this.pen.down) (this.strokes ??= []).push([[this.pen.x, this.pen.y]]);
    this.drawn();
  }

  clear() {
    this.strokes = [];
    this.pen.down = false;
    this.drawn();
  }

  drawn() {
    if (this.strokes === null) this.drawPaper();
    else this.read();
  }

  get pixels() {
    return this.strokes === null ? this.images[this.state.image] : digitised(this.strokes);
  }

  async read() {
    const { pixels, section } = this;
    const label = this.strokes === null ? this.labels[this.state.image] : null;
    this.drawPaper();
    for (const [i, button] of [...section.querySelectorAll(".album button")].entries()) {
      button.setAttribute("aria-pressed", String(label !== null && i === this.state.image));
    }
    if (pixels === null) {
      this.found = null;
      this.draw();
      show(section, { answer: "–", sure: "", nfe: "–", label: "–" });
      say(section, "Nothing is drawn yet: draw a digit with the mouse or a finger, or take one of the test images.");
      section.querySelector(".readings").replaceChildren();
      return;
    }
    paint(this.seen, pixels);
    try {
      const found = await this.thread.ask("digit", { pixels, solver: solverOf(this.state), times: TIMES });
      if (found === null) return;
      this.found = { nfe: found.nfe, probabilities: found.logits.map(softmax) };
      this.report(label);
      this.draw();
      await this.thread.ask("readings", { pixels, solvers: COMPARED }, (readings) => this.compare(readings));
    } catch (error) {
      sayFailure(section, error);
    }
  }

  report(label) {
    const { probabilities, nfe } = this.found;
    const end = probabilities[probabilities.length - 1];
    const answer = end.indexOf(Math.max(...end));
    show(this.section, { answer, sure: `with probability ${fixed(end[answer], 3)}`, nfe, label: label ?? "not known: you drew it" });
    say(this.section, label !== null && label !== answer ? `Misread: the label of this test image is ${label}.` : "");
    this.rows.forEach(({ row, bar, value }, digit) => {
      bar.value = end[digit];
      value.textContent = fixed(end[digit], 3);
      row.classList.toggle("highest", digit === answer);
    });
  }

  /** A row a solver; those that read another digit than the tight one stand out once that has answered. */
  compare(readings) {
    const rows = readings.map(({ logits, nfe }, i) => {
      const probabilities = softmax(logits);
      const answer = probabilities.indexOf(Math.max(...probabilities));
      const { method, steps, tolerance } = COMPARED[i];
      const row = document.createElement("tr");
      const name = steps ? `${NAMES[method]}, ${steps} step${steps > 1 ? "s" : ""}` : `${NAMES[method]} ${power(tolerance)}`;
      row.dataset.answer = answer;
      for (const [tag, text] of [["th", name], ["td", answer], ["td", fixed(probabilities[answer], 3)], ["td", nfe]]) {
        const cell = document.createElement(tag);
        cell.textContent = text;
        row.append(cell);
      }
      return row;
    });
    if (rows.length === COMPARED.length) {
      const tight = rows[rows.length - 1].dataset.answer;
      for (const row of rows) row.classList.toggle("other", row.dataset.answer !== tight);
    }
    this.section.querySelector(".readings").replaceChildren(...rows);
  }

  drawPaper() {
    const ratio = globalThis.devicePixelRatio || 1, side = this.paper.clientWidth;
    [this.paper.width, this.paper.height] = [side * ratio, side * ratio];
    const context = this.paper.getContext("2d");
    context.scale(side * ratio, side * ratio);
    if (this.strokes === null) {
      context.imageSmoothingEnabled = false;
      const small = document.createElement("canvas");
      paint(small, this.images[this.state.image]);
      context.drawImage(small, 0, 0, 1, 1);
    } else {
      context.fillStyle = "#000";
      context.fillRect(0, 0, 1, 1);
      Object.assign(context, { strokeStyle: "#fff", lineWidth: 0.08, lineCap: "round", lineJoin: "round" });
      for (const stroke of this.strokes) {
        context.beginPath();
        context.moveTo(...stroke[0]);
        for (const point of stroke) context.lineTo(...point);
        context.stroke();
      }
    }
    if (this.pen.shown) {
      context.beginPath();
      context.arc(this.pen.x, this.pen.y, 0.04, 0, 2 * Math.PI);
      Object.assign(context, { strokeStyle: this.pen.down ? colour("orange") : colour("sky"), lineWidth: 0.01 });
      context.stroke();
    }
  }

  /** Probabilities over time: coloured where one is ever above a tenth. */
  draw() {
    const { growth } = this;
    growth.begin();
    if (!this.found) return;
    const { probabilities } = this.found;
    const end = probabilities[probabilities.length - 1];
    const palette = ["blue", "red", "green", "orange", "purple", "sky"].map(colour);
    const ranked = Array.from(end.keys()).sort((a, b) => highest(probabilities, b) - highest(probabilities, a));
    ranked.forEach((digit, rank) => {
      const shown = highest(probabilities, digit) > 0.1 && rank < palette.length;
      const stroke = shown ? palette[rank] : colour("grey");
      growth.curve(TIMES.map((t, i) => [t, probabilities[i][digit]]), { stroke, width: shown ? 2.5 : 1 });
      if (shown) this.name(digit, probabilities, stroke, rank);
    });
  }

  /** The digit beside its curve, where that is highest. */
  name(digit, probabilities, stroke, rank) {
    const values = probabilities.map((at_) => at_[digit]);
    const place = Math.min(values.length - 3, Math.max(2, values.indexOf(Math.max(...values)) - 2 * rank));
    const [x, y] = this.growth.place(TIMES[place], values[place]);
    const { context } = this.growth;
    context.font = `bold ${15 * this.growth.unit}px system-ui, sans-serif`;
    context.textAlign = "center";
    Object.assign(context, { strokeStyle: colour("paper"), lineWidth: 4, fillStyle: stroke });
    context.strokeText(digit, x, y + 16 * this.growth.unit);
    context.fillText(digit, x, y + 16 * this.growth.unit);
  }
}

/** The highest probability that a digit ever has. */
function highest(probabilities, digit) {
  return Math.max(...probabilities.map((at_) => at_[digit]));
}

/** An image of 28 × 28 shares of white, pixel by pixel, on a canvas. */
function paint(canvas, pixels) {
  [canvas.width, canvas.height] = [SIDE, SIDE];
  const image = new ImageData(SIDE, SIDE);
  pixels.forEach((value, i) => image.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
  canvas.getContext("2d").putImageData(image, 0, 0);
}
