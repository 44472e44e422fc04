// A formula wider than its column, as on a phone, is set smaller: one within a
// sentence has no other way, since it cannot break and does not scroll. A displayed
// one keeps 70 % of its size, and scrolls if that is not enough.
(() => {
  const LEAST = { inline: 0.5, display: 0.7 };

  function column(formula) {
    let box = formula.parentElement;
    while (getComputedStyle(box).display.startsWith("inline")) box = box.parentElement;
    const { paddingLeft, paddingRight } = getComputedStyle(box);
    return box.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  }

  function scale(formula) {
    const drawn = formula.querySelector("mjx-math");
    const display = formula.hasAttribute("display");
    const width = drawn ? drawn.getBoundingClientRect().width : 0;
    if (!width || formula.closest("table")) return 1; // folded away, or in what scrolls
    const wide = display ? Math.max(width, formula.scrollWidth) : width;
    const room = display ? formula.clientWidth : column(formula);
    const least = display ? LEAST.display : LEAST.inline;
    return wide > room ? Math.max(least, 0.99 * room / wide) : 1;
  }

  function fit() {
    const formulas = [...document.querySelectorAll(".bd-article mjx-container")];
    for (const f of formulas) {
      f.dataset.size ??= parseFloat(f.style.fontSize) || 100; // percent, MathJax's own
      f.style.fontSize = `${f.dataset.size}%`;
    }
    const scales = formulas.map(scale); // all measured before any is changed
    formulas.forEach((f, i) => {
      if (scales[i] < 1) f.style.fontSize = `${f.dataset.size * scales[i]}%`;
    });
  }

  addEventListener("load", async () => {
    if (!window.MathJax?.startup) return;
    await MathJax.startup.promise;
    fit();
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth !== width) fit(); // not where a phone hides its address bar
      width = innerWidth;
    });
    document.addEventListener("toggle", fit, true);
    document.addEventListener("click", (e) => e.target.closest(".toggle-button") && fit());
  });
})();
