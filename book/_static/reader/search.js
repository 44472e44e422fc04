// Which entries of the book answer a reader's words, best first. Pure: the texts come
// from book/_ext/finder.py, the page from search-page.js.
"use strict";
window.book ??= {};
(() => {
  const GREEK = {
    α: "alpha", β: "beta", γ: "gamma", δ: "delta", ε: "epsilon", ϵ: "epsilon", ζ: "zeta",
    η: "eta", θ: "theta", κ: "kappa", λ: "lambda", μ: "mu", ν: "nu", ξ: "xi", π: "pi",
    ρ: "rho", σ: "sigma", τ: "tau", φ: "phi", ϕ: "phi", ψ: "psi", ω: "omega",
  };
  // What people type for what the book says. A value may be several words: all are meant.
  const SAME = {
    eps: "epsilon", lr: "learning rate", wd: "weight decay", fp16: "float16", bf16: "bfloat16",
    fp32: "float32", half: "float16", nans: "nan", momentums: "momentum", sgdm: "sgd momentum",
    explode: "diverge", blow: "diverge", plateau: "stall", amp: "float16", biascorrection: "bias correction",
    l2: "l2 decay", ema: "average", stepsize: "step", ieee: "float16", spike: "burst", spikes: "burst", checkpoint: "resume", restart: "resume",
  };
  const STOP = new Set(("a an and are as at be but by can do does for from has have how i if in is it its me my not of "
    + "on or should so that the their then there this to use was what when where which why will with you your").split(" "));
  // Kinds by what readers look for first.
  const WEIGHT = {
    page: 1.35, claim: 1.15, section: 1.15, term: 0.9, symbol: 1.1, function: 0.8, exercise: 0.65,
    figure: 0.8, equation: 0.5, solution: 0.5,
  };
  const ENDS = /(?:ations?|ements?|ences?|ances?|ities|ity|ings?|ions?|ness|edly|ied|ies|ed|es|ly|s|e|y)$/;

  // Plain letters: Greek by name, subscripts on the line, "m with a hat" as mhat.
  const plain = (text) => text.normalize("NFKD").toLowerCase()
    .replace(/[α-ωϕϵ]/g, (c) => (GREEK[c] ?? c))
    .replace(/([a-z])\u0302/g, "$1hat").replace(/[\u0300-\u036f]/g, "")
    .replace(/[’']s\b/g, "").replace(/(alpha|beta|theta|rho|lambda)[ _]?([0-9])/g, "$1$2")
    .replace(/warm[- ]up/g, "warmup").replace(/mini[- ]batch/g, "minibatch")
    .replace(/bias[- ]corr/g, "bias corr").replace(/learning[- ]rate/g, "learning rate").replace(/step[- ]?size/g, "step length")
    .replace(/([0-9])[\u202f\u00a0 ]([0-9]{3})\b/g, "$1$2");
  const words = (text) => plain(text).match(/[0-9]+(?:\.[0-9]+)*(?:e-?[0-9]+)?(?![a-z])|[a-z][a-z0-9]*|[0-9]+[a-z]+/g) ?? [];
  const stem = (word) => {
    if (/[0-9]/.test(word) || word.length < 5) return word.replace(/([a-z]{2}[^s0-9])s$/, "$1");
    const cut = word.replace(ENDS, (end) => (word.length - end.length >= 4 && !/ss$/.test(word) ? "" : end));
    return cut.replace(/([bdgmnprt])\1$/, "$1");
  };

  const count = (text) => {
    const tally = new Map();
    for (const word of words(text)) {
      const key = stem(word);
      tally.set(key, (tally.get(key) ?? 0) + 1);
    }
    return tally;
  };

  // texts: [[address, [[kind, place, title, text, covered], ...]], ...]
  const prepare = (texts) => {
    const entries = [], held = new Map();
    for (const [address, parts] of texts) {
      const page = parts[0][2];
      for (const [kind, place, title, text, covered] of parts) {
        const entry = { address, page, kind, place, title, text, line: words(title).join(" ") };
        entry.titles = count(title);
        entry.around = count(kind === "page" ? "" : page);
        entry.open = count(text);
        entry.covered = count(covered);
        entry.body = ` ${words(text).join(" ")} `;
        entry.size = [...entry.open.values()].reduce((a, b) => a + b, 0);
        entry.number = (title.match(/^(?:[A-Z][a-z]+\.? )?\(?([0-9]+(?:\.[0-9]+)?)/) ?? [])[1];
        entries.push(entry);
        for (const word of new Set([...entry.titles.keys(), ...entry.open.keys(), ...entry.covered.keys()]))
          held.set(word, (held.get(word) ?? 0) + 1);
      }
    }
    const mean = entries.reduce((sum, e) => sum + e.size, 0) / entries.length;
    return { entries, held, mean };
  };

  const REFERENCE = /^(claim|theorem|lemma|proposition|corollary|observation|definition|exercise|solution|fig|figure|equation|eq|chapter|ch)\.? *\(?([0-9]+(?:\.[0-9]+)?)\)?$/;
  const NAMED = { fig: "figure", figure: "figure", eq: "equation", equation: "equation", exercise: "exercise",
    solution: "solution", chapter: "page", ch: "page" };

  // "Theorem 6.2", "fig. 6.1", "chapter 6", "(6.5)": an entry by its number.
  const referred = (entries, query) => {
    const found = plain(query).trim().match(REFERENCE);
    const bare = plain(query).trim().match(/^\(?([0-9]+\.[0-9]+)\)?$/);
    if (!found && !bare) return () => 0;
    const kind = found ? NAMED[found[1]] ?? "claim" : null;
    const number = found ? found[2] : bare[1];
    return (entry) => {
      if (entry.number !== number) return 0;
      if (kind) return entry.kind === kind ? 1000 : 0;
      return entry.kind === "claim" ? 30 : entry.kind === "equation" ? 20 : 0;
    };
  };

  // How well an entry holds one word: in its title, in the page's, in the text.
  const holds = ({ mean }, entry, word) => {
    const often = (entry.open.get(word) ?? 0) + 0.4 * (entry.covered.get(word) ?? 0);
    const text = (often * 2.2) / (often + 1.2 * (0.3 + 0.7 * entry.size / mean));
    const title = entry.titles.has(word) ? 6 / (1 + 0.12 * entry.titles.size) : 0;
    return title + (entry.around.has(word) ? 1.2 : 0) + (often ? text : 0);
  };

  const search = (index, query) => {
    const { entries, held } = index;
    const exact = referred(entries, query);
    const asked = words(query);
    const telling = asked.filter((word) => !STOP.has(word));
    const wanted = telling.length ? telling : asked;
    // each word with what else would do: [[stem, weight], ...], all of a group
    const vocabulary = [...held.keys()];
    const terms = wanted.map((word, position) => {
      const root = stem(word);
      const others = [[[root], 1]];
      if (SAME[word]) others.push([words(SAME[word]).map(stem), 0.9]);
      const last = position === wanted.length - 1;
      if (root.length >= 4 || (last && root.length >= 2 && !held.has(root)))
        for (const other of vocabulary)
          if (other !== root && other.startsWith(root) && other.length <= root.length + 4)
            others.push([[other], 0.45]);
      return others;
    });
    const rare = (word) => Math.log(1 + entries.length / (1 + (held.get(word) ?? 0)));
    const line = ` ${asked.join(" ")} `, short = ` ${wanted.join(" ")} `;
    const scored = [];
    for (const entry of entries) {
      let score = 0, met = 0;
      for (const others of terms) {
        let best = 0;
        for (const [group, weight] of others) {
          const parts = group.map((word) => holds(index, entry, word) * rare(word));
          if (parts.every((part) => part > 0))
            best = Math.max(best, weight * parts.reduce((a, b) => a + b, 0) / parts.length);
        }
        score += best;
        met += best > 0;
      }
      score *= (met / Math.max(1, terms.length)) ** 2 * WEIGHT[entry.kind];
      const title = ` ${entry.line} `;
      if (met) {
        if (title.includes(line) || title.includes(short))
          score *= 1.6 + 1.2 * short.length / title.length;
        else if (wanted.length > 1 && (entry.body.includes(line) || entry.body.includes(short))) score *= 1.35;
      }
      score += exact(entry);
      if (score > 0) scored.push([score, entry]);
    }
    scored.sort((a, b) => b[0] - a[0]);
    // by page, each with its best places
    const pages = new Map();
    for (const [score, entry] of scored) {
      const page = pages.get(entry.address) ?? { score, places: [] };
      if (page.places.length < 4 && score > 0.25 * page.score) page.places.push(entry);
      else page.more = true;
      pages.set(entry.address, page);
    }
    return [...pages.values()].map((page) => ({ ...page, terms: terms.flat().flatMap(([group]) => group) }));
  };

  // A piece of the text around the words, as [text, is one of the words] pairs.
  const LENGTH = 180;
  const excerpt = (text, terms) => {
    const sought = new Set(terms);
    const pieces = [...text.matchAll(/[^\s]+/g)].map((m) => [m[0], m.index]);
    const hit = pieces.map(([word]) => words(word).some((w) => sought.has(stem(w))));
    let best = 0, most = -1;
    for (let i = 0; i < pieces.length; i++) {
      if (i && !hit[i]) continue;
      let met = 0;
      for (let j = i; j < pieces.length && pieces[j][1] < pieces[i][1] + LENGTH; j++) met += hit[j];
      if (met > most) [most, best] = [met, i];
    }
    const start = Math.max(0, best - 5), out = [];
    for (let j = start; j < pieces.length && pieces[j][1] < pieces[start][1] + LENGTH; j++)
      out.push([pieces[j][0], hit[j]]);
    if (start) out.unshift(["…", false]);
    if (out.length && start + out.length < pieces.length) out.push(["…", false]);
    return out;
  };

  // What stands below a page's link: the first of its places that shows what was asked for
  // (what a prediction covers is found, and not shown).
  const quote = ({ places, terms }) => {
    const all = places.map((entry) => excerpt(entry.text, terms));
    return all.find((pieces) => pieces.some(([, hit]) => hit)) ?? all[0];
  };

  Object.assign(window.book, { prepare, search, quote });
})();
