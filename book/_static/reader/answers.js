// Exercises answered on the page: the form's answer goes to the judge, its verdict and
// diagnosis are told. What was right is remembered, where storage allows.
"use strict";
(() => {
  const { book } = window;
  const kept = (name, value) => {
    const key = `adam-derived.answer.${name}`;
    try {
      if (value !== undefined) localStorage.setItem(key, value);
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };

  for (const form of document.querySelectorAll("form.answer")) {
    const name = form.dataset.for;
    const entry = book.key(form.parentElement.querySelector("script.answer-key"));
    const say = form.querySelector(".answer-say");
    const fields = [...form.querySelectorAll("input")];

    // As one text: what a notebook's cell would hold.
    const text = () => {
      const data = new FormData(form).getAll("answer").map((value) => value.trim());
      if (entry.form !== "numbers") return data.join(" ");
      return data.some(Boolean) ? data.map((value) => value || "?").join("; ") : "";
    };
    const tell = (verdict, why) => {
      form.dataset.verdict = verdict;
      const word = { right: "Right.", empty: "No answer yet.", "not yet": "Not yet." }[verdict] ?? "Not yet.";
      book.tell(say, `${word} ${verdict === "right" ? "" : why || entry.ask}`.trim());
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = text(), { verdict, say: why } = book.judge(entry, given);
      tell(verdict, why);
      for (const field of fields) field.setAttribute("aria-invalid", String(verdict !== "right"));
      if (verdict === "right") kept(name, given);
    });
    form.addEventListener("input", () => {
      delete form.dataset.verdict;
      say.textContent = "";
      for (const field of fields) field.removeAttribute("aria-invalid");
    });

    const before = kept(name);
    if (before && book.judge(entry, before).verdict === "right") {
      const parts = entry.form === "numbers" ? before.split("; ") : [before];
      fields.forEach((field, i) => {
        if (field.type === "text") field.value = parts[i] ?? "";
        else field.checked = before.split(" ").includes(field.value);
      });
      tell("right", "");
    }
  }
})();
