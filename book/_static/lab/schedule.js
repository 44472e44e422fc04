// Batch size, noise and schedule: how fast the mean loss falls, and where it stays.
"use strict";

{
  const examples = 16384, start = 10, peak = 0.05;
  const rules = { unchanged: 0, "square root": 0.5, linear: 1 };

  // The rate at step t of T as a share of its peak; adam_lib.experiments.schedules.
  const shapes = {
    constant: () => 1,
    linear: (p) => 1 - p,
    cosine: (p) => (1 + Math.cos(Math.PI * p)) / 2,
    "hold, then fall": (p) => 1 - Math.max(0, p - (1 - 0.2)) / 0.2,
  };

  // The mean of x^2 / 2 at every step, where Adam divides by the gradient's root mean square.
  lab.meanLosses = ({ batch, noise, rule, schedule }) => {
    const steps = examples / batch, variance = noise * noise / batch, out = [start * start / 2];
    const lr = peak * batch ** rules[rule];
    for (let t = 1, q = start * start; t <= steps; t++) {
      const a = lr * shapes[schedule]((t - 1) / steps) / Math.sqrt(q + variance);
      q = (1 - a) * (1 - a) * q + a * a * variance;
      out.push(q / 2);
    }
    return { steps, lr, losses: out };
  };
  // After how many examples the loss is first at most a hundredth of the start's.
  const reach = ({ losses, steps }) => losses.findIndex((f) => f <= losses[0] / 100) * (examples / steps);

  lab.figures.schedule = {
    title: "Batch, noise and schedule",
    controls: {
      batch: { label: "batch size b", values: lab.range(0, 10, 1, 0).map((k) => 2 ** k), value: 16 },
      noise: { label: "noise σ of one example", values: [1, 3, 10, 30, 100], value: 30 },
      rule: { label: "rate grows with the batch", options: Object.keys(rules), value: "linear" },
      schedule: { label: "schedule", options: Object.keys(shapes), value: "constant" },
    },
    draw(state) {
      const run = lab.meanLosses(state), single = lab.meanLosses({ ...state, batch: 1 });
      const points = ({ losses, steps }) => {
        const by = Math.max(1, Math.floor(steps / 256));
        return losses.map((f, t) => [t * examples / steps, f]).filter((_, t) => t % by === 0 || t === steps);
      };
      const x = { from: 0, to: examples, label: "examples", ticks: [0, 5000, 10000, 15000] };
      const loss = lab.plot({
        label: "Mean loss against the number of examples, for this batch and for single examples", x,
        y: { from: 1e-3, to: 100, log: true, label: "mean loss", ticks: [1e-3, 0.01, 0.1, 1, 10, 100] },
      }).line(points(single), lab.grey, { width: 4 }).line(points(run), lab.colors.Adam, { width: 2.2 });
      const rate = lab.plot({
        label: "Learning rate against the number of examples", x,
        y: { from: 1e-3, to: 100, log: true, label: "learning rate", ticks: [1e-3, 0.01, 0.1, 1, 10, 100] },
      });
      const line = ({ lr, steps }) => lab.range(0, 127, 1, 0).map((i) => [i / 128 * examples, lr * shapes[state.schedule](Math.floor(i / 128 * steps) / steps)]);
      rate.line(line(single), lab.grey, { width: 4 }).line(line(run), lab.colors.Adam, { width: 2.2 });
      const end = run.losses.at(-1), there = reach(run);
      return {
        panels: lab.panels(["Thick and grey: single examples", loss], ["The rates", rate]),
        text: `With batches of ${state.batch} and a peak rate of ${lab.num("lr", run.lr)} the loss ends at ${lab.num("end", end)}, ${
          lab.num("ratio", end / single.losses.at(-1))} times what single examples reach. ${
          there < 0 ? "It never falls to a hundredth of the start's."
            : `It falls to a hundredth of the start's after ${lab.num("reach", there, 0)} examples, ${lab.num("steps", there / state.batch, 0)} step${there === state.batch ? "" : "s"}.`}`,
        note: `f = ½x² from x = 10, α = 0.05 for single examples, ${examples} examples in all; computed for a mean step, with Adam's v at its mean and no momentum.`,
      };
    },
  };
}
