// By what every step is multiplied without bias correction, over the decay rates.
"use strict";

{
  const horizon = 40000;
  // The largest factor, its step, and the step from which on it is within 5 percent of 1.
  lab.factorShape = (betas) => {
    let peak = 0, at = 0, late = 0;
    for (let t = 1; t <= horizon; t++) {
      const F = lab.uncorrected(betas, t);
      if (F > peak) [peak, at] = [F, t];
      if (Math.abs(F - 1) > 0.05) late = t;
    }
    return { peak, at, within: late + 1 };
  };

  lab.figures.factor = {
    title: "The factor without correction",
    controls: {
      beta1: { label: "decay rate β₁", values: lab.betas(3), value: 0.9 },
      beta2: { label: "decay rate β₂", values: lab.betas(4), value: 0.999 },
    },
    handle: { x: "beta1", y: "beta2", to: (x, y) => ({ beta1: 1 - x, beta2: 1 - y }) },
    draw({ beta1, beta2 }) {
      const betas = [beta1, beta2], { peak, at, within } = lab.factorShape(betas);
      const map = lab.plot({
        label: "Plane of the decay rates with three regions",
        x: { from: 1, to: 1e-3, log: true, label: "β₁", ticks: [0.9, 0.1, 0.01, 0.001], names: [0.1, 0.9, 0.99, 0.999] },
        y: { from: 1, to: 1e-4, log: true, label: "β₂", ticks: [0.9, 0.1, 0.01, 0.001, 1e-4], names: [0.1, 0.9, 0.99, 0.999, 0.9999] },
        handle: "decay rates: left and right change β₁, up and down β₂",
      });
      const q = lab.range(0, 3, 0.05).map((u) => 10 ** -u); // 1 - beta1
      const border = q.map((x) => [x, x * x]), diagonal = q.map((x) => [x, x]);
      map.area([...border, [1e-3, 1e-5], [1, 1e-5]], lab.colors.Adam)
        .area([...border, ...[...diagonal].reverse()], lab.colors.Adadelta)
        .area([...diagonal, [1e-3, 1]], lab.colors.momentum)
        .text(0.55, 4e-3, "too long", lab.colors.Adam).text(0.0045, 8e-4, "short, then long", lab.colors.Adadelta, "middle")
        .text(0.02, 0.3, "too short", lab.colors.momentum)
        .handle(1 - beta1, 1 - beta2, `β₁ = ${beta1}, β₂ = ${beta2}`);
      const times = lab.range(0, 5, 0.02).map((u) => Math.round(10 ** u));
      const curve = lab.plot({
        label: "Factor of the uncorrected step against the step",
        x: { from: 1, to: 1e5, log: true, label: "step t", ticks: [1, 10, 100, 1e3, 1e4, 1e5], names: [1, 10, 100, 1000, "10⁴", "10⁵"] },
        y: { from: 0.01, to: 100, log: true, label: "step, in units of the corrected one", ticks: [0.01, 0.1, 1, 10, 100] },
      }).line([[1, 1], [1e5, 1]], lab.grey)
        .line(times.map((t) => [t, lab.uncorrected(betas, t)]), lab.colors.Adam, { width: 2.4 })
        .text(8e4, 40, "too long", lab.colors.Adam, "end").text(8e4, 0.02, "too short", lab.colors.momentum, "end");
      const long = peak > 1 && at < horizon;
      if (long) curve.dots([[at, peak]], lab.colors.Adam, 5);
      return {
        panels: lab.panels(["The steps at each pair of rates", map], ["Every step without correction", curve]),
        text: `Without correction, at β₁ = ${beta1} and β₂ = ${beta2}, the first step is ${lab.num("first", lab.uncorrected(betas, 1))} times as long as it should be. ${
          long ? `The longest is step ${lab.num("at", at, 0)}, by the factor ${lab.num("peak", peak)}.` : "No step is too long."} From step ${
          lab.num("within", within, 0)} on the error is at most 5 %.`,
      };
    },
  };
}
