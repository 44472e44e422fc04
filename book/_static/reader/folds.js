// Folds of code: one switch opens all, and a link into a fold opens it.
"use strict";
(() => {
  const KEY = "adam-derived.code"; // "open" once the reader asked for all code
  const folds = () => document.querySelectorAll("details.fold");

  // Storage may be denied: the switch then holds for the page.
  const stored = (value) => {
    try {
      if (value !== undefined) localStorage.setItem(KEY, value);
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  // --------------------------------------------------------------- the switch
  const bar = document.querySelector(".article-header-buttons");
  if (bar && folds().length) {
    const before = new Map([...folds()].map((f) => [f, f.open])); // code that teaches is open
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm pst-navbar-icon code-switch";
    button.innerHTML = '<i class="fa-solid fa-code fa-lg" aria-hidden="true"></i>';
    const show = (all) => {
      for (const [fold, open] of before) fold.open = all || open;
      button.setAttribute("aria-pressed", all);
      button.title = all ? "Fold the code again" : "Show all code";
    };
    button.setAttribute("aria-label", "Show all code");
    button.addEventListener("click", () => {
      const all = button.getAttribute("aria-pressed") !== "true";
      // What is on the screen stays there while code unfolds above it.
      const held = [...document.querySelectorAll(".bd-article :is(h2, h3, p, figure)")]
        .find((e) => e.getBoundingClientRect().top > 64 && e.checkVisibility());
      const top = held?.getBoundingClientRect().top;
      show(all);
      if (held) scrollBy({ top: held.getBoundingClientRect().top - top, behavior: "instant" });
      stored(all ? "open" : "");
    });
    const theme = bar.querySelector(".theme-switch-button");
    theme ? theme.before(button) : bar.append(button);
    show(stored() === "open");
  }

  // ------------------------------------------------- a link into what is folded
  const open = () => {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch { /* as it stands */ }
    const target = id && document.getElementById(id);
    if (!target) return;
    let hidden = false;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      hidden ||= !fold.open;
      fold.open = true;
    }
    if (hidden) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
})();
