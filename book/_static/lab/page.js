// Brings the explorables of a page to life: controls, dragging, the address.
"use strict";

lab.mount = (root) => {
  const name = root.dataset.lab, figure = lab.figures[name], { controls, handle } = figure;
  const view = root.querySelector(".lab-view"), keys = Object.keys(controls);
  const nearest = (key, x) => {
    const { values } = controls[key];
    return values.reduce((best, v) => (Math.abs(v - x) < Math.abs(best - x) ? v : best), values[0]);
  };

  // ------------------------------------------------------------- the address
  const opening = lab.opening(figure), state = { ...opening };
  const asked = new URLSearchParams(location.search);
  for (const key of keys) {
    const text = asked.get(`${name}.${key}`), { values, options } = controls[key];
    if (options?.includes(text)) state[key] = text;
    else if (values && text && Number.isFinite(Number(text))) state[key] = nearest(key, Number(text));
  }
  const address = () => {
    const url = new URL(location.href);
    for (const key of keys) {
      if (state[key] === opening[key]) url.searchParams.delete(`${name}.${key}`);
      else url.searchParams.set(`${name}.${key}`, state[key]);
    }
    return url;
  };

  // ------------------------------------------------------------ the controls
  const shown = (key) => controls[key].show?.(state[key], state) ?? (controls[key].values ? lab.exact(state[key]) : state[key]);
  const slider = (key, { label, values }) => {
    const id = `lab-${name}-${key}`;
    return `<div class="lab-control"><label for="${id}">${label}</label>
      <span class="lab-value" aria-hidden="true"></span>
      <input type="range" id="${id}" name="${key}" min="0" max="${values.length - 1}" step="1"></div>`;
  };
  const choice = (key, { label, options }) => `<fieldset class="lab-control"><legend>${label}</legend>${
    options.map((o) => `<label><input type="radio" name="lab-${name}-${key}" data-key="${key}" value="${o}"> ${o}</label>`).join("")}</fieldset>`;
  const panel = document.createElement("form");
  panel.className = "lab-controls";
  panel.setAttribute("aria-label", figure.title);
  panel.innerHTML = keys.map((key) => (controls[key].values ? slider : choice)(key, controls[key])).join("");
  const foot = document.createElement("p");
  foot.className = "lab-foot";
  foot.innerHTML = `<button type="button">Start again</button>
    <a>Link to this setting</a><span role="status" class="visually-hidden"></span>`;
  const [again, link, status] = foot.children;
  view.before(panel);
  root.append(foot);

  const label = () => {
    for (const input of panel.querySelectorAll("input[type=range]")) {
      const key = input.name;
      input.value = controls[key].values.indexOf(state[key]);
      input.setAttribute("aria-valuetext", shown(key));
      input.previousElementSibling.textContent = shown(key);
    }
    for (const input of panel.querySelectorAll("input[type=radio]"))
      input.checked = state[input.dataset.key] === input.value;
  };

  // -------------------------------------------------------------- the figure
  let frame = 0, quiet = 0;
  const draw = () => {
    const focused = view.contains(document.activeElement);
    view.innerHTML = lab.render(name, state);
    if (focused) view.querySelector("[role=slider]")?.focus({ preventScroll: true });
    link.href = Object.assign(address(), { hash: root.id });
    root.dataset.state = JSON.stringify(state);
  };
  const set = (change) => {
    Object.assign(state, change);
    label();
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
    // The address and the screen reader hear of it once the reader pauses.
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      history.replaceState(history.state, "", address());
      status.textContent = view.querySelector(".lab-text").textContent;
    }, 500);
  };
  panel.addEventListener("submit", (event) => event.preventDefault());
  panel.addEventListener("input", ({ target }) => set(target.type === "range"
    ? { [target.name]: controls[target.name].values[target.value] }
    : { [target.dataset.key]: target.value }));
  again.addEventListener("click", () => set(opening));

  // ---------------------------------------------------------------- dragging
  let held = -1; // which drawing; a touch must begin on the handle, or pages could not scroll
  const drawings = () => [...view.querySelectorAll("svg[data-plane]")];
  const follow = (event) => {
    const svg = drawings()[held], [x0, x1, xlog, y0, y1, ylog, left, top, W, H] = svg.dataset.plane.split(",").map(Number);
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const within = (a, b, log, u) => (log ? a * (b / a) ** u : a + (b - a) * u);
    const share = (v) => Math.min(1, Math.max(0, v));
    const moved = handle.to(within(x0, x1, xlog, share((p.x - left) / W)),
      within(y0, y1, ylog, share(1 - (p.y - top) / H)), state);
    set(Object.fromEntries(Object.entries(moved).map(([key, v]) => [key, nearest(key, v)])));
  };
  view.addEventListener("pointerdown", (event) => {
    const svg = event.target.closest("svg[data-plane]");
    const grab = event.target.closest("[data-handle]");
    if (!svg || event.button || (event.pointerType !== "mouse" && !grab)) return;
    held = drawings().indexOf(svg);
    event.preventDefault();
    view.setPointerCapture(event.pointerId);
    view.querySelector("[role=slider]")?.focus({ preventScroll: true });
    follow(event);
  });
  // A touch on the handle drags, one beside it scrolls the page. (touch-action: none
  // has no effect on these parts of a drawing.)
  view.addEventListener("touchstart", (event) => {
    if (event.target.closest("[data-handle]")) event.preventDefault();
  }, { passive: false });
  view.addEventListener("pointermove", (event) => { if (held >= 0) follow(event); });
  for (const end of ["pointerup", "pointercancel"])
    view.addEventListener(end, () => { held = -1; });
  view.addEventListener("keydown", (event) => {
    if (!event.target.closest("[data-handle]")) return;
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if (!dx && !dy) return;
    event.preventDefault();
    const key = dx ? handle.x : handle.y, { values } = controls[key];
    set({ [key]: values[Math.min(values.length - 1, Math.max(0, values.indexOf(state[key]) + dx + dy))] });
  });

  label();
  draw();
};

// All scripts are deferred: by now every explorable of the page is defined.
document.addEventListener("DOMContentLoaded", () => {
  for (const root of document.querySelectorAll("[data-lab]")) lab.mount(root);
});
