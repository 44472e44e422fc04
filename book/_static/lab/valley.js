// Six optimizers on one valley, each at the best of 25 learning rates.
"use strict";

lab.systems = {
  SGD: ["SGD", {}], momentum: ["SGD", { momentum: 0.9 }], AdaGrad: ["AdaGrad", {}],
  RMSprop: ["RMSprop", {}], Adadelta: ["Adadelta", {}], Adam: ["Adam", {}],
};
lab.rates = [...lab.decades(-4, 1, [1, 1.8, 3.2, 5.6]), 100];

// The path of a system that ends lowest after 200 steps, and its learning rate.
lab.bestRate = (system, { f, grad }, start) => {
  const [rule, hyper] = lab.systems[system];
  let best = Infinity, rate = lab.rates[0];
  for (const lr of lab.rates) {
    const end = f(...lab.descend(lab.rules[rule], grad, start, 200, { ...hyper, lr }).at(-1));
    if (end < best) [best, rate] = [end, lr]; // false for NaN: too large a rate overflows
  }
  return rate;
};

{
  // Searching the rates takes a while; it need not be repeated when nothing it
  // depends on has changed.
  let known = "", rates = {};
  const searched = (problem, start, key) => {
    if (key !== known)
      rates = Object.fromEntries(Object.keys(lab.systems).map((name) => [name, lab.bestRate(name, problem, start)]));
    known = key;
    return rates;
  };

  // (along, across) the valley and (x, y), turned by `degrees`.
  const turned = (a, b, degrees) => {
    const c = Math.cos(degrees * Math.PI / 180), s = Math.sin(degrees * Math.PI / 180);
    return [c * a - s * b, s * a + c * b];
  };

  lab.figures.valley = {
    title: "Six optimizers on one valley",
    controls: {
      turn: { label: "turn of the valley", values: lab.range(0, 90, 5, 0), value: 45, show: (v) => `${v}°` },
      rate: {
        label: "learning rate, best = 1", value: 1,
        values: [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.5, 2, 3, 5, 10],
      },
      along: { label: "start, along the valley", values: lab.range(-2.4, 1.2, 0.05), value: -2 },
      across: { label: "start, across it", values: lab.range(-1, 1, 0.05), value: 1 },
      steps: { label: "steps", values: lab.range(1, 200, 1, 0), value: 200 },
    },
    handle: {
      x: "along", y: "across",
      to(x, y, { turn }) {
        const [along, across] = turned(x, y, -turn);
        return { along, across };
      },
    },
    draw({ turn, rate, along, across, steps }) {
      const problem = lab.valley(turn), start = turned(along, across, turn);
      const rates = searched(problem, start, [turn, along, across].join());
      const panels = Object.entries(lab.systems).map(([name, [rule, hyper]], i) => {
        const lr = rates[name] * rate;
        const path = lab.descend(lab.rules[rule], problem.grad, start, steps, { ...hyper, lr });
        const plot = lab.plot({
          label: `Path of ${name} on the valley`, w: 200, h: 160, bare: true,
          x: { from: -2.6, to: 1.4 }, y: { from: -2, to: 1.2 },
          handle: "start: left and right move it along the valley, up and down across",
        });
        for (const size of [0.15, 0.5, 1, 1.6, 2.3]) plot.ellipse(size, size / 10, turn, "#c9c9c9");
        plot.line([[-0.06, 0], [0.06, 0]], "#000").line([[0, -0.06], [0, 0.06]], "#000")
          .line(path, lab.colors[name], { width: 1.4 }).dots([path.at(-1)], lab.colors[name])
          .handle(...start, `${along} along, ${across} across`, i === 0);
        return [`<b>${name}</b><br>f = ${lab.num(`f-${name}`, problem.f(...path.at(-1)), 1)}<br>α = ${lab.num(`lr-${name}`, lr, 2)}`, plot];
      });
      return {
        panels: lab.panels(...panels),
        text: `After ${steps} steps on ½(a² + 100 b²), where a runs along the valley, turned by ${turn}°, and b across it, from a = ${lab.exact(along)}, b = ${lab.exact(across)} with f = ${lab.num("f-start", problem.f(...start))}. Each α is ${rate === 1 ? "" : `${rate} times `}the best of 25 for 200 steps from this start; the rest are the library's defaults, and momentum 0.9.`,
      };
    },
  };
}
