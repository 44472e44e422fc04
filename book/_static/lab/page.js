// Brings the explorables of a page to life: controls, dragging, the address.
"use strict";

// Makes `old` what `fresh` is but keeps its elements, and with them the focus: a
// screen reader then says the handle's new value alone.
lab.become = (old, fresh) => {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (fresh.nodeType === Node.TEXT_NODE) old.data = fresh.data;
  for (const { name } of [...old.attributes ?? []]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes ?? [])
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const kept = [...old.childNodes], wanted = [...fresh.childNodes];
  wanted.forEach((node, i) => (i < kept.length ? lab.become(kept[i], node) : old.append(node)));
  kept.slice(wanted.length).forEach((node) => node.remove());
};

lab.mount = (root) => {
  const name = root.dataset.lab, figure = lab.figures[name], { controls, handle } = figure;
  const view = root.querySelector(".lab-view"), keys = Object.keys(controls);
  const nearest = (key, x) => controls[key].values.reduce((best, v) => (Math.abs(v - x) < Math.abs(best - x) ? v : best));

  // ------------------------------------------------------------- the address
  const opening = lab.opening(figure);
  const read = () => {
    const asked = new URLSearchParams(location.search);
    return Object.fromEntries(keys.map((key) => {
      const text = asked.get(`${name}.${key}`), { values, options } = controls[key], x = Number(text || NaN);
      if (values && Number.isFinite(x)) return [key, nearest(key, x)];
      return [key, options?.includes(text) ? text : opening[key]];
    }));
  };
  const state = read();
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
  panel.autocomplete = "off"; // the address keeps the setting, not the browser
  const labelled = keys.filter((key) => controls[key].label); // the others follow the handle
  panel.innerHTML = labelled.map((key) => (controls[key].values ? slider : choice)(key, controls[key])).join("");
  const foot = document.createElement("p");
  foot.className = "lab-foot";
  const button = (text) => `<button type="button">${text}</button>`;
  foot.innerHTML = `${figure.play ? button("Play") + button("Step") : ""}${button("Start again")}
    <a>Link to this setting</a><span role="status" class="visually-hidden"></span>`;
  const [again, link, status] = [...foot.children].slice(-3);
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
    const fresh = view.cloneNode();
    fresh.innerHTML = lab.render(name, state);
    lab.become(view, fresh);
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
      status.textContent = view.querySelector(".lab-text span").textContent;
    }, 500);
  };
  panel.addEventListener("submit", (event) => event.preventDefault());
  panel.addEventListener("input", ({ target }) => set(target.type === "range"
    ? { [target.name]: controls[target.name].values[target.value] }
    : { [target.dataset.key]: target.value }));
  again.addEventListener("click", () => set(opening));
  addEventListener("popstate", () => {
    const then = read();
    if (keys.some((key) => then[key] !== state[key])) set(then);
  });

  // ----------------------------------------------------------------- playing
  // `figure.play` names the control that runs through its values, in some seconds. For
  // who wants no motion, Play shows at once where it ends.
  if (figure.play) {
    const [play, next] = foot.children, key = figure.play, { values } = controls[key];
    const still = matchMedia("(prefers-reduced-motion: reduce)"), pace = Math.max(40, 6000 / values.length);
    let timer = 0;
    const to = (i) => set({ [key]: values[Math.min(i, values.length - 1)] });
    const here = () => values.indexOf(state[key]);
    const name = () => { play.textContent = timer ? "Pause" : still.matches ? "To the end" : "Play"; };
    const pause = () => { clearInterval(timer); timer = 0; name(); };
    const tick = () => { to(here() + 1); if (here() === values.length - 1) pause(); };
    play.addEventListener("click", () => {
      if (still.matches) return to(values.length);
      if (timer) return pause();
      if (here() === values.length - 1) to(0);
      timer = setInterval(tick, pace);
      name();
    });
    next.addEventListener("click", () => { pause(); to(here() === values.length - 1 ? 0 : here() + 1); });
    again.addEventListener("click", pause);
    panel.addEventListener("input", ({ target }) => { if (target.name === key) pause(); });
    still.addEventListener("change", pause);
    name();
  }

  // ---------------------------------------------------------------- dragging
  let svg = null; // the drawing in which a pointer went down
  const follow = (event) => {
    const [x0, x1, xlog, y0, y1, ylog, left, top, W, H] = svg.dataset.plane.split(",").map(Number);
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const within = (a, b, log, u) => (log ? a * (b / a) ** u : a + (b - a) * u);
    const share = (v) => Math.min(1, Math.max(0, v));
    const moved = handle.to(within(x0, x1, xlog, share((p.x - left) / W)),
      within(y0, y1, ylog, share(1 - (p.y - top) / H)), state);
    set(Object.fromEntries(Object.entries(moved).map(([key, v]) => [key, nearest(key, v)])));
  };
  view.addEventListener("pointerdown", (event) => {
    svg = event.target.closest("svg[data-plane]");
    // A touch must begin on the handle, or pages could not scroll.
    if (!svg || event.button || (event.pointerType !== "mouse" && !event.target.closest("[data-handle]"))) return;
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
  view.addEventListener("pointermove", (event) => { if (view.hasPointerCapture(event.pointerId)) follow(event); });
  view.addEventListener("click", (event) => { if (event.target.closest("svg[data-plane]")) follow(event); }); // a tap
  view.addEventListener("keydown", (event) => {
    // with another key an arrow is the browser's: Alt and left goes back
    if (!event.target.closest("[data-handle]") || event.altKey || event.ctrlKey || event.metaKey) return;
    const { x, y } = handle, all = Infinity;
    const [key, by] = {
      ArrowLeft: [x, -1], ArrowRight: [x, 1], ArrowUp: [y, 1], ArrowDown: [y, -1], Home: [x, -all], End: [x, all],
    }[event.key] ?? [];
    if (!key) return;
    event.preventDefault();
    const { values } = controls[key], to = values.indexOf(state[key]) + by;
    set({ [key]: values[Math.min(values.length - 1, Math.max(0, to))] });
  });

  label();
  draw();
};

// All scripts are deferred: by now every explorable of the page is defined.
document.addEventListener("DOMContentLoaded", () => {
  for (const root of document.querySelectorAll("[data-lab]")) lab.mount(root);
});
