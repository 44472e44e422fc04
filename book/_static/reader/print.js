// On paper: the light theme, and every fold open. (adam.css opens them too, where the
// browser can do that without a script.)
"use strict";
(() => {
  const root = document.documentElement;
  let closed = [], theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = theme;
    for (const fold of closed) fold.open = false;
  });
})();
