// A thread of its own for what the models answer, so that the page never waits. Of questions of one kind only the newest counts.

import { Answers } from "./answers.js";

/** Kinds of questions; those that come first are answered first. */
const KINDS = ["point", "spiral", "digit", "cloud", "trust", "density", "exact", "readings"];

/** What the thread does: the first message brings the models, every other one asks. */
export function serve() {
  let answers = null;
  const open = new Map(); // by kind: {id, parts}
  let busy = false;
  self.onmessage = ({ data }) => {
    if (answers === null) {
      answers = new Answers(data);
      return;
    }
    if (open.has(data.kind)) postMessage({ id: open.get(data.kind).id, done: true, superseded: true });
    open.set(data.kind, { id: data.id, parts: answers[data.kind](data.question) });
    if (!busy) work();
  };
  async function work() {
    busy = true;
    while (open.size) {
      const kind = KINDS.find((each) => open.has(each));
      const { id, parts } = open.get(kind);
      try {
        const { value, done } = parts.next();
        postMessage({ id, done, part: value });
        if (done) open.delete(kind);
      } catch (error) {
        postMessage({ id, done: true, failure: error.message });
        open.delete(kind);
      }
      await new Promise((resume) => setTimeout(resume)); // lets newer questions in
    }
    busy = false;
  }
}

/** The page's end of that thread.
 *
 * @param script text that runs `serve` in a worker
 * @param models as `Answers` takes them
 */
export class Thread {
  constructor(script, models) {
    this.asked = new Map();
    this.next = 0;
    this.worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
    this.worker.onmessage = ({ data }) => this.receive(data);
    this.worker.postMessage(models);
  }

  /** The last part of the answer; null if a newer question of its kind came first. `show` gets each part as it comes.
   *
   * Rejects with what went wrong: a solver that gave up, say.
   */
  ask(kind, question, show = () => {}) {
    const id = this.next++;
    this.worker.postMessage({ id, kind, question });
    return new Promise((resolve, reject) => this.asked.set(id, { resolve, reject, show, part: null }));
  }

  receive({ id, done, part, superseded, failure }) {
    const own = this.asked.get(id);
    if (part !== undefined) {
      own.part = part;
      own.show(part);
    }
    if (!done) return;
    this.asked.delete(id);
    if (failure) own.reject(new Error(failure));
    else own.resolve(superseded ? null : own.part);
  }
}
