// Six optimizers on one valley, each at the best of 25 learning rates.
"use strict";

{
  // (along, across) the valley and (x, y), turned by `degrees`.
  const turned = (a, b, degrees) => {
    const c = Math.cos(degrees * Math.PI / 180), s = Math.sin(degrees * Math.PI / 180);
    return [c * a - s * b, s * a + c * b];
  };

  lab.figures.valley = {
    title: "Six optimizers on one valley",
    controls: {
      turn: { label: "turned by", values: lab.range(0, 45, 5, 0), value: 45, show: (v) => `${v}°` },
      rate: {
        label: "learning rate", value: 1, show: (v) => (v === 1 ? "best" : `× ${v}`),
        values: [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.5, 2, 3, 5, 10],
      },
      along: { label: "start, along", values: lab.range(-2.2, 0.6, 0.05), value: -2 },
      across: { label: "start, across", values: lab.range(-1, 1, 0.05), value: 1 },
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
}
