// The exact density of two moons: src/neural_odes/density/moons.py.

/** Quadrature nodes a standard deviation of the noise, along half a circle. */
const NODES = 5;

export class TwoMoons {
  constructor(noise, scale, shift) {
    Object.assign(this, { noise, scale, shift });
    const { nodes, weights } = legendre(Math.max(64, Math.ceil((NODES * Math.PI) / noise)));
    const angles = nodes.map((node) => (Math.PI * (node + 1)) / 2);
    this.x = [...angles.map(Math.cos), ...angles.map((a) => 1 - Math.cos(a))];
    this.y = [...angles.map(Math.sin), ...angles.map((a) => 0.5 - Math.sin(a))];
    this.logWeights = [...weights, ...weights].map((weight) => Math.log(weight / 4));
  }

  /** log p in nats of points [x0, y0, x1, …]: p(x) = ½ Σ over moons of 1/π ∫₀^π N(x; centre(a), noise²) da. */
  logProb(points) {
    const variance = 2 * this.noise ** 2, constant = -Math.log(2 * Math.PI * (this.noise * this.scale) ** 2);
    const count = this.x.length, exponents = new Float64Array(count);
    return Float64Array.from({ length: points.length / 2 }, (_, i) => {
      const px = (points[2 * i] - this.shift[0]) / this.scale, py = (points[2 * i + 1] - this.shift[1]) / this.scale;
      let highest = -Infinity, sum = 0;
      for (let j = 0; j < count; j++) {
        const dx = px - this.x[j], dy = py - this.y[j];
        exponents[j] = this.logWeights[j] - (dx * dx + dy * dy) / variance;
        if (exponents[j] > highest) highest = exponents[j];
      }
      for (let j = 0; j < count; j++) sum += Math.exp(exponents[j] - highest);
      return constant + highest + Math.log(sum);
    });
  }
}

/** Nodes and weights of Gauss-Legendre quadrature on [-1, 1]: Newton's method on the polynomial of degree n. */
function legendre(n) {
  const nodes = [], weights = [];
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5)), slope = 1;
    for (let round = 0; round < 100; round++) {
      let [before, value] = [1, x];
      for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (n * (x * value - before)) / (x * x - 1);
      const change = value / slope;
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}
