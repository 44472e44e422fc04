// Adam on a quadratic without noise: below the critical epsilon it does not stay.
"use strict";

{
  // Outside these betas a run would come so close to 0 that its gradient underflows.
  const steps = 20000, lr = 1e-3, start = 0.01;
  // The smallest and the largest of every `size` values: what a pixel's column shows.
  const columns = (values, size) => {
    const out = [];
    for (let i = 0; i < values.length; i += size) {
      const part = values.slice(i, i + size);
      out.push([i + 1, Math.max(...part)], [i + 1, Math.min(...part)]);
    }
    return out;
  };

  lab.figures.bursts = {
    title: "Epsilon and bursts",
    controls: {
      eps: {
        label: "ε", values: lab.decades(-10, -4, [1, 1.5, 2, 2.5, 3, 4, 5, 7]), value: 1e-8,
      },
      beta1: { label: "decay rate β₁", values: [0.8, 0.85, 0.9, 0.95, 0.98, 0.99], value: 0.9 },
      beta2: { label: "decay rate β₂", values: [0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999], value: 0.999 },
    },
    draw({ eps, beta1, beta2 }) {
      const { size, rate } = lab.hover({ start, lr, betas: [beta1, beta2], eps, steps });
      const late = size.slice(steps / 2), middle = rate.slice(steps / 2).sort((a, b) => a - b);
      const critical = lab.criticalEps(lr, 1, beta1), threshold = 2 * (1 + beta1) / (1 - beta1);
      const x = { from: 0, to: steps, label: "step t", ticks: [0, 5000, 10000, 15000, 20000] };
      const distance = lab.plot({
        label: "Distance from the minimum over 20000 steps", x,
        y: { from: 1e-160, to: 1e3, log: true, label: "distance from the minimum", ticks: [1e-150, 1e-100, 1e-50, 1] },
      }).line([[0, lr], [steps, lr]], lab.grey, { width: 1, dash: "2 3" })
        .line(columns(size, 60), lab.colors.Adam, { width: 1 })
        .text(steps, lr, "α", "#5f6368", "end", [-2, -6]);
      const effective = lab.plot({
        label: "Effective learning rate over 20000 steps and its threshold", x,
        y: { from: 0.1, to: 5000, log: true, label: "effective rate Λ", ticks: [0.1, 1, 10, 100, 1000] },
      }).line([[0, threshold], [steps, threshold]], lab.grey, { width: 1.2, dash: "2 3" })
        .line(columns(rate, 60), lab.colors.momentum, { width: 1.2 })
        .text(0, threshold, "unstable above", "#5f6368", "start", [4, -6]);
      const bursts = lab.returns(size, 1e-8, lr / 10);
      return {
        panels: lab.panels(["Where θ is (logarithmic)", distance], ["Why: the rate that θ feels", effective]),
        text: `With ε = ${lab.exact(eps)}, ${lab.num("ratio", eps / critical)} times the critical ${lab.num("critical", critical)}, θ left the minimum ${
          lab.num("bursts", bursts, 0)} time${bursts === 1 ? "" : "s"}. In the second half of the run it was up to ${lab.num("farthest", Math.max(...late) / lr)} α away, and the median of Λ was ${
          lab.num("median", middle[steps / 4])}; the threshold is ${lab.num("threshold", threshold)}.`,
        note: `f = ½θ² from θ = 0.01, α = 0.001, β₁ = ${beta1}, β₂ = ${beta2}; to leave is to get from within 10⁻⁸ to more than 0.1 α away.`,
      };
    },
  };
}
