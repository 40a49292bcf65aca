// What rooms have in common to be asked with: fields with names, solvers, arrows, numbers that are read out.

import { choice, number } from "./address.js";
import { FIXED } from "./solver.js";

/** How a solver stands in the address. */
export function solverSchemas({ solver, steps, tolerance }) {
  return {
    solver: choice([...FIXED, "dopri5"], solver),
    steps: number(1, 100, steps, { whole: true }),
    tolerance: choice(["1e-1", "1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-7"], tolerance),
  };
}

/** The solver of a state. */
export function solverOf({ solver, steps, tolerance }) {
  return solver === "dopri5" ? { method: solver, tolerance: Number(tolerance) } : { method: solver, steps };
}

/** The fields of a room, by their names; `changed(name)` is called with the state as it then is. */
export class Form {
  constructor(section, schemas, changed) {
    Object.assign(this, { section, schemas, state: {} });
    section.addEventListener("input", ({ target }) => {
      const schema = schemas[target.name];
      if (!schema) return;
      const value = schema.parse(target.value);
      target.setAttribute("aria-invalid", String(value === undefined));
      say(section, value === undefined ? `${target.dataset.label ?? target.name}: give ${schema.told}.` : "");
      if (value === undefined) return;
      this.state[target.name] = value;
      this.adapt();
      changed(target.name);
    });
  }

  /** Shows a state. */
  fill(state) {
    this.state = { ...state };
    for (const field of this.section.querySelectorAll("[name]")) {
      const schema = this.schemas[field.name];
      if (!schema || field === document.activeElement) continue;
      field.value = schema.print(state[field.name]);
      field.setAttribute("aria-invalid", "false");
    }
    this.adapt();
  }

  /** Changes some of it, not by a field. */
  set(changes) {
    this.fill({ ...this.state, ...changes });
  }

  /** Steps belong to fixed steps, a tolerance to controlled ones. */
  adapt() {
    const controlled = this.state.solver === "dopri5";
    for (const field of this.section.querySelectorAll("[data-for]")) field.hidden = (field.dataset.for === "dopri5") !== controlled;
  }
}

/** Says something to whoever sees or hears the page. */
export function say(section, text) {
  section.querySelector(".said").textContent = text;
}

/** Says why there is no answer. */
export function sayFailure(section, error) {
  say(section, `The solver gave up: ${error.message}.`);
}

/** Writes values where the room shows them. */
export function show(section, values) {
  for (const [name, value] of Object.entries(values)) section.querySelector(`[data-shows="${name}"]`).textContent = value;
}

/** A number with so many digits after the point, and a true minus. */
export function fixed(value, digits) {
  return value.toFixed(digits).replace("-", "\u2212");
}

/** A number in powers of ten, for errors. */
export function power(value) {
  if (value === 0) return "0";
  const [factor, exponent] = value.toExponential(1).replace(".0e", "e").split("e");
  const raised = String(Number(exponent)).replace(/./g, (digit) => (digit === "-" ? "\u207b" : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[digit]));
  return `${factor === "1" ? "" : `${factor.replace("-", "\u2212")} · `}10${raised}`;
}

/** Calls `move(dx, dy)` for arrow keys on an element, in units of 1 (with Shift, a tenth); other keys by name. */
export function arrows(element, move, others = {}) {
  const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  element.addEventListener("keydown", (event) => {
    const direction = directions[event.key];
    if (direction) move(...direction.map((part) => (event.shiftKey ? 0.1 : 1) * part));
    else if (others[event.key]) others[event.key]();
    else return;
    event.preventDefault();
  });
}

/** Calls `begin`, then `move` for a pointer that is pressed on an element and dragged, with the event. */
export function drags(element, begin, move = begin, end = () => {}) {
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    begin(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) move(event);
  });
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}
