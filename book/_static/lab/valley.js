// Six optimizers on one valley, each at the best of 25 learning rates: where they
// get, and as a race.
"use strict";

lab.systems = {
  SGD: ["SGD"], momentum: ["SGD", { momentum: 0.9 }], AdaGrad: ["AdaGrad"],
  RMSprop: ["RMSprop"], Adadelta: ["Adadelta"], Adam: ["Adam"],
};
lab.rates = [...lab.decades(-4, 1, [1, 1.8, 3.2, 5.6]), 100];

// The learning rate at which a system ends lowest, and its path there. `schedule`
// makes of a rate the rate of each step; a path not `allowed` does not count.
lab.best = (system, { f, grad }, start, steps, { schedule = (lr) => lr, allowed = () => true } = {}) => {
  const [rule, hyper] = lab.systems[system];
  let low = Infinity, best;
  for (const lr of lab.rates) {
    const path = lab.descend(lab.rules[rule], grad, start, steps, { ...hyper, lr: schedule(lr) });
    const end = f(...path.at(-1)); // NaN after an overflow, and then not the lowest
    if (end < low && allowed(path)) [low, best] = [end, { lr, path }];
  }
  return best;
};

{
  // (along, across) the valley and (x, y), turned by `degrees`.
  const turned = (a, b, degrees) => {
    const c = Math.cos(degrees * Math.PI / 180), s = Math.sin(degrees * Math.PI / 180);
    return [c * a - s * b, s * a + c * b];
  };

  const handle = {
    x: "along", y: "across",
    to(x, y, { turn }) {
      const [along, across] = turned(x, y, -turn);
      return { along, across };
    },
  };
  const turn = { label: "turned by", values: lab.range(0, 45, 5, 0), value: 45, show: (v) => `${v}°` };
  const along = { values: lab.range(-2.2, 0.6, 0.05), value: -2 };
  const across = { values: lab.range(-1, 1, 0.05), value: 1 };

  lab.figures.valley = {
    title: "Six optimizers on one valley",
    controls: {
      turn,
      rate: {
        label: "learning rate", value: 1, show: (v) => (v === 1 ? "best" : `× ${v}`),
        values: [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.5, 2, 3, 5, 10],
      },
      along: { label: "start, along", ...along },
      across: { label: "start, across", ...across },
      steps: { label: "steps", values: lab.range(1, 200, 1, 0), value: 200 },
    },
    handle,
    draw({ turn, rate, along, across, steps }) {
      const problem = lab.valley(turn), start = turned(along, across, turn);
      const ends = [], panels = Object.entries(lab.systems).map(([name, [rule, hyper]], i) => {
        const lr = lab.best(name, problem, start, 200).lr * rate;
        const path = lab.descend(lab.rules[rule], problem.grad, start, steps, { ...hyper, lr });
        const plot = lab.plot({
          label: `Path of ${name} on the valley`, w: 200, h: 180, bare: true,
          x: { from: -2.5, to: 1.5 }, y: { from: -2.3, to: 1.3 },
          handle: "start: left and right move it along the valley, up and down across",
        });
        for (const size of [0.15, 0.5, 1, 1.6, 2.3]) plot.ellipse(size, size / 10, turn, "#949494");
        plot.line([[-0.06, 0], [0.06, 0]], "#000").line([[0, -0.06], [0, 0.06]], "#000")
          .line(path, lab.colors[name], { width: 1.4 }).dots([path.at(-1)], lab.colors[name])
          .handle(...start, `${along} along, ${across} across`, i === 0);
        let f = problem.f(...path.at(-1));
        if (Number.isNaN(f)) f = Infinity; // after an overflow
        ends.push([f, name]);
        return [`<b>${name}</b><br>f = ${lab.num(`f-${name}`, f, 1)}<br>α = ${lab.num(`lr-${name}`, lr, 2)}`, plot];
      });
      ends.sort(([f], [g]) => f - g || 0);
      const [[low, best], [high, worst]] = [ends[0], ends.at(-1)];
      return {
        panels: lab.panels(...panels),
        text: `After ${steps} step${steps === 1 ? "" : "s"} ${best} is lowest, f = ${lab.num("low", low, 1)}, and ${worst} highest, f = ${lab.num("high", high, 1)}.`,
        note: `f = ½(a² + 100 b²), where a runs along the valley, turned by ${turn}°, and b across it; from a = ${lab.exact(along)}, b = ${lab.exact(across)} with f = ${lab.num("f-start", problem.f(...start))}. Each α is ${rate === 1 ? "" : `${rate} times `}the best of 25 for 200 steps from this start; the rest are the library's defaults, and momentum 0.9.`,
      };
    },
  };

  // The same six side by side, step by step.
  const kappa = 20, last = 60, least = 1e-12;
  const x = { from: -2.5, to: 1.5 }, y = { from: -2.3, to: 1.3 };
  const rules = {
    schedule: (lr) => (t) => lr * (1 - (t - 1) / last),
    allowed: (path) => path.every(([a, b]) => a >= x.from && a <= x.to && b >= y.from && b <= y.to),
  };

  lab.figures["valley-race"] = {
    title: "Six optimizers race for sixty steps",
    play: "step",
    controls: { step: { label: "step", values: lab.range(0, last, 1, 0), value: last }, turn, along, across },
    handle,
    draw({ step, turn, along, across }) {
      const problem = lab.valley(turn, kappa), start = turned(along, across, turn);
      const first = problem.f(...start), names = Object.keys(lab.systems);
      const plane = lab.plot({
        label: "Paths of six optimizers on the valley", w: 340, h: 306, bare: true, x, y,
        handle: "start: left and right move it along the valley, up and down across",
      });
      for (const size of [0.15, 0.5, 1, 1.6, 2.3]) plane.ellipse(size, size / Math.sqrt(kappa), turn, "#949494");
      plane.line([[-0.06, 0], [0.06, 0]], "#000").line([[0, -0.06], [0, 0.06]], "#000");
      const rows = lab.plot({
        label: "The objective of each of the six", h: 250,
        x: { from: 100, to: least, log: true, label: `f after step ${step}`, ticks: [1, 1e-4, 1e-8, least], names: [1, "10⁻⁴", "10⁻⁸", "≤10⁻¹²"] },
        y: { from: -6, to: 0 },
      });
      const runs = names.map((name, i) => {
        const { lr, path } = lab.best(name, problem, start, last, rules);
        const f = problem.f(...path[step]), color = lab.colors[name];
        plane.line(path.slice(0, step + 1), color, { width: 1.4 }).dots([path[step]], color, 4);
        const row = -i - 0.7, end = Math.max(least, f);
        rows.line([[first, row], [end, row]], color, { width: 3 }).dots([[end, row]], color, 5)
          .text(100, row, name, color, "start", [3, -7]);
        return { name, lr, f };
      });
      plane.handle(...start, `${along} along, ${across} across`);
      const ranked = [...runs].sort((a, b) => a.f - b.f).map(({ name, f }) => `${name} ${lab.num(`f-${name}`, f, 1)}`);
      return {
        panels: lab.panels(["The valley", plane], ["How low they are", rows]),
        text: step === 0 ? `At the start f = ${lab.num("f-start", first)} for all six.`
          : `f after step ${step} of ${last}, the lowest first: ${ranked.join(", ")}.`,
        note: `f = ½(a² + ${kappa} b²), where a runs along the valley, turned by ${turn}°, and b across it; from a = ${lab.exact(along)}, b = ${lab.exact(across)}. The learning rates fall to zero in a straight line; each is, of 25, the one that ends lowest from this start without leaving the picture: ${
          runs.map(({ name, lr }) => `${name} ${lab.num(`lr-${name}`, lr, 2)}`).join(", ")}.`,
      };
    },
  };
}
