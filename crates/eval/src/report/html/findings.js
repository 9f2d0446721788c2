// What went wrong: failures, refusals, evaluator errors, weakest answers.

const MANY = 8;

const caseLink = (id) => el("a", { href: caseHash(id), class: "case" }, el("bdi", {}, String(id)));

/** A list that shows its first entries, and the rest on demand. */
function longList(items) {
  const list = el(
    "ul",
    { class: "list" },
    items.slice(0, MANY).map((make) => make()),
  );
  if (items.length <= MANY) return list;
  let shown = MANY;
  const more = el("button", {
    type: "button",
    class: "quiet",
    onclick: () => {
      list.append(...items.slice(shown, shown + 100).map((make) => make()));
      shown += 100;
      label();
    },
  });
  const label = () => {
    if (shown >= items.length) more.remove();
    else
      more.textContent = `Show ${count(Math.min(100, items.length - shown))} more of ${count(items.length)}`;
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
  return el(
    "li",
    {},
    el(
      "div",
      {},
      botTag(data.bot.get(group.bot) ?? { name: group.bot, index: 0 }),
      group.what && [" ", name(group.what)],
      el("span", { class: "muted" }, ` · ${plural(group.cases.length, "answer")}`),
    ),
    el("p", { class: "reason", dir: "auto" }, group.reason || "No reason was recorded."),
    el(
      "p",
      { class: "small" },
      ids.slice(0, 6).map((id, i) => [i > 0 && ", ", caseLink(id)]),
      rest > 0 && el("span", { class: "muted" }, ` and ${count(rest)} more`),
    ),
  );
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
      if (answer.outcome === "refused")
        refused.push({ ...entry, reason: answer.error || (answer.text ?? "").slice(0, 200) });
      for (const [what, score] of Object.entries(answer.scores ?? {})) {
        if (score.error !== undefined) errors.push({ ...entry, what, reason: String(score.error) });
      }
      const value = answer.outcome === "answered" && column ? column.of(answer) : undefined;
      if (known(value) && (isUnit(column.metric) ? value < 1 : true))
        lowest.push({ one, answer, value });
    }
  }
  lowest.sort(
    (a, b) => (less ? b.value - a.value : a.value - b.value) || a.one.index - b.one.index,
  );
  const section = document.getElementById("findings");
  section.hidden = false;
  const part = (title, note, items, empty, total) =>
    el(
      "div",
      { class: "card" },
      el("h3", {}, title, " ", el("small", { class: "muted" }, count(total))),
      note && el("p", { class: "muted small" }, note),
      items.length ? longList(items) : el("p", { class: "muted" }, icon("pass", 14), " ", empty),
    );
  const grouped = (entries) => reasons(entries).map((group) => () => reasonItem(data, group));
  section.append(
    el(
      "div",
      { class: "cards uneven" },
      el(
        "div",
        { class: "stack" },
        part(
          "Failed answers",
          failed.length ? "By bot and reason. A failed answer is outside every score." : null,
          grouped(failed),
          "Every bot answered or refused; none failed.",
          failed.length,
        ),
        part(
          "Refused answers",
          refused.length ? "By bot and reason. A refused answer is outside every score." : null,
          grouped(refused),
          "No bot refused.",
          refused.length,
        ),
        part(
          "Evaluator errors",
          errors.length
            ? "Scores that could not be computed; they count neither for nor against."
            : null,
          grouped(errors),
          "Every evaluator ran to its end.",
          errors.length,
        ),
      ),
      part(
        "Weakest answers",
        column && lowest.length
          ? [name(column.metric.name), less ? ", highest first." : ", lowest first."]
          : null,
        lowest.slice(0, 200).map((entry) => () => weakItem(data, column, entry)),
        "No answer lost anything.",
        lowest.length,
      ),
    ),
  );
}

function weakItem(data, column, { one, answer, value }) {
  const missed = Object.entries(answer.scores ?? {}).filter(([, score]) => score.passed === false);
  const why = missed
    .map(([key, score]) => (score.explanation ? `${key}: ${score.explanation}` : key))
    .join("; ");
  return el(
    "li",
    {},
    el(
      "div",
      {},
      el("strong", {}, amount(column.metric, value)),
      " ",
      botTag(data.bot.get(answer.bot)),
      " ",
      caseLink(one.id),
    ),
    el("p", { class: "ask small", dir: "auto" }, (one.input ?? "").slice(0, 160)),
    why && el("p", { class: "muted small", dir: "auto" }, `Not passed: ${why}`),
  );
}
