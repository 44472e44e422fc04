// A sentence of the key, told in a live region; it may hold $math$. The page's own
// formulas were set when the book was built: only for this one MathJax itself is loaded.
"use strict";
window.book ??= {};
(() => {
  const { book } = window;
  const here = document.currentScript.src;
  let loaded;
  const mathjax = () =>
    (loaded ??= new Promise((resolve, reject) => {
      window.MathJax = { ...window.MathJax, startup: { typeset: false } };
      const script = document.createElement("script");
      script.src = new URL("../mathjax/tex-chtml.js", here).href;
      script.onload = () => resolve(window.MathJax.startup.promise);
      script.onerror = reject;
      document.head.append(script);
    }));
  book.tell = async (element, text) => {
    element.textContent = text.replace(/\$([^$]+)\$/g, "\\($1\\)");
    if (!text.includes("$")) return;
    await mathjax();
    await window.MathJax.typesetPromise([element]);
  };
})();
