// Layers of many points at once. Points lie in groups of four, so that what is multiplied together lies together:
// x[group][feature][one of four], the last group filled up with zeros. All arrays are Float64Array.

/** Rows of points, [point, feature], as groups of four. */
export function grouped(rows, features) {
  const points = rows.length / features, out = new Float64Array(4 * Math.ceil(points / 4) * features);
  for (let p = 0; p < points; p++) {
    const to = (p - (p % 4)) * features + (p % 4);
    for (let k = 0; k < features; k++) out[to + 4 * k] = rows[p * features + k];
  }
  return out;
}

/** The first `points` of groups of four as rows. */
export function ungrouped(groups, points, features) {
  const out = new Float64Array(points * features);
  for (let p = 0; p < points; p++) {
    const from = (p - (p % 4)) * features + (p % 4);
    for (let k = 0; k < features; k++) out[p * features + k] = groups[from + 4 * k];
  }
  return out;
}

/** y = W x + b. */
export class Linear {
  /** @param weight a row a unit, of `depth` numbers */
  constructor(weight, bias, units, depth) {
    Object.assign(this, { units, depth });
    // Two units at a time; an odd last one beside a unit of zeros.
    const pairs = Math.ceil(units / 2);
    this.weight = new Float64Array(2 * pairs * depth);
    this.bias = new Float64Array(2 * pairs);
    this.bias.set(bias);
    for (let u = 0; u < units; u++) {
      for (let k = 0; k < depth; k++) this.weight[(u - (u % 2)) * depth + 2 * k + (u % 2)] = weight[u * depth + k];
    }
  }

  /** Of groups of four points. The eight sums fit into a processor's registers. */
  apply(x, out = new Float64Array((x.length / this.depth) * this.units)) {
    const { weight, bias, units, depth } = this;
    for (let first = 0, to = 0; first < x.length; first += 4 * depth, to += 4 * units) {
      const end = first + 4 * depth;
      for (let u = 0, j = 0; u < units; u += 2) {
        let a0 = bias[u], a1 = a0, a2 = a0, a3 = a0;
        let b0 = bias[u + 1], b1 = b0, b2 = b0, b3 = b0;
        for (let i = first; i < end; i += 4, j += 2) {
          const v = weight[j], w = weight[j + 1];
          const x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
          a0 += x0 * v;
          b0 += x0 * w;
          a1 += x1 * v;
          b1 += x1 * w;
          a2 += x2 * v;
          b2 += x2 * w;
          a3 += x3 * v;
          b3 += x3 * w;
        }
        const o = to + 4 * u;
        out[o] = a0;
        out[o + 1] = a1;
        out[o + 2] = a2;
        out[o + 3] = a3;
        if (u + 1 === units) break;
        out[o + 4] = b0;
        out[o + 5] = b1;
        out[o + 6] = b2;
        out[o + 7] = b3;
      }
    }
    return out;
  }
}

/** Between multiples of 1 / PER up to ±END, tanh as a cubic of the distance from the lower one, in these steps: by Hermite, from
 * values and slopes at both. Four coefficients each. */
const PER = 32, END = 12;
const TABLE = new Float64Array(4 * (2 * END * PER + 1));
for (let i = 0; i <= 2 * END * PER; i++) {
  const value = (k) => Math.tanh(k / PER - END), slope = (k) => (1 - value(k) ** 2) / PER;
  const rise = value(i + 1) - value(i), ends = slope(i) + slope(i + 1);
  TABLE.set([value(i), slope(i), 3 * rise - ends - slope(i), ends - 2 * rise], 4 * i);
}

/** tanh in place: to 1e-8, in a quarter of the time of Math.tanh. */
export function tanh(values) {
  const length = values.length;
  for (let i = 0; i < length; i++) {
    const x = values[i];
    const place = ((x > END ? END : x < -END ? -END : x) + END) * PER;
    const whole = place | 0, s = place - whole, j = whole << 2;
    values[i] = TABLE[j] + s * (TABLE[j + 1] + s * (TABLE[j + 2] + s * TABLE[j + 3]));
  }
  return values;
}

/** max(a, 0) in place. */
export function relu(values) {
  const length = values.length;
  for (let i = 0; i < length; i++) if (values[i] < 0) values[i] = 0;
  return values;
}

/** Linear layers with `between` applied after each but the last, as torch.nn.Sequential has them. */
export class Layers {
  /** @param tensors weights and biases by name; those of layer i are called `<name>.<2 i>.weight` and `.bias` */
  constructor(tensors, name, between) {
    this.between = between;
    this.layers = [];
    for (let i = 0; `${name}.${i}.weight` in tensors; i += 2) {
      const { shape, values } = tensors[`${name}.${i}.weight`];
      this.layers.push(new Linear(values, tensors[`${name}.${i}.bias`].values, ...shape));
    }
    this.outputs = this.layers[this.layers.length - 1].units;
  }

  /** Of groups of four points. */
  apply(x) {
    this.layers.forEach((layer, i) => {
      x = layer.apply(i ? this.between(x) : x);
    });
    return x;
  }

  /** Of `points` rows of features. */
  applyToRows(rows, points) {
    return ungrouped(this.apply(grouped(rows, rows.length / points)), points, this.outputs);
  }
}
