// Predictions: commit, and the page uncovers what settles the question and says how
// close the guess was. What was committed is kept for the visit, where storage allows.
"use strict";
window.book ??= {};
(() => {
  const { book } = window;
  const kept = (name, value) => {
    const key = `adam-derived.predict.${name}`;
    try {
      if (value === null) sessionStorage.removeItem(key);
      else if (value !== undefined) sessionStorage.setItem(key, value);
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  };

  const open = (box) => {
    if ("open" in box.dataset) return;
    box.dataset.open = "";
    box.dispatchEvent(new Event("toggle")); // fit.js measures the formulas that can now be seen
  };
  const boxes = [...document.querySelectorAll(".covered")];
  // Opens every cover that an element is in; whether there was one.
  book.uncover = (element) => {
    const closed = boxes.filter((box) => box.contains(element) && !("open" in box.dataset));
    for (const box of closed) {
      const { show } = questions.get(box) ?? {};
      show ? show("") : open(box);
    }
    return closed.length > 0;
  };

  const questions = new Map();
  for (const form of document.querySelectorAll("form.guess")) {
    const name = form.dataset.for, question = form.closest(".predict");
    const box = document.getElementById(`${question.id}-settled`);
    const key = book.key(question.querySelector("script.answer-key"));
    const say = form.querySelector(".guess-say");
    if (!box) continue;

    const settle = (text, sentence) => {
      open(box);
      form.dataset.done = "";
      for (const input of form.querySelectorAll("input, button")) input.disabled = true;
      book.tell(say, sentence);
      if (text) question.dataset.said = text;
      kept(name, text);
    };
    const commit = (text) => settle(text, book.closeness(key, text));
    const show = () => settle("", "");
    questions.set(box, { show });

    const value = () => new FormData(form).get("guess")?.trim() ?? "";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = value(), { verdict, say: why } = book.judge(key, text);
      if (verdict === "empty" || verdict === "unreadable") {
        book.tell(say, why || key.ask);
        form.querySelector("input").focus();
        return;
      }
      commit(text);
      say.tabIndex = -1; // from the verdict the reader goes on into what was covered
      say.focus({ preventScroll: true });
    });
    form.querySelector(".show").addEventListener("click", () => {
      show();
      box.tabIndex = -1;
      box.focus({ preventScroll: true });
    });

    const before = kept(name);
    if (before === "") show();
    else if (before !== null) {
      const input = form.querySelector(`input[type=text], input[value="${before}"]`);
      if (input.type === "text") input.value = before;
      else input.checked = true;
      commit(before);
    }
  }

  // A link to what is covered uncovers it.
  const follow = (hash) => {
    let id = hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch { /* as it stands */ }
    const target = id && document.getElementById(id);
    if (target && book.uncover(target)) target.scrollIntoView();
  };
  addEventListener("hashchange", () => follow(location.hash));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href*='#']");
    if (link && link.pathname === location.pathname) follow(link.hash);
  });
  follow(location.hash);
})();
