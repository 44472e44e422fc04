// The ledger: choose claims, and read a statement where its line stands.
"use strict";
(() => {
  const lines = [...document.querySelectorAll(".ledger > li")];
  if (!lines.length) return;
  const here = document.currentScript.src;

  // ------------------------------------------------------------------ choosing
  const section = (line) => line.closest("section");
  const chapter = (line) => line.querySelector("details").dataset.page;
  // A heading without the mark that links to it.
  const title = (line) => section(line).querySelector("h2").firstChild.textContent;
  const CHOICES = [
    ["kind", "Kind", (line) => line.dataset.kind, { proved: "proved", measured: "measured" }],
    ["chapter", "Chapter", chapter, Object.fromEntries(lines.map((l) => [chapter(l), title(l)]))],
    ["seeds", "Fresh seeds", (line) => line.dataset.seeds, {
      all: "held on all", some: "held on a share", fixed: "draws nothing", none: "not run yet",
    }],
  ];

  const form = document.createElement("form");
  form.className = "ledger-choice";
  const of = {};
  const answers = (line, but) => CHOICES.every(([name, , get]) =>
    name === but || !of[name].value || get(line) === of[name].value);

  const told = document.createElement("p");
  told.className = "ledger-count";
  told.setAttribute("role", "status");

  const choose = () => {
    for (const line of lines) line.hidden = !answers(line);
    for (const part of new Set(lines.map(section)))
      part.hidden = lines.every((line) => section(line) !== part || line.hidden);
    const shown = lines.filter((line) => !line.hidden).length;
    told.textContent = `${shown} of ${lines.length} claims`;
    // What would leave nothing cannot be chosen.
    for (const [name, , get] of CHOICES) {
      const left = new Set(lines.filter((line) => answers(line, name)).map(get));
      for (const option of of[name].options)
        option.disabled = option.value !== "" && !left.has(option.value);
    }
  };

  for (const [name, shown, get, values] of CHOICES) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    const present = new Set(lines.map(get));
    select.name = name;
    select.append(new Option("all", ""));
    for (const [value, text] of Object.entries(values))
      if (present.has(value)) select.append(new Option(text, value));
    select.addEventListener("change", choose);
    label.append(shown, select);
    form.append(label);
    of[name] = select;
  }
  const again = document.createElement("button");
  again.type = "reset";
  again.textContent = "All claims";
  form.addEventListener("reset", () => setTimeout(choose)); // once it is empty
  form.addEventListener("submit", (event) => event.preventDefault());
  form.append(again, told);
  section(lines[0]).before(form);
  choose();
  addEventListener("pageshow", choose); // a browser that comes back keeps what was chosen

  // Who follows a link to a chapter, from the contents say, is shown all of it.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest("section[hidden]")) return;
    form.reset();
    setTimeout(() => target.scrollIntoView());
  });

  // ---------------------------------------------------------------- statements
  const handed = {}; // chapter -> promise of its statements
  const arrived = {};
  window.adamLedger = (name, statements) => arrived[name](statements);

  const statements = (name) => handed[name] ??= new Promise((resolve, reject) => {
    arrived[name] = resolve;
    const script = document.createElement("script");
    script.src = new URL(`../ledger/${name}.js`, here);
    script.onerror = () => reject(new Error(name));
    document.head.append(script);
  });

  const fill = async (details) => {
    const box = document.createElement("div");
    box.className = "ledger-statement";
    details.append(box);
    try {
      box.innerHTML = (await statements(details.dataset.page))[details.dataset.claim];
      await document.fonts.ready;
      window.fitFormulas?.();
    } catch {
      box.textContent = "The statement could not be loaded: it stands in its chapter.";
    }
  };

  for (const details of document.querySelectorAll(".ledger details"))
    details.addEventListener("toggle", () => {
      if (details.open && !details.querySelector(".ledger-statement")) fill(details);
    });
})();
