// The search page: the words stand in its address, the texts are loaded when there are
// some, as a script, which also works from file://.
"use strict";
(() => {
  const { book } = window;
  const here = document.currentScript.src;
  const field = document.querySelector(".bd-search-container input[name=q]");
  const results = document.querySelector("#search-results");
  const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  if (!results || !field) return;
  const make = (tag, cls, ...children) => {
    const element = document.createElement(tag);
    if (cls) element.className = cls;
    element.append(...children);
    return element;
  };
  const said = make("p", "search-said");
  said.setAttribute("role", "status");
  results.append(said);
  if (!query) return;
  field.value = query;
  document.title = `${query} - ${document.title}`;

  const link = (entry, text) => {
    const a = make("a", "", text);
    a.href = entry.address + (entry.place && `#${entry.place}`);
    return a;
  };
  const quoted = (pieces) => {
    const p = make("p", "context");
    for (const [word, hit] of pieces) p.append(hit ? make("mark", "", word) : word, " ");
    return p;
  };
  const item = (page) => {
    const [best, ...rest] = page.places;
    const li = make("li", "", link(best, best.title));
    if (best.kind !== "page") li.append(make("span", "where", `in ${best.page}`));
    const pieces = book.quote(page);
    if (pieces.length) li.append(quoted(pieces));
    if (rest.length) {
      const also = make("p", "also", "Also: ");
      rest.forEach((entry, i) => also.append(i ? ", " : "", link(entry, entry.title)));
      li.append(also);
    }
    return li;
  };
  const show = () => {
    const pages = book.search(book.prepare(book.texts), query);
    const list = make("ol", "search", ...pages.slice(0, 12).map(item));
    const number = pages.length;
    said.textContent = number
      ? `“${query}” is found on ${number} page${number > 1 ? "s" : ""}${number > 12 ? "; the best twelve" : ""}.`
      : `Nothing here answers “${query}”. Fewer or other words may; the ledger lists every claim.`;
    results.append(list);
    results.dataset.done = "true";
  };
  const script = make("script", "");
  script.src = new URL("texts.js", here).href;
  script.onload = show;
  script.onerror = () => (said.textContent = "The texts of the book could not be loaded.");
  document.head.append(script);
})();
