// The longest step there can be, and the gradients that make it.
"use strict";

{
  const T = 4000;
  lab.figures.bound = {
    title: "The longest step",
    controls: {
      growth: {
        // as a power of the worst growth, beta2 / beta1
        label: "growth", values: lab.range(0, 2, 0.05), value: 1,
        show: (v, { beta1, beta2 }) => `× ${lab.show((beta2 / beta1) ** v)}${{ 0: ", equal", 1: ", worst" }[v] ?? ""}`,
      },
      beta1: { label: "decay rate β₁", values: [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98], value: 0.9 },
      beta2: { label: "decay rate β₂", values: [0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999], value: 0.999 },
    },
    draw({ growth, beta1, beta2 }) {
      const betas = [beta1, beta2], factor = (beta2 / beta1) ** growth;
      const rows = lab.bound(betas, factor, T), last = rows.at(-1), limit = lab.boundLimit(betas);
      const at = lab.range(0, Math.log10(T), 0.03).map((u) => Math.round(10 ** u)).concat(T);
      const recent = lab.range(0, 39, 1, 0), largest = Math.max(1, factor ** -39);
      const gradients = lab.plot({
        label: "The last forty gradients as shares of the newest",
        x: { from: 40, to: -0.7, label: "age of the gradient, in steps", ticks: [39, 30, 20, 10, 0] },
        y: { from: 0, to: largest * 1.08, label: "gradient, newest = 1", ticks: lab.ticks(0, largest) },
      }).bars(recent.map((age) => [age, factor ** -age]), growth === 1 ? lab.colors.Adam : lab.colors.momentum);
      const far = last.bound > 100, top = Math.max(1.5, last.bound * 1.15, limit < 3 * last.bound ? limit * 1.1 : 0);
      const steps = lab.plot({
        label: "Length of the step against the step, and the bound",
        x: { from: 1, to: T, log: true, label: "step t", ticks: [1, 10, 100, 1000] },
        y: { from: far ? 0.1 : 0, to: top, log: far, label: "length of step t, in units of α", ticks: far ? [1, 1e3, 1e6, 1e9] : lab.ticks(0, top) },
      });
      if (Number.isFinite(limit)) steps.line([[1, limit], [T, limit]], lab.grey, { width: 1, dash: "2 3" }).text(1, limit, "limit of the bound", lab.colors.SGD, "start", [4, 14]);
      steps.line(at.map((t) => [t, rows[t - 1].bound]), lab.grey, { width: 5 })
        .line(at.map((t) => [t, rows[t - 1].step]), growth === 1 ? lab.colors.Adam : lab.colors.momentum, { width: 2.2 });
      return {
        panels: lab.panels(["The gradients", gradients], ["Thin: their steps; thick: the bound", steps]),
        text: `When each gradient is ${lab.num("factor", factor)} times the one before, step ${T} is ${lab.num("step", last.step)} α long. No gradients at all make it longer than ${
          lab.num("bound", last.bound)} α; ${Number.isFinite(limit) ? `the limit of this bound is ${lab.num("limit", limit)} α` : "this bound has no limit"}.`,
        note: `β₁ = ${beta1}, β₂ = ${beta2}.`,
      };
    },
  };
}
