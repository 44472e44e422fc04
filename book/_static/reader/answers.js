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
      return entry.form === "numbers" ? data.filter(Boolean).join("; ") : data.join(" ");
    };
    // Of several numbers some may still be missing: then it is told which.
    const judge = (given) => {
      const empty = fields.flatMap((field, i) => (field.value.trim() ? [] : [entry.names?.[i]]));
      if (entry.form !== "numbers" || !given || !empty.length) return book.judge(entry, given);
      return { verdict: "unreadable", say: `Still empty: ${empty.join(", ")}.` };
    };
    const tell = (verdict, why) => {
      form.dataset.verdict = verdict;
      const word = { right: "Right.", empty: "No answer yet.", "not yet": "Not yet." }[verdict] ?? "Not yet.";
      book.tell(say, `${word} ${verdict === "right" ? "" : why || entry.ask}`.trim());
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = text(), { verdict, say: why } = judge(given);
      tell(verdict, why);
      for (const field of fields)
        if (field.type === "text") field.setAttribute("aria-invalid", String(verdict !== "right"));
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
