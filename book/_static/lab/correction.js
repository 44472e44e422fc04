// Both averages and the step along a gradient sequence, corrected and not.
"use strict";

lab.figures.correction = {
  title: "Bias correction, on and off",
  controls: {
    gradient: { label: "gradient", options: Object.keys(lab.gradients), value: "constant" },
    correction: { label: "correction", options: ["off", "on"], value: "off" },
    beta1: { label: "decay rate β₁", values: [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99], value: 0.9 },
    beta2: { label: "decay rate β₂", values: [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999], value: 0.999 },
    t: { label: "step t", values: lab.range(1, 100, 1, 0), value: 12 },
  },
  draw({ gradient, correction, beta1, beta2, t }) {
    const on = correction === "on", g = lab.gradients[gradient](100), betas = [beta1, beta2];
    const used = lab.moments(g, betas, { correct: on }), other = lab.moments(g, betas, { correct: !on });
    const column = (rows, key) => rows.map((row) => row[key]);
    const panel = (label, [solid, dashed], dots = []) => {
      const all = [...solid, ...dashed, ...dots, 0], low = Math.min(...all), high = Math.max(...all), room = (high - low) * 0.08;
      const points = (values) => values.map((v, i) => [i + 1, v]);
      return lab.plot({
        label, h: 200,
        x: { from: 0, to: 100, label: "step t", ticks: [0, 25, 50, 75, 100] },
        y: { from: low - (low < 0 ? room : 0), to: high + room, label, ticks: lab.ticks(low, high) },
      }).dots(points(dots), lab.grey, 2)
        .line(points(dashed), lab.colors.momentum, { width: 1.6, dash: "5 4" })
        .line(points(solid), lab.colors.Adam, { width: 2.4 })
        .dots([[t, solid[t - 1]]], lab.colors.Adam, 5);
    };
    const order = (without, corrected) => (on ? [corrected, without] : [without, corrected]);
    const average = (key) => order(column(used, key), column(used, `${key}_hat`));
    const [here, there] = order("without", "with"), [m, m2] = order("m", "m̂"), [v, v2] = order("v", "v̂");
    const now = used[t - 1], [without, corrected] = order(now, other[t - 1]);
    return {
      panels: lab.panels(
        [`Solid: ${here} correction; dashed: ${there}`, panel("step, in units of α", [column(used, "step"), column(other, "step")])],
        [`Solid: ${m}; dashed: ${m2}; dots: g`, panel("first moment", average("m"), g)],
        [`Solid: ${v}; dashed: ${v2}; dots: g²`, panel("second raw moment", average("v"), g.map((x) => x * x))]),
      text: `Step ${t} along a ${gradient} gradient is ${lab.num("step", now.step)} α ${here} the correction and ${
        lab.num("other", other[t - 1].step)} α ${there} it${
        now.step ? `: ${lab.num("ratio", without.step / corrected.step)} times as long without` : ""}. The averages: m = ${
        lab.num("m", now.m)}, v = ${lab.num("v", now.v)}; corrected, m̂ = ${lab.num("m_hat", now.m_hat)}, v̂ = ${lab.num("v_hat", now.v_hat)}.`,
      note: `β₁ = ${beta1}, β₂ = ${beta2}.`,
    };
  },
};
