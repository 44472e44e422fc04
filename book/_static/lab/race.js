// Six optimizers side by side on one valley, step by step.
"use strict";

{
  const kappa = 20, last = 60, least = 1e-12;
  // (along, across) the valley and (x, y), turned by `degrees`.
  const turned = (a, b, degrees) => {
    const c = Math.cos(degrees * Math.PI / 180), s = Math.sin(degrees * Math.PI / 180);
    return [c * a - s * b, s * a + c * b];
  };
  const x = { from: -2.5, to: 1.5 }, y = { from: -2.3, to: 1.3 };
  const rules = {
    schedule: (lr) => (t) => lr * (1 - (t - 1) / last),
    allowed: (path) => path.every(([a, b]) => a >= x.from && a <= x.to && b >= y.from && b <= y.to),
  };

  lab.figures.race = {
    title: "Six optimizers race for sixty steps",
    controls: {
      step: { label: "step", values: lab.range(0, last, 1, 0), value: last, play: 200 },
      turn: { label: "turned by", values: lab.range(0, 45, 5, 0), value: 45, show: (v) => `${v}°` },
      along: { label: "start, along", values: lab.range(-2.2, 0.6, 0.05), value: -2 },
      across: { label: "start, across", values: lab.range(-1, 1, 0.05), value: 1 },
    },
    handle: {
      x: "along", y: "across",
      to(x, y, { turn }) {
        const [along, across] = turned(x, y, -turn);
        return { along, across };
      },
    },
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
