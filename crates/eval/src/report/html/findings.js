// What went wrong, and how everything was computed.

const MANY = 8;

const caseLink = (id) => el("a", { href: caseHash(id), class: "case" }, el("bdi", {}, String(id)));

/** A list that shows its first entries, and the rest on demand. */
function longList(items) {
  const list = el("ul", { class: "list" }, items.slice(0, MANY).map((make) => make()));
  if (items.length <= MANY) return list;
  let shown = MANY;
  const more = el("button", { type: "button", class: "quiet", onclick: () => {
    list.append(...items.slice(shown, shown + 100).map((make) => make()));
    shown += 100;
    label();
  } });
  const label = () => {
    if (shown >= items.length) more.remove();
    else more.textContent = `Show ${count(Math.min(100, items.length - shown))} more of ${count(items.length)}`;
  };
  label();
  return [list, more];
}

/** Entries with the same bot and reason, told once with their cases; the most frequent first. */
function reasons(entries) {
  const groups = new Map();
  for (const entry of entries) {
    const key = JSON.stringify([entry.bot, entry.what ?? "", entry.reason]);
    if (!groups.has(key)) groups.set(key, { ...entry, cases: [] });
    groups.get(key).cases.push(entry.id);
  }
  return [...groups.values()].sort((a, b) => b.cases.length - a.cases.length);
}

function reasonItem(data, group) {
  const ids = [...new Set(group.cases)];
  const rest = ids.length - 6;
  return el("li", {},
    el("div", {}, botTag(data.bot.get(group.bot) ?? { name: group.bot, index: 0 }), group.what && [" ", name(group.what)], el("span", { class: "muted" }, ` · ${plural(group.cases.length, "answer")}`)),
    el("p", { class: "reason", dir: "auto" }, group.reason || "No reason was recorded."),
    el("p", { class: "small" }, ids.slice(0, 6).map((id, i) => [i > 0 && ", ", caseLink(id)]), rest > 0 && el("span", { class: "muted" }, ` and ${count(rest)} more`)));
}

function showFindings(data) {
  const failed = [];
  const refused = [];
  const errors = [];
  const lowest = [];
  const column = columnsOf(data)[0];
  const less = column?.metric.higher_is_better === false;
  for (const one of data.cases) {
    for (const answer of one.said.flat()) {
      const entry = { id: one.id, bot: answer.bot };
      if (answer.outcome === "failed") failed.push({ ...entry, reason: answer.error ?? "" });
      if (answer.outcome === "refused") refused.push({ ...entry, reason: answer.error || (answer.text ?? "").slice(0, 200) });
      for (const [what, score] of Object.entries(answer.scores ?? {})) {
        if (score.error !== undefined) errors.push({ ...entry, what, reason: String(score.error) });
      }
      const value = answer.outcome === "answered" && column ? column.of(answer) : undefined;
      if (known(value) && (isUnit(column.metric) ? value < 1 : true)) lowest.push({ one, answer, value });
    }
  }
  lowest.sort((a, b) => (less ? b.value - a.value : a.value - b.value) || a.one.index - b.one.index);
  const section = document.getElementById("findings");
  section.hidden = false;
  const part = (title, note, items, empty, total) => el("div", { class: "card" }, el("h3", {}, title, " ", el("small", { class: "muted" }, count(total))), note && el("p", { class: "muted small" }, note), items.length ? longList(items) : el("p", { class: "muted" }, icon("pass", 14), " ", empty));
  const grouped = (entries) => reasons(entries).map((group) => () => reasonItem(data, group));
  section.append(el("div", { class: "cards uneven" }, el("div", { class: "stack" },
    part("Failed answers", failed.length ? "By bot and reason. A failed answer is outside every score." : null, grouped(failed), "Every bot answered or refused; none failed.", failed.length),
    part("Refused answers", refused.length ? "By bot and reason. A refused answer is outside every score." : null, grouped(refused), "No bot refused.", refused.length),
    part("Evaluator errors", errors.length ? "Scores that could not be computed; they count neither for nor against." : null, grouped(errors), "Every evaluator ran to its end.", errors.length)),
    part("Weakest answers", column && lowest.length ? [name(column.metric.name), less ? ", highest first." : ", lowest first."] : null,
      lowest.slice(0, 200).map((entry) => () => weakItem(data, column, entry)), "No answer lost anything.", lowest.length)));
}

function weakItem(data, column, { one, answer, value }) {
  const missed = Object.entries(answer.scores ?? {}).filter(([, score]) => score.passed === false);
  const why = missed.map(([key, score]) => (score.explanation ? `${key}: ${score.explanation}` : key)).join("; ");
  return el("li", {},
    el("div", {}, el("strong", {}, amount(column.metric, value)), " ", botTag(data.bot.get(answer.bot)), " ", caseLink(one.id)),
    el("p", { class: "ask small", dir: "auto" }, (one.input ?? "").slice(0, 160)),
    why && el("p", { class: "muted small", dir: "auto" }, `Not passed: ${why}`));
}

const CORRECTIONS = { holm: "Holm", bonferroni: "Bonferroni", bh: "Benjamini–Hochberg", "benjamini-hochberg": "Benjamini–Hochberg", by: "Benjamini–Yekutieli", none: "no correction" };
const correctionName = (key) => CORRECTIONS[key] ?? key;

const METHODS = {
  wilson: "Wilson score interval of a share.",
  bca: "Bias-corrected and accelerated bootstrap interval of a mean.",
  clustered: "Interval that takes related cases (one group) as dependent.",
};
const TESTS = {
  "mcnemar-exact": "Exact McNemar test: of the cases where just one of the two bots passes, how even is the split.",
  "mcnemar-mid-p": "McNemar test with mid-p: of the cases where just one of the two bots passes, how even is the split.",
  "sign-flip": "Paired permutation test: the sign of each case's difference is flipped at random.",
  "clustered-sign-flip": "Paired permutation test over groups: the sign of each group's difference is flipped at random.",
};

function showMethod(data) {
  const { facts, report } = data;
  const foot = document.getElementById("method");
  foot.hidden = false;
  const methods = [...new Set(data.bots.flatMap((bot) => Object.values(bot.scores).map((score) => score.method)).filter(Boolean))];
  const tests = [...new Set(data.comparisons.map((c) => c.test).filter(Boolean))];
  const names = { botsmith: "Botsmith", suite_file: "Suite file", suite_hash: "Suite hash", dataset: "Dataset", dataset_hash: "Dataset hash", cases: "Cases", seed: "Seed", confidence: "Confidence", correction: "Correction", created: "Created" };
  const shown = (key, value) => (key === "confidence" ? data.confidence : key === "correction" ? correctionName(value) : typeof value === "object" ? JSON.stringify(value) : String(value));
  const pairs = [["Run", report.run], ["Suite", report.suite], ...Object.entries(facts).map(([key, value]) => [names[key] ?? key.replaceAll("_", " "), value === null ? null : shown(key, value)])].filter(([, value]) => value);
  const timings = Object.entries(report.timings ?? {}).filter(([, value]) => known(value));
  const list = (entries) => el("dl", {}, entries.map(([key, value]) => [el("dt", {}, key), el("dd", {}, /^[0-9a-f]{32,}$/.test(value) ? [el("code", { title: value }, value), " ", copyButton(value, key.toLowerCase())] : el("bdi", {}, value))]));
  const named = (entries, table) => entries.map((key) => el("li", {}, el("code", {}, key), " ", table[key] ?? ""));
  foot.firstElementChild.append(
    el("div", { class: "columns" },
      el("div", {}, el("h3", {}, "Statistics"), el("ul", {},
        el("li", {}, `Intervals hold at ${data.confidence} confidence.`), named(methods, METHODS), named(tests, TESTS),
        facts.correction && el("li", {}, `p-values adjusted for many comparisons: ${correctionName(facts.correction)}.`),
        el("li", {}, "Differences are taken over the cases that both bots answered. Failed and refused answers are outside every score."))),
      el("div", {}, el("h3", {}, "Evaluators"), el("ul", {}, data.metrics.map((metric) => el("li", {}, name(metric.name), metric.signature && [" ", el("code", {}, metric.signature)], known(metric.threshold) && `, passes from ${amount(metric, metric.threshold)}`, metric.weight !== undefined && metric.weight !== 1 && `, weight\u00a0${plain(metric.weight)}`)))),
      el("div", {}, el("h3", {}, "Run"), list(pairs)),
      timings.length > 0 && el("div", { class: "timings" }, el("h3", {}, "Timings"), list(timings.map(([key, value]) => [key.replace(/_s$/, "").replaceAll("_", " "), `${plain(value)}${key.endsWith("_s") ? `${THIN}s` : ""}`])))),
    el("p", { class: "muted small" }, "This file is complete in itself: it loads nothing and sends nothing."));
}
