// The update rules and formulas behind the explorable figures: adam_lib's, in
// JavaScript, once each, operation for operation. tests/test_explorables.py
// compares all of it with adam_lib. Nothing here knows of a page.
"use strict";

const lab = { figures: {} };
const square = (x) => x * x;

// ---------------------------------------------------------------------- powers

// x to a whole power. Math.pow differs between engines in the last bit, and a chaotic
// run makes that a different figure; multiplications alone are the same everywhere.
// Each product is kept with what rounding took from it (Dekker), so that the result
// is the exact power rounded, as a good pow gives it.
{
  let lost = 0; // by the last product
  const product = (a, b) => {
    const p = a * b, s = 134217729 * a, t = 134217729 * b;
    const a1 = s - (s - a), a2 = a - a1, b1 = t - (t - b), b2 = b - b1;
    lost = a1 * b1 - p + a1 * b2 + a2 * b1 + a2 * b2;
    return p;
  };
  lab.power = (x, n) => {
    let p = 1, pLow = 0, b = x, bLow = 0; // x^n = p * b^k, each with its lower half
    for (let k = n; k > 0; k = Math.floor(k / 2)) {
      if (k % 2) {
        const high = product(p, b), low = lost + (p * bLow + pLow * b);
        p = high + low;
        pLow = low - (p - high);
      }
      const high = product(b, b), low = lost + 2 * b * bLow;
      b = high + low;
      bLow = low - (b - high);
    }
    return p;
  };
}

// ------------------------------------------------------------------ optimizers

// One coordinate of each rule: (theta, g, state, hyper) -> theta; the state, which
// begins as {t: 0}, is changed in place.
lab.rules = {
  SGD(x, g, s, { lr, momentum = 0 }) {
    s.b = momentum ? momentum * (s.b ?? 0) + g : g;
    return x - lr * s.b;
  },
  AdaGrad(x, g, s, { lr, eps = 1e-10 }) {
    s.G = (s.G ?? 0) + g * g;
    return x - lr * g / (Math.sqrt(s.G) + eps);
  },
  RMSprop(x, g, s, { lr, rho = 0.99, eps = 1e-8 }) {
    s.v = rho * (s.v ?? 0) + (1 - rho) * (g * g);
    return x - lr * g / (Math.sqrt(s.v) + eps);
  },
  Adadelta(x, g, s, { lr = 1, rho = 0.9, eps = 1e-6 }) {
    s.v = rho * (s.v ?? 0) + (1 - rho) * (g * g);
    const delta = Math.sqrt((s.u ?? 0) + eps) / Math.sqrt(s.v + eps) * g;
    s.u = rho * (s.u ?? 0) + (1 - rho) * (delta * delta);
    return x - lr * delta;
  },
  Adam(x, g, s, { lr = 1e-3, betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8, correct = true }) {
    s.t += 1;
    s.m = beta1 * (s.m ?? 0) + (1 - beta1) * g;
    s.v = beta2 * (s.v ?? 0) + (1 - beta2) * (g * g);
    s.m_hat = s.m / (1 - lab.power(beta1, s.t));
    s.v_hat = s.v / (1 - lab.power(beta2, s.t));
    const [m, v] = correct ? [s.m_hat, s.v_hat] : [s.m, s.v];
    return x - lr * m / (Math.sqrt(v) + eps);
  },
};

// The whole path, theta_0 to theta_T, of a rule on a gradient of two numbers; the
// learning rate is a number or a function of t.
lab.descend = (rule, grad, start, steps, hyper) => {
  let [x, y] = start;
  const path = [start], sx = { t: 0 }, sy = { t: 0 };
  for (let t = 1; t <= steps; t++) {
    const now = typeof hyper.lr === "function" ? { ...hyper, lr: hyper.lr(t) } : hyper;
    const [gx, gy] = grad(x, y);
    x = rule(x, gx, sx, now);
    y = rule(y, gy, sy, now);
    path.push([x, y]);
  }
  return path;
};

// f = (a^2 + kappa b^2) / 2, where a runs along the valley and b across it.
lab.valley = (degrees, kappa = 100) => {
  const c = Math.cos(degrees * Math.PI / 180), s = Math.sin(degrees * Math.PI / 180);
  const f = (x, y) => (square(c * x + s * y) + kappa * square(c * y - s * x)) / 2;
  const grad = (x, y) => {
    const a = c * x + s * y, b = kappa * (c * y - s * x);
    return [c * a - s * b, s * a + c * b];
  };
  return { f, grad };
};

// ------------------------------------------------------------ moving averages

lab.biasFactor = (beta, t) => (beta ? -Math.expm1(t * Math.log(beta)) : 1);
lab.weight = (beta, age) => (1 - beta) * lab.power(beta, age);
lab.halfLife = (beta) => (beta ? Math.LN2 / -Math.log(beta) : 0);
lab.sampleSize = (beta, t) =>
  (1 + beta) / (1 - beta) * lab.biasFactor(beta, t) / (1 + lab.power(beta, t));

// m, v, m_hat, v_hat and the distance moved at every step along given gradients.
lab.moments = (gradients, betas, { correct = true, eps = 1e-8 } = {}) => {
  const s = { t: 0 };
  return gradients.map((g) => {
    const step = -lab.rules.Adam(0, g, s, { lr: 1, betas, eps, correct });
    return { g, m: s.m, v: s.v, m_hat: s.m_hat, v_hat: s.v_hat, step };
  });
};

// Numbers in [0, 1) that Python makes too: Park and Miller's generator.
lab.uniforms = (count, seed) => {
  const out = [];
  for (let s = seed, i = 0; i < count; i++) {
    s = s * 16807 % 2147483647;
    out.push(s / 2147483647);
  }
  return out;
};

lab.gradients = {
  constant: (n) => Array(n).fill(1),
  noisy: (n) => lab.uniforms(n, 6).map((u) => 0.5 + 4 * (u - 0.5)),
  sparse: (n) => Array.from({ length: n }, (_, i) => (i % 20 === 4 ? 1 : 0)),
  ramp: (n) => Array.from({ length: n }, (_, i) => (i + 1) / n),
};

lab.uncorrected = ([beta1, beta2], t) =>
  lab.biasFactor(beta1, t) / Math.sqrt(lab.biasFactor(beta2, t));

// ------------------------------------------------------------- the longest step

// S_t(x) = 1 + x + ... + x^(t-1) for t = 1, ..., T.
lab.sums = (x, T) => {
  const out = [1];
  while (out.length < T) out.push(1 + x * out.at(-1));
  return out;
};

// The sharp bound R_t, and the step r_t when each gradient is `growth` times the
// last: ratios of sums, in units of the newest gradient, so that none overflows.
lab.bound = ([beta1, beta2], growth, T) => {
  const S = (x) => lab.sums(x, T);
  const s1 = S(beta1), s2 = S(beta2), worst = S(square(beta1) / beta2);
  const m = S(beta1 / growth), v = S(beta2 / square(growth));
  return s1.map((_, i) => ({
    bound: Math.sqrt(s2[i] * worst[i]) / s1[i],
    step: m[i] / s1[i] / Math.sqrt(v[i] / s2[i]),
  }));
};

lab.boundLimit = ([beta1, beta2]) => (
  beta1 === beta2 ? 1
    : square(beta1) >= beta2 ? Infinity
      : Math.sqrt(1 + square(beta1 - beta2) / ((1 - beta2) * (beta2 - square(beta1))))
);

// -------------------------------------------------------------- epsilon, bursts

lab.criticalEps = (lr, curvature, beta1) => lr * curvature * (1 - beta1) / (2 * (1 + beta1));

// |theta| and the effective rate along Adam on theta^2 / 2.
lab.hover = ({ start, lr, betas, eps, steps }) => {
  let x = start;
  const s = { t: 0 }, size = [], rate = [];
  for (let t = 1; t <= steps; t++) {
    x = lab.rules.Adam(x, x, s, { lr, betas, eps });
    size.push(Math.abs(x));
    rate.push(lr / (Math.sqrt(s.v_hat) + eps));
  }
  return { size, rate };
};

// How often a run falls below `low` and comes back above `high`.
lab.returns = (size, low, high) => {
  let count = 0, asleep = false;
  for (const x of size) {
    if (x < low) asleep = true;
    else if (x > high && asleep) { count += 1; asleep = false; }
  }
  return count;
};

// --------------------------------------------------------------- Reddi's problem

// x_0 to x_T on [-1, 1] under the gradients C, -1, -1, C, ...; lr = lr / sqrt(t).
lab.reddi = (C, betas, { lr, steps, start = 0 }) => {
  let x = start;
  const s = { t: 0 }, path = [x];
  for (let t = 1; t <= steps; t++) {
    const g = t % 3 === 1 ? C : -1;
    x = lab.rules.Adam(x, g, s, { lr: lr / Math.sqrt(t), betas });
    x = Math.min(1, Math.max(-1, x));
    path.push(x);
  }
  return path;
};

// The average of the last P inputs at each phase, with the weights of a steady state.
lab.steady = (c, beta) => c.map((_, p) => c.reduce((sum, __, j) =>
  sum + (1 - beta) * lab.power(beta, j) / (1 - lab.power(beta, c.length)) * c[(p - j + c.length) % c.length], 0));

// The steady steps of a period, in units of alpha; their sum is the drift.
lab.steadySteps = (c, [beta1, beta2]) => {
  const v = lab.steady(c.map((x) => x * x), beta2);
  return lab.steady(c, beta1).map((m, p) => -m / Math.sqrt(v[p]));
};

lab.drift = (c, betas) => lab.steadySteps(c, betas).reduce((a, b) => a + b, 0);

// The beta2 at which the drift on (C, -1, -1) changes its sign, by bisection.
lab.criticalBeta2 = (C, beta1 = 0) => {
  let low = 1e-9, high = 1 - 1e-9;
  for (let i = 0; i < 60; i++) {
    const mid = (low + high) / 2;
    if (lab.drift([C, -1, -1], [beta1, mid]) > 0) low = mid;
    else high = mid;
  }
  return (low + high) / 2;
};
