// The weights of an exponential moving average, and what its zero start holds back.
"use strict";

lab.figures.weights = {
  title: "The weights of a moving average",
  controls: {
    beta: { label: "decay rate β", values: [0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, ...lab.betas(3).filter((b) => b >= 0.9)], value: 0.9 },
    t: { label: "observations t", values: [...lab.range(1, 30, 1, 0), ...lab.range(35, 100, 5, 0), 120, 150, 200, 300, 500, 1000], value: 10 },
    correction: { label: "correction", options: ["off", "on"], value: "off" },
  },
  draw({ beta, t, correction }) {
    const on = correction === "on", total = lab.biasFactor(beta, t), zero = lab.power(beta, t);
    const ages = lab.range(0, t - 1, 1, 0), weight = (age) => lab.weight(beta, age) / (on ? total : 1);
    const newest = weight(0), top = Math.max(newest, on ? 0 : zero) * 1.1, wide = Math.max(12, t + 1);
    const ten = lab.biasFactor(beta, Math.min(t, 10)) / (on ? total : 1);
    const bars = lab.plot({
      label: "Weight against the age of the observation",
      x: { from: -0.7, to: wide, label: "age of the observation, in steps", ticks: lab.ticks(0, wide) },
      y: { from: 0, to: top, label: "weight", ticks: lab.ticks(0, top) },
    }).bars(ages.map((age) => [age, weight(age)]), lab.colors.momentum);
    if (!on) {
      bars.bars([[t, zero]], lab.colors.Adam, Math.max(0.8, wide / 80))
        .text(t, Math.max(zero, top / 10), "zero start", lab.colors.Adam, t < 4 ? "start" : "end", [t < 4 ? 12 : -12, 10]);
    }
    const times = lab.range(0, 3, 0.05).map((u) => 10 ** u);
    const curve = lab.plot({
      label: "Sum of the weights against the number of observations",
      x: { from: 1, to: 1000, log: true, label: "number of observations t", ticks: [1, 10, 100, 1000] },
      y: { from: 0, to: 1.08, label: "sum of the weights", ticks: [0, 0.5, 1] },
    }).line(times.map((n) => [n, on ? 1 : lab.biasFactor(beta, n)]), lab.colors.momentum)
      .dots([[t, on ? 1 : total]], lab.colors.Adam, 5);
    return {
      panels: lab.panels(["How much each observation counts", bars], ["How much they count together", curve]),
      text: `With β = ${beta} and t = ${t} the weight on the observations is ${lab.num("sum", on ? 1 : total)}${
        on ? `, after division by ${lab.num("factor", total)}` : `; ${lab.num("zero", zero)} is still on the zero that the average began with`}. ${
        t > 10 ? `The ten newest hold ${lab.num("newest", ten)}. ` : ""}A weight is halved in ${lab.num("half-life", lab.halfLife(beta))} steps, and the corrected average is as noisy as a plain mean of ${
        lab.num("sample-size", lab.sampleSize(beta, t))} observations.`,
    };
  },
};
