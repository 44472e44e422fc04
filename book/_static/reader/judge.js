// Is the answer right, and if not, what is wrong with it? The same as
// adam_lib/experiments/judge.py and numerals.py, in the same words, for what stands in a
// page's field: tests/book/test_judge.py compares the two. Knows nothing of a page.
"use strict";
(() => {
  const book = (globalThis.book ??= {});
  const LONGEST = 100, SLACK = 1e-9, ALPHABET = "abcdefghijkl";
  const UNREADABLE = new Error("unreadable"), NOT_FINITE = new Error("not finite");

  // ------------------------------------------------- numbers, as numerals.py has them
  const SPACES = "\t\r\u00a0\u2007\u2009\u202f";
  const SAME = { "÷": "/", "∕": "/", "½": " 1/2 ", "π": "pi", "’": "'" };
  for (const [meaning, signs] of [["-", "−–‒"], ["*", "×·∙⋅"], [" ", `${SPACES}\n`]])
    for (const sign of signs) SAME[sign] = meaning;
  for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") SAME[letter] = letter.toLowerCase();
  const trim = (text) => text.replace(/^[ \n]+|[ \n]+$/g, "");
  const normal = (text) => [...text].map((sign) => SAME[sign] ?? sign).join("");
  const TOKEN = / *((?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?|(?:sqrt|exp|ln|pi|e)(?![a-z])|\*\*|[-+*/^()%√])/y;
  const BEFORE = /^ *(?:[a-zα-ωΑ-Ω][a-zα-ωΑ-Ω0-9_ ]{0,15})?[=≈~] */;
  const BEHIND = / *(?:\\?alpha|α|steps?|times|-?fold|x)?[ .]*$/;
  const SPACED = /(?<![0-9.,])([0-9]{1,3}(?:[ _'][0-9]{3})+)(?![0-9])/g;
  const COMMAS = /(?<![0-9.,])([1-9][0-9]{0,2}(?:(?:,[0-9]{3}){2,}|,[0-9]{3}(?=\.[0-9])))(?![0-9,])/g;
  const EITHER = /(?<![0-9.,])[1-9][0-9]{0,2},[0-9]{3}(?![0-9.,e])/;
  const FUNCTIONS = { sqrt: Math.sqrt, "√": Math.sqrt, exp: Math.exp, ln: Math.log };
  const CONSTANTS = { pi: Math.PI, e: Math.E };
  const NEXT = ["(", "√", "pi", "sqrt", "exp", "ln"];

  const ambiguous = (text) => EITHER.test(normal(text).replace(COMMAS, ""));

  function finite(value) {
    if (!Number.isFinite(value)) throw NOT_FINITE;
    return value;
  }

  // Recursive descent: sum, product, sign, power, value.
  function read(tokens) {
    let at = 0;
    const peek = () => tokens[at] ?? "";
    const take = (...wanted) => (wanted.includes(peek()) ? tokens[at++] : "");
    const sum = () => {
      let value = product();
      for (let sign; (sign = take("+", "-")); ) {
        const other = product();
        value = finite(sign === "+" ? value + other : value - other);
      }
      return value;
    };
    const product = () => {
      let value = signed();
      for (;;) {
        if (take("*")) value = finite(value * signed());
        else if (take("/")) value = finite(value / signed());
        else if (NEXT.includes(peek())) value = finite(value * power());
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
      return take("^", "**") ? finite(Math.pow(base, signed())) : base;
    };
    const value = () => {
      const token = peek();
      at += 1;
      let found;
      if (token === "(") {
        found = sum();
        if (!take(")")) throw UNREADABLE;
      } else if (Object.hasOwn(FUNCTIONS, token)) found = finite(FUNCTIONS[token](value()));
      else if (Object.hasOwn(CONSTANTS, token)) found = CONSTANTS[token];
      else if (/^[0-9.,]/.test(token)) found = finite(Number(token.replace(",", ".")));
      else throw UNREADABLE;
      while (take("%")) found /= 100;
      return found;
    };
    const whole = sum();
    if (peek()) throw UNREADABLE;
    return whole;
  }

  // The value, NaN where it is not finite, null where it is no number or not surely one.
  book.number = (text) => {
    if ([...text].length > LONGEST || ambiguous(text)) return null;
    text = normal(text).replace(BEFORE, "").replace(BEHIND, "");
    text = text.replace(SPACED, (digits) => digits.replace(/[ _']/g, ""));
    text = text.replace(COMMAS, (digits) => digits.replaceAll(",", "")).replace(/ +$/, "");
    const tokens = [];
    for (let at = 0; at < text.length; ) {
      TOKEN.lastIndex = at;
      const found = TOKEN.exec(text);
      if (!found) return null;
      tokens.push(found[1]);
      at = TOKEN.lastIndex;
    }
    try {
      return read(tokens);
    } catch (error) {
      if (error === UNREADABLE) return null;
      if (error === NOT_FINITE) return NaN;
      throw error;
    }
  };

  // ------------------------------------------------------------- verdicts, as judge.py
  const shown = (text) => `“${[...text].length <= 40 ? text : [...text].slice(0, 37).join("") + "..."}”`;

  // The inside of brackets around the whole: (1, 2), but not (1 + 2)/3.
  function inside(text) {
    const opens = "([", closes = ")]";
    if (!opens.includes(text[0]) || text.length < 2) return text;
    let depth = 0;
    for (let i = 0; i < text.length; i++) {
      depth += opens.includes(text[i]) - closes.includes(text[i]);
      if (depth === 0) return i === text.length - 1 ? text.slice(1, -1) : text;
    }
    return text;
  }

  const BETWEEN = [/[;\n]/, / *,[ \n]+(?:and )?| +and +/, / +/, /,/];
  const parts = (text, sign) => text.split(sign).map(trim).filter(Boolean);
  function pieces(text, count) {
    const bare = inside(trim([...text].map((c) => (SPACES.includes(c) ? " " : c)).join("")));
    if (count === 1) return [bare];
    const ways = BETWEEN.map((sign) => parts(bare, sign));
    return ways.find((way) => way.length === count) ?? ways.find((way) => way.length > 1) ?? [bare];
  }

  function numbers(text, count) {
    const given = pieces(text, count);
    if (given.length !== count) {
      const are = given.length === 1 ? "is 1" : `are ${given.length}`;
      return [[], `${count} numbers are asked for, here ${are}.`];
    }
    const values = [];
    for (const piece of given) {
      const value = book.number(piece);
      if (value === null && ambiguous(piece))
        return [[], `${shown(piece)} can be read in two ways: write a decimal point, and thousands without a comma.`];
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

  // ["b", "c"] of "b and c", "B, C", "(b) (c)", "bc"; null of anything else.
  function letters(text) {
    const bare = normal(text).replace(/(?<![a-z])(?:and|or)(?![a-z])|[ ,;()[\]{}.'"&+]/g, "");
    return [...bare].every((letter) => ALPHABET.includes(letter)) ? [...bare] : null;
  }

  function judgeLetters(entry, text) {
    const allowed = lettersOf(entry), span = `${allowed[0]} to ${allowed.at(-1)}`;
    const unreadable = (why) => ({ verdict: "unreadable", say: `${why} ${entry.ask}`.trim() });
    const given = letters(text);
    if (given === null || given.some((letter) => !allowed.includes(letter)))
      return unreadable(`This is not of the letters ${span}.`);
    if (!given.length) return { verdict: "empty", say: "" };
    const answer = canonical(given, entry);
    if (entry.form === "choice" && answer.length > 1) return unreadable(`One letter is asked for, ${span}.`);
    if (answer === canonical(entry.right, entry)) return { verdict: "right", say: "" };
    for (const rule of entry.wrong ?? []) {
      if (
        ("is" in rule && answer === canonical(rule.is, entry)) ||
        ("has" in rule && answer.includes(rule.has)) ||
        ("lacks" in rule && !answer.includes(rule.lacks))
      ) return { verdict: "not yet", say: rule.say };
    }
    return { verdict: "not yet", say: "" };
  }

  book.judge = (entry, text) => {
    if (!trim(normal(text))) return { verdict: "empty", say: "" };
    if (entry.form === "choice" || entry.form === "letters") return judgeLetters(entry, text);
    const count = entry.form === "numbers" ? entry.right.length : 1;
    const [values, problem] = numbers(text, count);
    if (problem) return { verdict: "unreadable", say: `${problem} ${entry.ask}`.trim() };
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
      const named = (chosen) => {
        const options = entry.options ?? [];
        return [...chosen]
          .map((l) => `(${l})` + (options.length ? ` ${options[ALPHABET.indexOf(l)]}` : ""))
          .join(" and ");
      };
      const said = canonical(letters(text), entry);
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
