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
    const series = (rows, key) => rows.map((row, i) => [i + 1, row[key]]);
    const [bold, faint, grey] = [lab.colors.Adam, lab.colors.momentum, "#b5b5b5"];
    const strong = { width: 2.4 }, weak = { width: 1.6, dash: "5 4" };
    const now = used[t - 1];
    const panel = (label, values, names, also = []) => {
      const all = names.flatMap((key) => used.map((row) => row[key])).concat(values, also, 0);
      const [low, high] = [Math.min(...all), Math.max(...all)], room = (high - low) * 0.08;
      const y = { from: low - (low < 0 ? room : 0), to: high + room, label, ticks: lab.ticks(low, high) };
      return lab.plot({ label, h: 200, x: { from: 0, to: 100, label: "step", ticks: [0, 25, 50, 75, 100] }, y });
    };
    const cursor = (plot, rows, key) => plot.dots([[t, rows[t - 1][key]]], bold, 5);
    const average = (label, values, raw, hat) => {
      const plot = panel(label, values, [raw, hat]);
      plot.dots(values.map((v, i) => [i + 1, v]), grey, 2)
        .line(series(used, on ? raw : hat), faint, weak).line(series(used, on ? hat : raw), bold, strong);
      return cursor(plot, used, on ? hat : raw);
    };
    const step = panel("step, in units of α", [1], ["step"], other.map((row) => row.step));
    cursor(step.line(series(other, "step"), faint, weak).line(series(used, "step"), bold, strong), used, "step");
    const [m, v] = on ? ["m̂", "v̂"] : ["m", "v"], [m2, v2] = on ? ["m", "v"] : ["m̂", "v̂"];
    return {
      panels: lab.panels(
        [`Solid: ${m}; dashed: ${m2}; dots: g`, average("first moment", g, "m", "m_hat")],
        [`Solid: ${v}; dashed: ${v2}; dots: g²`, average("second raw moment", g.map((x) => x * x), "v", "v_hat")],
        [`Solid: ${on ? "with" : "without"} correction; dashed: ${on ? "without" : "with"}`, step]),
      text: `At step ${t} of a ${gradient} gradient: m = ${lab.num("m", now.m)}, v = ${lab.num("v", now.v)}; corrected, m̂ = ${
        lab.num("m_hat", now.m_hat)}, v̂ = ${lab.num("v_hat", now.v_hat)}. The step is ${lab.num("step", now.step)} α ${
        on ? "with" : "without"} the correction and ${lab.num("other", other[t - 1].step)} α ${on ? "without" : "with"} it${
        now.step ? `: ${lab.num("ratio", on ? other[t - 1].step / now.step : now.step / other[t - 1].step)} times as long without` : ""} (β₁ = ${beta1}, β₂ = ${beta2}).`,
    };
  },
};
