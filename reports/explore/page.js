// The page: its rooms, one at a time, as the address says.

import { read, write } from "./address.js";
import { bytes } from "./tensors.js";
import { digitSchemas, DigitRoom } from "./rooms/digit.js";
import { flowSchemas, FlowRoom } from "./rooms/flow.js";
import { SpiralRoom, spiralSchemas } from "./rooms/spiral.js";
import { serve, Thread } from "./worker.js";

/** Milliseconds between two changes of the address: browsers allow a few a second. */
const PAUSE = 300;

class Page {
  constructor({ models, shades }) {
    this.models = models;
    this.shades = bytes(shades);
    this.thread = new Thread(document.getElementById("script").textContent, models);
    this.schemas = { flow: flowSchemas(), spiral: spiralSchemas(models.spiral), about: {} };
    if (models.digit) this.schemas.digit = digitSchemas(models.digit);
    this.made = {};
    this.waiting = null;
    addEventListener("hashchange", () => this.go());
    this.thread.worker.addEventListener("error", () => this.complain(["This browser does not let the page start its thread: nothing can be computed here."]));
  }

  /** Shows what the address says. */
  async go() {
    const { room, state, complaints } = read(location.hash, this.schemas);
    this.complain(complaints);
    for (const section of document.querySelectorAll("section.room")) section.hidden = section.id !== room;
    for (const link of document.querySelectorAll("nav.rooms a")) {
      if (link.hash === `#room=${room}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    await this.room(room)?.show(state);
    document.documentElement.dataset.shown = room;
  }

  room(name) {
    const kinds = { flow: FlowRoom, spiral: SpiralRoom, digit: DigitRoom };
    if (!(name in kinds)) return null;
    const { thread, models, shades } = this;
    const remember = (state) => this.remember(name, state);
    return (this.made[name] ??= new kinds[name](document.getElementById(name), { thread, models, shades, remember }));
  }

  /** Puts a state into the address, which does not count as a step in the browser's history. */
  remember(room, state) {
    clearTimeout(this.waiting);
    const address = write(room, state, this.schemas[room]);
    this.waiting = setTimeout(() => history.replaceState(null, "", address), PAUSE);
  }

  complain(sentences) {
    document.getElementById("complaints").textContent = sentences.join(" ");
  }
}

if (typeof document === "undefined") serve();
else {
  globalThis.explore = new Page(JSON.parse(document.getElementById("data").textContent));
  globalThis.explore.go();
}
