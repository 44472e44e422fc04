// Is the answer right, and if not, what is wrong with it? The same as
// adam_lib/experiments/judge.py and numerals.py, in the same words, for what stands in a
// page's field: tests/book/test_judge.py compares the two. Knows nothing of a page.
"use strict";
(() => {
  const book = (globalThis.book ??= {});
  const LONGEST = 100, SLACK = 1e-9, ALPHABET = "abcdefghijkl";
  const TOKEN = /\s*(?:((?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?)|(sqrt|exp|ln|pi|e(?![a-z]))|(\*\*|[-+*/^()%√]))/iy;
  const SAME = { "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "½": "0.5", "π": "pi" };
  const FUNCTIONS = { sqrt: Math.sqrt, "√": Math.sqrt, exp: Math.exp, ln: Math.log };
  const CONSTANTS = { pi: Math.PI, e: Math.E };
  const UNREADABLE = new Error("unreadable");

  // Recursive descent: sum, product, sign, power, value. NaN: read, and no number.
  function read(tokens) {
    let at = 0;
    const peek = () => tokens[at] ?? "";
    const take = (...wanted) => (wanted.includes(peek()) && peek() ? tokens[at++] : "");
    const begins = (token) => token === "(" || token in FUNCTIONS || token in CONSTANTS;
    const sum = () => {
      let value = product();
      for (let sign; (sign = take("+", "-")); ) {
        const other = product();
        value = sign === "+" ? value + other : value - other;
      }
      return value;
    };
    const product = () => {
      let value = signed();
      for (;;) {
        if (take("*")) value *= signed();
        else if (take("/")) value /= signed();
        else if (begins(peek())) value *= power();
        else return value;
      }
    };
    const signed = () => {
      if (take("-")) return -signed();
      if (take("+")) return signed();
      return power();
    };
    const power = () => {
      const base = value();
      return take("^", "**") ? Math.pow(base, signed()) : base;
    };
    const value = () => {
      const token = peek();
      at += 1;
      let found;
      if (token === "(") {
        found = sum();
        if (!take(")")) throw UNREADABLE;
      } else if (token in FUNCTIONS) found = FUNCTIONS[token](value());
      else if (token in CONSTANTS) found = CONSTANTS[token];
      else if (/^[\d.,]/.test(token)) found = Number(token.replace(",", "."));
      else throw UNREADABLE;
      while (take("%")) found /= 100;
      return found;
    };
    const whole = sum();
    if (peek()) throw UNREADABLE;
    return whole;
  }

  // The value, NaN where it is not finite, null where it is no number.
  book.number = (text) => {
    if ([...text].length > LONGEST) return null;
    text = [...text].map((c) => SAME[c] ?? c).join("");
    text = text.replace(/^\s*[=≈~]\s*/, "").replace(/\s*(?:α|alpha|steps?)?[\s.]*$/i, "");
    const tokens = [];
    for (let at = 0; at < text.length; ) {
      TOKEN.lastIndex = at;
      const found = TOKEN.exec(text);
      if (!found) return null;
      tokens.push(found[0].trim().toLowerCase());
      at = TOKEN.lastIndex;
    }
    try {
      const value = read(tokens);
      return Number.isFinite(value) ? value : NaN;
    } catch (error) {
      if (error === UNREADABLE) return null;
      throw error;
    }
  };

  const shown = (text) => `“${[...text].length <= 40 ? text : [...text].slice(0, 37).join("") + "..."}”`;

  function pieces(text, count) {
    if (count === 1) return [text];
    const inner = text.trim().replace(/^[()[\]]+|[()[\]]+$/g, "");
    let parts = inner.split(/\s*[;\n]\s*|\s*,\s+|\s+and\s+/);
    if (parts.length === 1) parts = inner.split(/,|\s+/);
    return parts.filter(Boolean);
  }

  function numbers(text, count) {
    const given = pieces(text, count);
    if (given.length !== count) {
      const asked = count === 1 ? "One number is" : `${count} numbers are`;
      return [[], `${asked} asked for, here are ${given.length}.`];
    }
    const values = [];
    for (const piece of given) {
      const value = book.number(piece);
      if (value === null) return [[], `${shown(piece)} is not a number.`];
      if (Number.isNaN(value)) return [[], `${shown(piece)} is not a finite number.`];
      values.push(value);
    }
    return [values, ""];
  }

  const list = (value) => (Array.isArray(value) ? value : [value]);
  function allClose(values, wanted, tolerance) {
    const kind = "rel" in tolerance ? "rel" : "abs", given = tolerance[kind];
    return values.every((v, i) => {
      const allowed = Array.isArray(given) ? given[i] : given;
      return Math.abs(v - wanted[i]) <= allowed * (kind === "rel" ? Math.abs(wanted[i]) : 1) * (1 + SLACK);
    });
  }

  function applies(rule, values, at, entry) {
    if ("is" in rule) {
      const wanted = list(rule.is);
      let tolerance = rule;
      if (!("rel" in rule || "abs" in rule)) {
        const kind = "rel" in entry ? "rel" : "abs", own = entry[kind];
        tolerance = { [kind]: at === undefined || !Array.isArray(own) ? own : own[at] };
      }
      return wanted.length === values.length && allClose(values, wanted, tolerance);
    }
    return values.some((v) => ("above" in rule ? v > rule.above : v < rule.below));
  }

  function judgeNumbers(entry, values) {
    if (allClose(values, list(entry.right), entry)) return { verdict: "right", say: "" };
    for (const rule of entry.wrong ?? []) {
      const part = rule.at === undefined ? values : [values[rule.at]];
      if (applies(rule, part, rule.at, entry)) return { verdict: "not yet", say: rule.say };
    }
    return { verdict: "not yet", say: "" };
  }

  const lettersOf = (entry) => entry.letters ?? ALPHABET.slice(0, (entry.options ?? []).length);
  const canonical = (letters, entry) =>
    (entry.ordered ? [...letters] : [...new Set(letters)].sort()).join("");

  function judgeLetters(entry, text) {
    const allowed = lettersOf(entry), span = `${allowed[0]} to ${allowed.at(-1)}`;
    const bare = text.toLowerCase().replace(/\band\b|\bor\b|[\s,;()[\]{}.'"&+]/g, "");
    let letters = [...bare];
    if (letters.some((letter) => !allowed.includes(letter)))
      return { verdict: "unreadable", say: `This is not of the letters ${span}. ${entry.ask}` };
    if (!letters.length) return { verdict: "empty", say: "" };
    if (entry.form === "choice" && letters.length > 1)
      return { verdict: "unreadable", say: `One letter is asked for, ${span}. ${entry.ask}` };
    const given = canonical(letters, entry);
    if (given === canonical(entry.right, entry)) return { verdict: "right", say: "" };
    for (const rule of entry.wrong ?? []) {
      if (
        ("is" in rule && given === canonical(rule.is, entry)) ||
        ("has" in rule && given.includes(rule.has)) ||
        ("lacks" in rule && !given.includes(rule.lacks))
      ) return { verdict: "not yet", say: rule.say };
    }
    return { verdict: "not yet", say: "" };
  }

  book.judge = (entry, text) => {
    if (!text.trim()) return { verdict: "empty", say: "" };
    if (entry.form === "choice" || entry.form === "letters") return judgeLetters(entry, text);
    const count = entry.form === "numbers" ? entry.right.length : 1;
    const [values, problem] = numbers(text, count);
    if (problem) return { verdict: "unreadable", say: `${problem} ${entry.ask}` };
    return judgeNumbers(entry, values);
  };

  // How close a guess was, in a sentence.
  const brief = (value) => {
    const size = Math.abs(value);
    if (size >= 1e6 || (size > 0 && size < 1e-3)) return value.toExponential(2).replace("e+", "e");
    return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
  };
  book.closeness = (entry, text) => {
    if (entry.form === "choice" || entry.form === "letters") {
      const named = (letters) => {
        const options = entry.options ?? [];
        return [...letters]
          .map((l) => `(${l})` + (options.length ? ` ${options[ALPHABET.indexOf(l)]}` : ""))
          .join(" and ");
      };
      const said = canonical(text.toLowerCase().replace(/[^a-l]/g, ""), entry);
      const right = canonical(entry.right, entry);
      return said === right ? `You said ${named(said)}, and so it is.` : `You said ${named(said)}; it is ${named(right)}.`;
    }
    const guess = book.number(text), { right } = entry;
    if (judgeNumbers(entry, [guess]).verdict === "right" || brief(guess) === brief(right))
      return `You said ${brief(guess)}, and it is ${brief(right)}.`;
    const begin = `You said ${brief(guess)}; it is ${brief(right)}`;
    const ratio = guess / right, large = ratio > 1;
    if (entry.scale !== "difference" && ratio > 0 && Number.isFinite(ratio)) {
      const factor = large ? ratio : 1 / ratio;
      if (factor < 1.5) return `${begin}: ${brief(100 * Math.abs(ratio - 1))} % too ${large ? "large" : "small"}.`;
      return `${begin}: ${brief(factor)} times too ${large ? "large" : "small"}.`;
    }
    return `${begin}: off by ${brief(Math.abs(guess - right))}.`;
  };
})();
