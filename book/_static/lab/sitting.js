// "Adam in one sitting": six pictures of one valley, each with one idea more.
"use strict";

{
  const kappa = 100, start = { along: -2, across: 1 };
  const colors = { along: lab.colors.Adadelta, across: lab.colors.AdaGrad };
  const adam = (hyper) => [lab.rules.Adam, hyper];
  const heavy = (mean, alpha) => [lab.rules.SGD, { momentum: mean, lr: alpha * (1 - mean) }];

  // One run: at every step where it is, the gradient, the step, and what the rule
  // remembers. Noise is a coin flip in each gradient: sigma is added or taken off. With
  // these coins the run gets about as far as the median of forty others.
  const run = ([rule, hyper], { along, across }, steps, { steep = kappa, sigma = 0 } = {}) => {
    const coins = lab.uniforms(2 * steps, 2), s = [{ t: 0 }, { t: 0 }], slope = [1, steep];
    const noise = (t, i) => (coins[2 * t + i] < 0.5 ? sigma : -sigma);
    const out = [{ at: [along, across] }];
    for (let t = 0; t < steps; t++) {
      const before = out.at(-1).at, g = before.map((x, i) => slope[i] * x + noise(t, i));
      const at = before.map((x, i) => rule(x, g[i], s[i], hyper));
      out.push({ at, g, step: at.map((x, i) => x - before[i]), size: s.map((u) => Math.sqrt(u.v_hat)), b: s.map((u) => u.b) });
    }
    return out;
  };
  const loss = ({ at: [x, y] }, steep = kappa) => (x * x + steep * y * y) / 2;

  // The valley from above, with one path and perhaps another to compare it with.
  const map = (path, color, { along, across }, { steep = kappa, other = [] } = {}) => {
    const plot = lab.plot({
      label: "The path on the valley, seen from above",
      x: { from: -2.5, to: 1.5, label: "x, along the valley", ticks: [-2, -1, 0, 1] },
      y: { from: -1.3, to: 1.3, label: "y, across", ticks: [-1, 0, 1] },
      handle: "start: left and right move it along the valley, up and down across",
    });
    for (const size of [0.5, 1, 1.6, 2.3, 4, 6, 8.5, 11]) plot.ellipse(size, size / Math.sqrt(steep), 0, "#c4c4c4");
    plot.line([[-0.06, 0], [0.06, 0]], "#000").line([[0, -0.06], [0, 0.06]], "#000")
      .line(other.map((p) => p.at), lab.grey, { width: 1.2, dash: "4 3" });
    const points = path.map((p) => p.at);
    return plot.line(points, color, { width: 1.4 }).dots(points, color, 1.8).dots([points.at(-1)], color, 4.5)
      .handle(along, across, `${along} along, ${across} across`);
  };

  // What happens over the steps; `low` and `high` say how far the axis reaches at least.
  const over = (steps, label, series, [low, high], bars = null) => {
    const all = [...series.flatMap(([values]) => values), ...(bars ?? [])].filter(Number.isFinite);
    const from = Math.min(low, ...all) * 1.05, to = Math.max(high, ...all) * 1.05;
    const plot = lab.plot({
      label, x: { from: 0, to: steps, label: "step t", ticks: lab.ticks(0, steps) },
      y: { from, to, label, ticks: lab.ticks(from, to) },
    }).line([[0, 0], [steps, 0]], lab.grey, { width: 1 });
    const points = (values) => values.map((v, i) => [i + 1, v]);
    if (bars) plot.bars(points(bars), "#b9b9b9", 0.6);
    for (const [values, color, more] of series) plot.line(points(values), color, { width: 2, ...more });
    series.forEach(([, color, { name } = {}], i) => name && plot.text(steps, to, name, color, "end", [-4, 14 + 16 * i]));
    return plot;
  };
  const length = (path, i, lr) => path.slice(1).map((p) => Math.abs(p.step[i]) / lr);
  const lengths = (steps, path, lr) => over(steps, "length of the step, in units of α",
    [[length(path, 0, lr), colors.along, { name: "along" }], [length(path, 1, lr), colors.across, { name: "across" }]], [0, 1.2]);

  const figure = (name, title, steps, controls, draw, t = steps) => {
    lab.figures[`sitting-${name}`] = {
      title, play: "t",
      controls: {
        ...controls,
        t: { label: "steps t", values: lab.range(1, steps, 1, 0), value: t },
        // without a label: set by the handle alone
        along: { values: lab.range(-2.4, 1.4, 0.1, 1), value: start.along },
        across: { values: lab.range(-1.2, 1.2, 0.1, 1), value: start.across },
      },
      handle: { x: "along", y: "across", to: (along, across) => ({ along, across }) },
      draw: (state) => draw(state, steps),
    };
  };
  const steps = (t) => `${t} step${t === 1 ? "" : "s"}`;
  const shape = (steep = kappa) => `f = ½(x² + ${steep} y²).`;

  figure("zigzag", "Plain descent", 60, {
    rate: { label: "learning rate α", values: [0.001, 0.002, 0.004, 0.006, 0.008, 0.01, 0.012, 0.014, 0.016, 0.017, 0.018, 0.019, 0.0195, 0.02, 0.0205, 0.021], value: 0.0195 },
  }, ({ rate, t, ...from }, T) => {
    const path = run([lab.rules.SGD, { lr: rate }], from, t), last = path.at(-1);
    return {
      panels: lab.panels(["Where it goes", map(path, lab.colors.SGD, from)], ["Across it flips its side, along it creeps", over(T, "position",
        [0, 1].map((i) => [path.slice(1).map((p) => p.at[i]), Object.values(colors)[i], { name: ["x, along", "y, across"][i] }]), [-2.1, 1.2])]),
      text: `After ${steps(t)} at α = ${rate} the run is at x = ${lab.num("x", last.at[0])}, y = ${lab.num("y", last.at[1])}: the loss has gone from ${
        lab.num("f-start", loss(path[0]))} to ${lab.num("f", loss(last))}.`,
      note: `${shape()} Each step multiplies x by ${lab.num("times-x", 1 - rate)} and y by ${lab.num("times-y", 1 - kappa * rate)}.`,
    };
  });

  figure("average", "Steps along an average", 60, {
    beta: { label: "memory β", values: [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98], value: 0.9 },
    rate: { label: "learning rate α", values: [0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5], value: 0.1 },
  }, ({ beta, rate, t, ...from }, T) => {
    const path = run(heavy(beta, rate), from, t), last = path.at(-1), plain = run([lab.rules.SGD, { lr: 2 / 101 }], from, t);
    const m = path.slice(1).map((p) => (1 - beta) * p.b[1]), g = path.slice(1).map((p) => p.g[1]);
    return {
      panels: lab.panels(["Where it goes; dashed: plain descent at its best rate", map(path, lab.colors.momentum, from, { other: plain })],
        ["Across: gradients (bars), their average (line)", over(T, "gradient across", [[m, lab.colors.momentum]], [-60, 60], g)]),
      text: `After ${steps(t)} at α = ${rate} along an average with β = ${beta} the loss is ${lab.num("f", loss(last))}; plain descent at its best rate has ${
        lab.num("f-plain", loss(plain.at(-1)))}. The last gradient across was ${lab.num("g", g.at(-1))}, the average ${lab.num("m", m.at(-1))}.`,
      note: shape(),
    };
  });

  figure("divide", "Steps divided by the gradient’s size", 60, {
    memory: { label: "size’s memory", values: [0, 0.9, 0.99, 0.999], value: 0.99 },
    steep: { label: "steepness across", values: [1, 4, 25, 100, 400, 2500, 10000], value: kappa },
  }, ({ memory, steep, t, ...from }, T) => {
    const lr = 0.1, path = run(adam({ lr, betas: [0, memory] }), from, t, { steep }), last = path.at(-1), { g, step } = path[1];
    return {
      panels: lab.panels(["Where it goes", map(path, lab.colors.RMSprop, from, { steep })], ["Both steps begin with the length α", lengths(T, path, lr)]),
      text: `The first gradient is ${lab.num("gx", g[0])} along and ${lab.num("gy", g[1])} across, the first step ${lab.num("step-x", Math.abs(step[0]) / lr)} α along and ${
        lab.num("step-y", Math.abs(step[1]) / lr)} α across. After ${steps(t)} the run is at x = ${lab.num("x", last.at[0], 2)}, y = ${lab.num("y", last.at[1], 2)}.`,
      note: `${shape(steep)} α = ${lr}.`,
    };
  });

  figure("both", "Average over size, through noise", 100, {
    sigma: { label: "noise σ", values: [0, 1, 2, 5, 10, 20, 50], value: 10 },
    beta1: { label: "direction’s memory β₁", values: [0, 0.5, 0.8, 0.9, 0.95], value: 0.9 },
  }, ({ sigma, beta1, t, ...from }, T) => {
    const lr = 0.1, path = run(adam({ lr, betas: [beta1, 0.999] }), from, t, { sigma }), last = path.at(-1);
    const along = path.slice(1).map((p) => p.step[0] / lr), rms = Math.sqrt(along.reduce((sum, x) => sum + x * x, 0) / t);
    return {
      panels: lab.panels(["Where it goes", map(path, lab.colors.Adam, from)],
        ["The better gradients agree, the longer", over(T, "step along, in units of α", [], [-1.1, 1.1], along)]),
      text: `With noise ±${sigma} in every gradient and β₁ = ${beta1}, ${steps(t)} led ${lab.num("moved", last.at[0] - from.along)} along the valley. A typical step along was ${
        lab.num("rms", rms)} α long (root mean square).`,
      note: `${shape()} α = ${lr}, β₂ = 0.999.`,
    };
  });

  figure("correct", "With and without the correction", 60, {
    correction: { label: "correction", options: ["off", "on"], value: "off" },
    beta2: { label: "size’s memory β₂", values: [0.9, 0.95, 0.99, 0.999, 0.9999], value: 0.999 },
  }, ({ correction, beta2, t, ...from }, T) => {
    const lr = 0.1, on = correction === "on";
    const path = run(adam({ lr, betas: [0.9, beta2], correct: on }), from, t), other = run(adam({ lr, betas: [0.9, beta2], correct: !on }), from, t);
    const solid = length(path, 0, lr), dashed = length(other, 0, lr), [here, there] = on ? ["with", "without"] : ["without", "with"];
    return {
      panels: lab.panels([`Solid: ${here} the correction; dashed: ${there}`, map(path, lab.colors.Adam, from, { other })],
        ["The same, step by step", over(T, "length of the step along, in units of α", [[dashed, lab.grey, { dash: "4 3" }], [solid, lab.colors.Adam]], [0, 1.2])]),
      text: `Step ${t} along is ${lab.num("here", solid[t - 1])} α long ${here} the correction and ${lab.num("there", dashed[t - 1])} α ${there} it. On equal gradients it would be ${
        lab.num("factor", lab.uncorrected([0.9, beta2], t))} times as long without. The loss is ${lab.num("f", loss(path.at(-1)))} ${here} and ${lab.num("f-other", loss(other.at(-1)))} ${there}.`,
      note: `${shape()} α = ${lr}, β₁ = 0.9, β₂ = ${beta2}.`,
    };
  }, 30);

  figure("eps", "What ε decides", 100, {
    eps: { label: "ε", values: [...lab.decades(-8, -2, [1]), 0.1, 0.3, 1, 2, 5, 10, 20, 50, 100, 300, 1000], value: 10 },
  }, ({ eps, t, ...from }, T) => {
    const lr = 0.1, path = run(adam({ lr, eps }), from, t), last = path.at(-1), share = last.size.map((v) => v / (v + eps));
    const sizes = lab.range(-9, 4, 0.1).map((u) => 10 ** u);
    const curve = lab.plot({
      label: "By what epsilon shortens a step, against the gradient's size",
      x: { from: 1e-9, to: 1e4, log: true, label: "size √v̂ of the gradient", ticks: [1e-8, 1e-5, 0.01, 10, 1e4], names: ["10⁻⁸", "10⁻⁵", "0.01", "10", "10⁴"] },
      y: { from: 0, to: 1.08, label: "what is left of the step", ticks: [0, 0.5, 1] },
    }).line(sizes.map((v) => [v, v / (v + eps)]), lab.colors.Adam, { width: 2.2 })
      .line([[eps, 0], [eps, 0.5]], lab.grey, { dash: "3 3" }).text(eps, 0, "ε", "#5f6368", eps > 100 ? "end" : "start", [eps > 100 ? -4 : 4, -5]);
    last.size.forEach((v, i) => curve.dots([[v, share[i]]], Object.values(colors)[i], 5)
      .text(v, share[i], Object.keys(colors)[i], Object.values(colors)[i], "end", [-8, -8]));
    return {
      panels: lab.panels(["Where it goes", map(path, lab.colors.Adam, from)], ["What ε leaves of a step", curve]),
      text: `With ε = ${lab.exact(eps)}, step ${t} keeps ${lab.num("share-x", share[0])} of its length along, where the gradient’s size is ${lab.num("size-x", last.size[0])}, and ${
        lab.num("share-y", share[1])} across, where it is ${lab.num("size-y", last.size[1])}. After ${steps(t)} x = ${lab.num("x", last.at[0], 2)}.`,
      note: `${shape()} α = ${lr}, β₁ = 0.9, β₂ = 0.999.`,
    };
  });
}
