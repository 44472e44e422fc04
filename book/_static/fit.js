// A formula wider than its column, as on a phone, is set smaller: one within a
// sentence has no other way, since it cannot break and does not scroll. A displayed
// one keeps 70 % of its size, and scrolls if that is not enough; then the keyboard
// reaches it. Only formulas near the screen are measured, and all before printing.
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

  function fit(formulas) {
    for (const f of formulas) {
      f.dataset.size ??= parseFloat(f.style.fontSize) || 100; // percent, MathJax's own
      f.style.fontSize = `${f.dataset.size}%`;
    }
    const scales = formulas.map(scale); // all measured before any is changed
    formulas.forEach((f, i) => {
      if (scales[i] < 1) f.style.fontSize = `${f.dataset.size * scales[i]}%`;
    });
    for (const f of formulas.filter((f, i) => scales[i] === LEAST.display && f.hasAttribute("display"))) {
      if (f.scrollWidth > f.clientWidth) f.tabIndex = 0;
      else f.removeAttribute("tabindex");
    }
  }

  const all = () => [...document.querySelectorAll(".bd-article mjx-container")];
  const near = new IntersectionObserver(
    (entries) => {
      const come = entries.filter((e) => e.isIntersecting).map((e) => e.target);
      for (const f of come) near.unobserve(f);
      if (come.length) fit(come);
    },
    { rootMargin: "1000px 0px" },
  );
  // A folded formula has no place, and comes near when its fold opens.
  const watch = () => all().forEach((f) => near.observe(f));

  const begin = () => {
    watch();
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth !== width) watch(); // not where a phone hides its address bar
      width = innerWidth;
    });
    addEventListener("beforeprint", () => fit(all()));
    document.addEventListener("toggle", watch, true);
    document.addEventListener("click", (e) => e.target.closest(".toggle-button") && watch());
  };
  document.fonts.ready.then(begin); // before, every width is that of another font
  window.fitFormulas = () => fit(all()); // for the checks of pages, and the PDF
})();

// What is copied of a formula is its TeX.
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (!event.clipboardData || selection.isCollapsed) return;
  const copied = selection.getRangeAt(0).cloneContents();
  const formulas = copied.querySelectorAll("mjx-container[data-tex]");
  if (!formulas.length) return;
  for (const f of formulas) {
    const dollars = f.hasAttribute("display") ? "$$" : "$";
    f.replaceWith(`${dollars}${f.dataset.tex}${dollars}`);
  }
  event.clipboardData.setData("text/plain", copied.textContent);
  event.preventDefault();
});
