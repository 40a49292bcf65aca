// Arrays as the page carries them: base64 of little-endian numbers.

/** Bytes of base64. */
export function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Tensors by name, {shape, values}, of float32 as it was trained; values are widened to float64, in which the page computes. */
export function tensors(packed) {
  const unpacked = Object.entries(packed).map(([name, { shape, values }]) => [name, { shape, values: float32(bytes(values)) }]);
  return Object.fromEntries(unpacked);
}

function float32(raw) {
  const view = new DataView(raw.buffer);
  return Float64Array.from({ length: raw.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
