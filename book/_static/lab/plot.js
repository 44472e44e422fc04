// Drawing and numbers for the explorables: plain functions from data to SVG text,
// so that the same code draws on the page, in the tests, and the stills that stand
// in the built pages where scripts do not run.
"use strict";

// The colours of adam_lib.plotting. Like every figure of the book these are drawn
// for white paper; lab.css inverts them in the dark theme.
lab.colors = {
  SGD: "#5f6368", momentum: "#0b62a8", AdaGrad: "#a0307f", RMSprop: "#00795a",
  Adadelta: "#8a6500", Adam: "#c2410c",
};
lab.grey = "#8a8a8a";

// ---------------------------------------------------------------------- numbers

const raised = (k) => [...String(k)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");

// A number to so many significant digits, as one writes it: 0.0263, −2.1·10⁻⁶.
lab.show = (x, digits = 3) => {
  if (Number.isNaN(x)) return "–";
  const sign = x < 0 ? "−" : "", size = Math.abs(x);
  if (size === Infinity) return `${sign}∞`;
  if (size === 0 || digits === 0) return `${sign}${size}`; // a count
  if (size < 1e-3 || size >= 1e6) {
    const [head, power] = size.toExponential(digits - 1).split("e");
    return `${sign}${head}·10${raised(Number(power))}`;
  }
  return sign + (size >= 10 ** digits ? Math.round(size) : size.toPrecision(digits));
};

// A number a control was set to, such as 1.5·10⁻⁶, 2·10⁻⁶ or 10⁻⁶.
lab.exact = (x) => (
  x && Math.abs(x) < 1e-3 ? lab.show(x, 2).replace(".0·", "·").replace(/^1·/, "") : String(x).replace("-", "−"));

// The same with its exact value beside it, for whoever reads the page by program.
lab.num = (name, value, digits = 3) =>
  `<data data-n="${name}" value="${value}">${lab.show(value, digits)}</data>`;

// Values of a slider: 0.1, 0.2, ... 0.9, 0.91, ... 0.99, ...: nine to a decade of 1 - beta.
lab.betas = (decades) => {
  const out = [];
  for (let k = 1; k <= decades; k++)
    for (let p = 9; p > 0; p--) out.push(Number((1 - p / 10 ** k).toFixed(k)));
  return out;
};
lab.range = (from, to, step, decimals = 2) =>
  Array.from({ length: Math.round((to - from) / step) + 1 },
    (_, i) => Number((from + i * step).toFixed(decimals)));
// p * 10^k for k from `low` to `high`.
lab.decades = (low, high, parts = [1, 2, 5]) =>
  lab.range(low, high, 1, 0).flatMap((k) => parts.map((p) => Number(`${p}e${k}`)));

// ------------------------------------------------------------------------- axes

const px = (x) => String(Math.round(Math.max(-9999, Math.min(9999, x)) * 10) / 10);
const tick = (v) => {
  const power = Math.log10(Math.abs(v));
  return v && Number.isInteger(power) && Math.abs(power) > 4 ? `10${raised(power)}`
    : String(v).replace("-", "−");
};

// About four round numbers from `low` to `high`.
lab.ticks = (low, high) => {
  const step = lab.decades(-6, 6).find((s) => (high - low) / s <= 5);
  return lab.range(Math.ceil(low / step) * step, high, step, 6).filter((v) => v <= high);
};

// A scale from data to pixels; `from` may be above `to`.
const scale = ({ from, to, log }, a, b) => {
  const u = log ? Math.log10 : (x) => x;
  return (x) => a + (u(x) - u(from)) / (u(to) - u(from)) * (b - a);
};

// One pair of axes. x and y: {from, to, log, label, ticks, names}. The methods add
// to the drawing, in data coordinates, and return the plot; `svg()` is its text.
lab.plot = ({ label, x, y, w = 340, h = 230, bare = false, handle = null }) => {
  const [left, right, top, bottom] = bare ? [1, 1, 1, 1] : [46, 12, 24, 40];
  const W = w - left - right, H = h - top - bottom;
  const X = scale(x, 0, W), Y = scale(y, H, 0);
  const back = [], parts = [], front = [];
  const at = (v, [a, b]) => `${px(a(v[0]))} ${px(b(v[1]))}`;
  for (const [i, v] of (x.ticks ?? []).entries()) {
    back.push(`<path class="lab-grid" d="M${px(X(v))} 0v${H}"/>`,
      `<text class="lab-tick" x="${px(X(v))}" y="${H + 16}" text-anchor="middle">${x.names?.[i] ?? tick(v)}</text>`);
  }
  for (const [i, v] of (y.ticks ?? []).entries()) {
    back.push(`<path class="lab-grid" d="M0 ${px(Y(v))}h${W}"/>`,
      `<text class="lab-tick" x="-6" y="${px(Y(v) + 4)}" text-anchor="end">${y.names?.[i] ?? tick(v)}</text>`);
  }
  if (x.label) back.push(`<text x="${W / 2}" y="${H + 34}" text-anchor="middle">${x.label}</text>`);
  if (y.label) back.push(`<text x="${8 - left}" y="-9">${y.label}</text>`);
  const path = (points) => {
    const fine = points.filter(([a, b]) => !Number.isNaN(X(a) + Y(b)));
    return fine.length ? `M${fine.map((p) => at(p, [X, Y])).join("L")}` : "M0 0";
  };
  const plot = {
    line(points, color, { width = 1.8, dash = "" } = {}) {
      parts.push(`<path d="${path(points)}" fill="none" stroke="${color}" stroke-width="${width}"`
        + (dash && ` stroke-dasharray="${dash}"`) + "/>");
      return plot;
    },
    area(points, color) {
      parts.push(`<path d="${path(points)}Z" fill="${color}" fill-opacity="0.15"/>`);
      return plot;
    },
    // Bars from 0, `width` in units of x, but never too thin to be seen.
    bars(points, color, width = 0.8) {
      const half = Math.max(0.6, Math.abs(X(width) - X(0)) / 2);
      const d = points.map(([a, b]) => `M${px(X(a) - half)} ${px(Y(0))}V${px(Y(b))}h${px(2 * half)}V${px(Y(0))}`);
      parts.push(`<path d="${d.join("")}Z" fill="${color}"/>`);
      return plot;
    },
    dots(points, color, r = 3) { // large ones mark a point and are not cut at the axes
      const d = points.map((p) => `M${at(p, [X, Y])}h0`).join("");
      (r > 3 ? front : parts).push(`<path d="${d}" stroke="${color}" stroke-width="${2 * r}" stroke-linecap="round"/>`);
      return plot;
    },
    ellipse(a, b, degrees, color) {
      const rx = Math.abs(X(a) - X(0)), ry = Math.abs(Y(b) - Y(0));
      parts.push(`<ellipse rx="${px(rx)}" ry="${px(ry)}" transform="translate(${px(X(0))} ${px(Y(0))}) rotate(${-degrees})" fill="none" stroke="${color}"/>`);
      return plot;
    },
    text(a, b, text, color, anchor = "start", [dx, dy] = [0, 0]) {
      front.push(`<text x="${px(X(a) + dx)}" y="${px(Y(b) + dy)}" text-anchor="${anchor}" fill="${color}">${text}</text>`);
      return plot;
    },
    // What can be dragged; the outer circle, not seen, is what a finger needs.
    handle(a, b, text, focus = true) {
      const role = focus ? ` tabindex="0" role="slider" aria-label="${handle}" aria-valuenow="${px(X(a))}" aria-valuemin="0" aria-valuemax="${W}" aria-valuetext="${text}"` : "";
      front.push(`<g class="lab-handle" data-handle${role}><g transform="translate(${at([a, b], [X, Y])})"><circle class="lab-grab" r="${bare ? 29 : 24}"/><circle class="lab-ring" r="12"/><circle r="5"/></g></g>`);
      return plot;
    },
    svg() {
      const plane = [x.from, x.to, x.log ? 1 : 0, y.from, y.to, y.log ? 1 : 0, left, top, W, H];
      return `<svg viewBox="0 0 ${w} ${h}" role="${handle ? "group" : "img"}" aria-label="${label}"`
        + (handle ? ` data-plane="${plane}"` : "") + ">"
        + `<g transform="translate(${left} ${top})"><g aria-hidden="true">${back.join("")}</g>`
        + `<svg width="${W}" height="${H}" overflow="hidden">${parts.join("")}</svg>`
        + `<path class="lab-frame" d="M0 0V${H}H${W}${bare ? "V0Z" : ""}"/>${front.join("")}</g></svg>`;
    },
  };
  return plot;
};

// The panels of an explorable, each with a line of text above it.
lab.panels = (...panels) =>
  panels.map(([title, plot]) => `<div class="lab-panel"><p>${title}</p>${plot.svg()}</div>`).join("");

// The state in which an explorable opens.
lab.opening = (figure) => Object.fromEntries(
  Object.entries(figure.controls).map(([key, control]) => [key, control.value]));

// What the page shows of an explorable: figure, finding and setting, as HTML.
lab.render = (name, state = lab.opening(lab.figures[name])) => {
  const { panels, text, note = "" } = lab.figures[name].draw(state);
  const whole = (s) => s.replace(/ = | (?=[α%])/g, (gap) => gap.replaceAll(" ", "\u00a0")); // not broken there
  return `<div class="lab-panels">${panels}<p class="lab-text"><span>${whole(text)}</span> <small>${whole(note)}</small></p></div>`;
};
