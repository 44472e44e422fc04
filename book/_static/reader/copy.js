// Each copy button says what it copies: a page may have a hundred.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const taken = new Map();
  for (const button of document.querySelectorAll("button.copybtn")) {
    const fold = button.closest("details.fold")?.querySelector("summary");
    const name = button.closest("dd")?.previousElementSibling?.querySelector(".sig-name");
    const output = button.closest(".cell_output");
    const what = name ? `the example of ${name.textContent}` : output ? "this output"
      : fold ? fold.textContent.replace(/show |hide /g, "").trim() : "this code";
    const before = taken.get(what) ?? 0;
    taken.set(what, before + 1);
    button.setAttribute("aria-label", `Copy ${what}${before ? `, ${before + 1}` : ""}`);
  }
});
