// Arrays as the page carries them: base64 of little-endian numbers.

/** Bytes of base64. */
export function bytes(text) {
  const characters = atob(text), out = new Uint8Array(characters.length);
  for (let i = 0; i < out.length; i++) out[i] = characters.charCodeAt(i);
  return out;
}

/** Tensors by name, {shape, values}, of float32 as it was trained; values are widened to float64, in which the page computes. */
export function tensors(packed) {
  const unpacked = Object.entries(packed).map(([name, { shape, values }]) => [name, { shape, values: float32(bytes(values)) }]);
  return Object.fromEntries(unpacked);
}

function float32(raw) {
  const view = new DataView(raw.buffer), out = new Float64Array(raw.length / 4);
  for (let i = 0; i < out.length; i++) out[i] = view.getFloat32(4 * i, true);
  return out;
}
