// What is shown stands in the address, #room=flow&solver=euler&steps=4, so that it can be linked to.

/** A number in a range; `whole` ones without a fraction. */
export function number(low, high, usual, { whole = false, digits = 3 } = {}) {
  return {
    usual,
    parse(text) {
      const value = Number(text);
      const fits = text.trim() !== "" && value >= low && value <= high && (!whole || Number.isInteger(value));
      return fits ? value : undefined;
    },
    print: (value) => String(Number(value.toFixed(digits))),
    told: `${whole ? "a whole number" : "a number"} from ${low} to ${high}`,
  };
}

/** One of some words. */
export function choice(words, usual) {
  return {
    usual,
    parse: (text) => (words.includes(text) ? text : undefined),
    print: String,
    told: `one of ${words.join(", ")}`,
  };
}

/** A list of tuples of numbers, 1:2:3,4:5:6. */
export function tuples(parts, most) {
  const parse = (text) => {
    if (text === "") return [];
    const rows = text.split(",").map((row) => row.split(":").map((part, i) => parts[i]?.parse(part)));
    return rows.length <= most && rows.every((row) => row.length === parts.length && !row.includes(undefined)) ? rows : undefined;
  };
  const print = (rows) => rows.map((row) => row.map((value, i) => parts[i].print(value)).join(":")).join(",");
  return { usual: [], parse, print, told: `at most ${most} of ${parts.map((part) => part.told).join(" : ")}` };
}

/** Reads an address by the schemas of its rooms.
 *
 * @returns room, state, and a sentence for each part that could not be used
 */
export function read(hash, rooms) {
  const found = new URLSearchParams(hash.replace(/^#/, ""));
  const complaints = [];
  let room = found.get("room") ?? "flow";
  if (!(room in rooms)) {
    complaints.push(`There is no room “${room}”; there are: ${Object.keys(rooms).join(", ")}.`);
    room = "flow";
  }
  const state = Object.fromEntries(Object.entries(rooms[room]).map(([name, schema]) => [name, schema.usual]));
  for (const [name, text] of found) {
    if (name === "room") continue;
    const schema = rooms[room][name];
    const value = schema?.parse(text);
    if (value !== undefined) state[name] = value;
    else if (schema) complaints.push(`In the address, ${name}=${text} is not ${schema.told}: ${schema.print(schema.usual) || "nothing"} is used.`);
    else complaints.push(`In the address, ${name} is nothing that this room knows.`);
  }
  return { room, state, complaints };
}

/** The address of a state: what is as usual is left out. */
export function write(room, state, schemas) {
  const parts = Object.entries(schemas)
    .map(([name, schema]) => [name, schema.print(state[name]), schema.print(schema.usual)])
    .filter(([, now, usual]) => now !== usual)
    .map(([name, now]) => `${name}=${encodeURIComponent(now).replace(/%3A/g, ":").replace(/%2C/g, ",")}`);
  return `#${[`room=${room}`, ...parts].join("&")}`;
}
