// The ODE-Net of src/neural_odes/classification: stem, ODE block, head. Images of features are kept place by place: out[place, channel].

import { grouped, Linear, relu, ungrouped } from "../linear.js";
import { at, dense, solve } from "../solver.js";

const SIDE = 28, GROUPS = 32, EPSILON = 1e-5;

/** Of MNIST's training pixels between 0 and 1, as src/neural_odes/classification/datasets.py has them. */
const MEAN = 0.1307, STD = 0.3081;

export class OdeNet {
  constructor(tensors) {
    const values = (name) => tensors[`${name}.weight`].values;
    const bias = (name) => tensors[`${name}.bias`].values;
    const norm = (name) => ({ scale: values(name), shift: bias(name) });
    const channels = (this.channels = tensors["head.weight"].shape[1]);
    const convolution = (name, side, stride, padding) =>
      new Convolution(values(name), bias(name), channels, channels, side, stride, padding);
    this.first = new Convolution(values("stem.first"), bias("stem.first"), channels, 1, 3, 1, 0);
    this.second = convolution("stem.second", 4, 2, 1);
    this.third = convolution("stem.third", 4, 2, 1);
    this.stemNorms = [norm("stem.first.norm"), norm("stem.norm")];
    this.norms = [0, 1, 2].map((i) => norm(`field.norms.${i}`));
    this.timed = [0, 1].map((i) => new TimeConvolution(values(`field.convolutions.${i}`), bias(`field.convolutions.${i}`), channels));
    this.headNorm = norm("head.norm");
    this.head = new Linear(values("head"), bias("head"), ...tensors["head.weight"].shape);
  }

  /** The state at time 0, and its side, of 784 pixels between 0 and 1. */
  stem(pixels) {
    let image = { values: Float64Array.from(pixels, (pixel) => (pixel - MEAN) / STD), side: SIDE };
    image = this.first.apply(image);
    this.normalised(image.values, this.stemNorms[0]);
    image = this.second.apply(image);
    this.normalised(image.values, this.stemNorms[1]);
    return this.third.apply(image);
  }

  /** Group normalisation and ReLU, in place. */
  normalised(values, norm) {
    return relu(groupNorm(values, this.channels, norm));
  }

  /** dh/dt: norm, ReLU, convolution, norm, ReLU, convolution, norm; the time is a further channel of both convolutions. */
  field(t, h, side) {
    let values = h.slice();
    this.timed.forEach((convolution, i) => {
      values = convolution.apply(this.normalised(values, this.norms[i]), side, t);
    });
    return groupNorm(values, this.channels, this.norms[2]);
  }

  /** Logits of a state. */
  logits(h) {
    const values = this.normalised(h.slice(), this.headNorm);
    const places = values.length / this.channels;
    const pooled = new Float64Array(this.channels);
    for (let i = 0; i < values.length; i++) pooled[i % this.channels] += values[i] / places;
    return ungrouped(this.head.apply(grouped(pooled, this.channels)), 1, this.head.units);
  }

  /** Logits at each of `times`, the last of which is 1, and evaluations of the field. */
  classify(pixels, solver, times) {
    const { values, side } = this.stem(pixels);
    const field = (t, h) => this.field(t, h, side);
    const solution = solve(field, values, 0, 1, solver);
    const between = times.length > 1 ? dense(field, solution) : solution;
    const states = times.map((t) => (t === 1 ? solution.states[solution.states.length - 1] : at(between, t)));
    return { logits: states.map((h) => this.logits(h)), nfe: solution.nfe };
  }
}

/** A 2-D convolution, as one product of all patches with all kernels. */
class Convolution {
  /** @param weight a row an output channel, in it input channels · side · side, as PyTorch has it */
  constructor(weight, bias, outputs, inputs, side, stride, padding) {
    Object.assign(this, { inputs, side, stride, padding });
    const depth = inputs * side * side;
    this.kernels = new Linear(placesFirst(weight, outputs, inputs, side * side), bias, outputs, depth);
  }

  apply({ values, side }) {
    const { patches, across } = this.patches(values, side);
    return { values: ungrouped(this.kernels.apply(patches), across * across, this.kernels.units), side: across };
  }

  /** The inputs under the kernel at each output place, in groups of four places; 0 outside the image. */
  patches(values, side) {
    const { inputs, side: kernel, stride, padding } = this;
    const across = Math.floor((side + 2 * padding - kernel) / stride) + 1;
    const depth = kernel * kernel * inputs, patches = new Float64Array(4 * Math.ceil((across * across) / 4) * depth);
    for (let place = 0; place < across * across; place++) {
      let to = (place - (place % 4)) * depth + (place % 4);
      const top = Math.floor(place / across) * stride - padding, left = (place % across) * stride - padding;
      for (let k = 0; k < kernel * kernel; k++, to += 4 * inputs) {
        const row = top + Math.floor(k / kernel), column = left + (k % kernel);
        if (row < 0 || column < 0 || row >= side || column >= side) continue;
        const from = (row * side + column) * inputs;
        for (let c = 0; c < inputs; c++) patches[to + 4 * c] = values[from + c];
      }
    }
    return { patches, across };
  }
}

/** A 3×3 convolution of the state and of a channel that holds the time. That one is constant in space: it adds t times the sum of
 * those of its nine weights that fall inside the image. */
class TimeConvolution {
  /** @param weight a row an output channel: nine weights of the time, then those of the state's channels */
  constructor(weight, bias, channels) {
    const depth = 9 * (channels + 1);
    this.channels = channels;
    this.ofTime = rows(weight, channels, depth, 0, 9);
    this.convolution = new Convolution(rows(weight, channels, depth, 9, depth), bias, channels, channels, 3, 1, 1);
  }

  apply(values, side, t) {
    const out = this.convolution.apply({ values, side }).values;
    const added = this.offsets(side);
    for (let i = 0; i < out.length; i++) out[i] += t * added[i];
    return out;
  }

  /** What time 1 adds at each place to each channel; made once. */
  offsets(side) {
    if (this.added) return this.added;
    this.added = new Float64Array(side * side * this.channels);
    for (let i = 0; i < this.added.length; i++) {
      const channel = i % this.channels, place = Math.floor(i / this.channels);
      for (let k = 0; k < 9; k++) {
        const row = Math.floor(place / side) + Math.floor(k / 3) - 1, column = (place % side) + (k % 3) - 1;
        if (row >= 0 && column >= 0 && row < side && column < side) this.added[i] += this.ofTime[channel * 9 + k];
      }
    }
    return this.added;
  }
}

/** Kernels with their places before their channels: [output, place, input] from [output, input, place]. */
function placesFirst(weight, outputs, inputs, places) {
  const out = new Float64Array(weight.length);
  for (let o = 0, to = 0; o < outputs; o++) {
    for (let k = 0; k < places; k++) {
      for (let c = 0; c < inputs; c++, to++) out[to] = weight[(o * inputs + c) * places + k];
    }
  }
  return out;
}

/** Columns `from` to `to` of a matrix. */
function rows(weight, count, depth, from, to) {
  const out = new Float64Array(count * (to - from));
  for (let r = 0; r < count; r++) out.set(weight.subarray(r * depth + from, r * depth + to), r * (to - from));
  return out;
}

/** Normalises groups of neighbouring channels over the image, in place (Wu and He 2018). */
function groupNorm(values, channels, { scale, shift }) {
  const size = channels / GROUPS, places = values.length / channels;
  for (let group = 0; group < GROUPS; group++) {
    const first = group * size;
    let mean = 0, squares = 0;
    for (let p = 0; p < places; p++) {
      for (let c = 0; c < size; c++) mean += values[p * channels + first + c];
    }
    mean /= places * size;
    for (let p = 0; p < places; p++) {
      for (let c = 0; c < size; c++) squares += (values[p * channels + first + c] - mean) ** 2;
    }
    const inverse = 1 / Math.sqrt(squares / (places * size) + EPSILON);
    for (let c = first; c < first + size; c++) {
      const factor = inverse * scale[c], offset = shift[c] - mean * factor;
      for (let p = 0; p < places; p++) values[p * channels + c] = values[p * channels + c] * factor + offset;
    }
  }
  return values;
}

/** Probabilities from logits. */
export function softmax(logits) {
  const highest = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
