// Reddi's problem: the gradients C, −1, −1 over and over, on [−1, 1].
"use strict";

{
  const steps = 3000, lr = 0.3;
  const Cs = lab.range(0, 1, 0.02).map((u) => 2.02 * (100 / 2.02) ** u);
  const edge = Cs.map((C) => [C, lab.criticalBeta2(C)]);

  lab.figures.reddi = {
    title: "Reddi's problem",
    controls: {
      C: { label: "large gradient C", values: [2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.8, 3, 3.5, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 50, 70, 90], value: 3 },
      beta2: { label: "decay rate β₂", values: [...lab.decades(-3, -2, [1, 1.5, 2, 3, 4, 5, 7]).filter((b) => b >= 0.003), ...lab.range(0.1, 0.95, 0.05), 0.99, 0.999], value: 0.1 },
    },
    handle: { x: "C", y: "beta2", to: (C, beta2) => ({ C, beta2 }) },
    draw({ C, beta2 }) {
      const betas = [0, beta2], path = lab.reddi(C, betas, { lr, steps });
      const [down, up, last] = lab.steadySteps([C, -1, -1], betas), drift = down + up + last;
      const wrong = drift > 0, critical = lab.criticalBeta2(C);
      const map = lab.plot({
        label: "Plane of C and β₂: below the curve Adam goes the wrong way",
        x: { from: 2.02, to: 100, log: true, label: "C", ticks: [3, 10, 30, 100] },
        y: { from: 0.003, to: 1.3, log: true, label: "β₂", ticks: [0.01, 0.1, 1] },
        handle: "left and right change C, up and down β₂",
      }).area([...edge, [100, 0.003], [2.02, 0.003]], lab.colors.Adam)
        .line(edge, lab.colors.Adam)
        .line(Cs.map((c) => [c, 1 / (1 + c * c)]), lab.colors.SGD, { dash: "5 4" })
        .text(6.3, 0.036, "wrong way", lab.colors.Adam).text(22, 0.35, "right way", lab.colors.momentum)
        .text(2.3, 0.0045, "theorem’s β₂", "#5f6368")
        .handle(C, beta2, `C = ${C}, β₂ = ${beta2}`);
      const color = wrong ? lab.colors.Adam : lab.colors.momentum;
      const top = Math.max(1.2, Math.abs(down), up, last) * 1.1;
      const bars = lab.plot({
        label: "The three steps of a period and their sum", h: 200,
        x: { from: 0.4, to: 4.6, label: "gradient", ticks: [1, 2, 3, 4], names: [`C = ${C}`, "−1", "−1", "sum"] },
        y: { from: -top, to: top, label: "step on this gradient, in units of α", ticks: [-1, 0, 1] },
      }).bars([[1, down], [2, up], [3, last]], lab.colors.SGD).bars([[4, drift]], color).line([[0, 0], [5, 0]], "#000", { width: 1 });
      const at = lab.range(0, Math.log10(steps), 0.01).map((u) => Math.round(10 ** u));
      const run = lab.plot({
        label: "Position over 3000 steps", h: 200,
        x: { from: 1, to: steps, log: true, label: "step t", ticks: [1, 10, 100, 1000] },
        y: { from: -1.1, to: 1.1, label: "position x", ticks: [-1, 0, 1] },
      }).line([[1, -1], [steps, -1]], lab.grey, { dash: "5 4" }).text(1, -1, "best point", "#5f6368", "start", [6, -5])
        .line(at.map((t) => [t, path[t]]), color, { width: 1.4 });
      return {
        panels: lab.panels(["Where Adam goes which way", map], ["One period of steps", bars], ["A run from 0", run]),
        text: `The gradient ${C} makes a step of ${lab.num("down", down)} α, the two gradients −1 make ${lab.num("up", up)} α and ${lab.num("last", last)} α: a drift of ${
          lab.num("drift", drift)} α a period, ${wrong ? "the wrong way" : "the right way"}. The run ends at ${lab.num("end", path.at(-1))}; the best point is −1. At C = ${C} the drift changes its sign at β₂ = ${
          lab.num("critical", critical)}.`,
        note: `β₁ = 0, β₂ = ${beta2}, α = 0.3/√t.`,
      };
    },
  };
}
