// Which cases the table shows, in which order, and the controls that say so.

const RESULTS = [
  ["passed", "passed"],
  ["missed", "not passed"],
  ["skipped", "skipped"],
  ["error", "evaluator error"],
];

function resultOf(answer, key) {
  const score = answer.scores?.[key];
  if (!score) return null;
  if (score.error !== undefined) return "error";
  if (score.skipped !== undefined) return "skipped";
  return score.passed === true ? "passed" : score.passed === false ? "missed" : null;
}

/** Whether bots end differently on a case: in outcome, or in passing a metric (the shown one, if any). */
function disagree(one, keys) {
  const differs = (of) => {
    const seen = new Set(
      one.said
        .filter((said) => said.length)
        .map(of)
        .filter((value) => value !== null),
    );
    return seen.size > 1;
  };
  if (
    differs((said) =>
      said
        .map((answer) => answer.outcome)
        .sort()
        .join(),
    )
  )
    return true;
  return keys.some((key) =>
    differs((said) => {
      const { passed, of } = passesOf(key, said);
      return of ? passed / of : null;
    }),
  );
}

function matching() {
  const { data, filter, column } = TABLE;
  const words = (filter.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const bot = filter.bot ? data.bot.get(filter.bot)?.index : null;
  const [key, wanted] = filter.result ? JSON.parse(filter.result) : [];
  const label = filter.label ? JSON.parse(filter.label) : null;
  const keys = column?.judged ? [column.metric.name] : data.metrics.map((metric) => metric.name);
  return data.cases.filter((one) => {
    if (words.length && !words.every((word) => haystack(one).includes(word))) return false;
    if (label && !labelsOf(one).some((l) => l.group === label[0] && l.value === label[1]))
      return false;
    if (filter.disagree && !disagree(one, keys)) return false;
    if (bot === null && !filter.outcome && !key) return true;
    const answers = bot === null ? one.said.flat() : one.said[bot];
    return answers.some(
      (answer) =>
        (!filter.outcome || answer.outcome === filter.outcome) &&
        (!key || resultOf(answer, key) === wanted),
    );
  });
}

function gapOf(one) {
  const values = one.said.map((said) => valueOf(TABLE.column, said)).filter(known);
  return values.length > 1 ? Math.max(...values) - Math.min(...values) : NaN;
}

const collator = new Intl.Collator("en", { numeric: true });

/** Sorts by the chosen key. What was not measured comes last either way. */
function sorted(list) {
  const { key, down } = TABLE.sort;
  const sign = down ? -1 : 1;
  const row = (one) => one.row ?? one.index;
  if (key === "row") return list.sort((a, b) => sign * (row(a) - row(b) || a.index - b.index));
  if (key === "id")
    return list.sort((a, b) => sign * collator.compare(a.id, b.id) || row(a) - row(b));
  const of = key === "gap" ? gapOf : (one) => valueOf(TABLE.column, one.said[key]);
  const values = new Map(list.map((one) => [one, of(one)]));
  return list.sort((a, b) => {
    const [x, y] = [values.get(a), values.get(b)];
    if (!known(x) || !known(y)) return known(x) - known(y) ? known(y) - known(x) : row(a) - row(b);
    return sign * (x - y) || row(a) - row(b);
  });
}

/** Makes the search index bit by bit while the reader finds the keys. */
function prepareSearch(cases, from = 0) {
  const until = performance.now() + 8;
  let next = from;
  while (next < cases.length && performance.now() < until) haystack(cases[next++]);
  if (next < cases.length) setTimeout(prepareSearch, 0, cases, next);
}

function toolbar(data) {
  const set = (field) => (value) => {
    TABLE.filter[field] = value || null;
    applyTable();
  };
  const search = el("input", {
    type: "search",
    id: "search",
    placeholder: "Search ids, questions, answers",
    autocomplete: "off",
    spellcheck: "false",
  });
  search.addEventListener("input", () => set("text")(search.value));
  search.addEventListener("focus", () => prepareSearch(data.cases), { once: true });
  const labels = new Map();
  for (const one of data.cases)
    for (const { group, value } of labelsOf(one)) {
      if (!labels.has(group)) labels.set(group, new Set());
      labels.get(group).add(value);
    }
  const grouped = (label, id, empty, groups, onchange) => {
    const select = el(
      "select",
      { id },
      el("option", { value: "" }, empty),
      groups.map(([title, options]) =>
        el(
          "optgroup",
          { label: title },
          options.map(([value, text]) => el("option", { value: JSON.stringify(value) }, text)),
        ),
      ),
    );
    select.addEventListener("change", () => onchange(select.value));
    return el("label", { class: "field" }, el("span", {}, label), select);
  };
  const disagreeBox = el("input", { type: "checkbox", id: "disagree" });
  disagreeBox.addEventListener("change", () => set("disagree")(disagreeBox.checked));
  const bots = data.bots.map((bot) => [bot.name, bot.name]);
  const form = el(
    "form",
    { class: "tools", onsubmit: (event) => event.preventDefault() },
    el("label", { class: "field wide" }, el("span", {}, "Search"), search),
    picker(
      "Show",
      TABLE.columns.map((column) => [column.metric.name, column.metric.name]),
      TABLE.column.metric.name,
      (value) => {
        TABLE.column = TABLE.columns.find((column) => column.metric.name === value);
        applyTable();
      },
    ),
    bots.length > 1 && picker("Bot", [["", "Any bot"], ...bots], "", set("bot")),
    picker(
      "Outcome",
      [
        ["", "Any outcome"],
        ["answered", "Answered"],
        ["refused", "Refused"],
        ["failed", "Failed"],
      ],
      "",
      set("outcome"),
    ),
    grouped(
      "Result",
      "result",
      "Any result",
      data.metrics.map((metric) => [
        metric.name,
        RESULTS.map(([value, text]) => [[metric.name, value], `${metric.name}: ${text}`]),
      ]),
      set("result"),
    ),
    labels.size > 0 &&
      grouped(
        "Slice or tag",
        "label",
        "All cases",
        [...labels].map(([group, values]) => [
          group,
          [...values]
            .sort(collator.compare)
            .slice(0, 500)
            .map((value) => [[group, value], `${group}: ${value}`]),
        ]),
        set("label"),
      ),
    el("label", { class: "field phone" }, el("span", {}, "Sort by"), sortSelect(data)),
    bots.length > 1 &&
      el(
        "label",
        { class: "check", title: "Another outcome, or one bot passes where another does not" },
        disagreeBox,
        "Bots disagree",
      ),
    el(
      "div",
      { class: "last" },
      el(
        "span",
        {},
        el("span", { id: "tally" }),
        unseen(". In the table, up and down move, Enter opens a case."),
      ),
      el("button", { type: "reset", id: "reset" }, "Clear filters"),
      el("button", { type: "button", id: "csv", onclick: downloadCsv }, "Download CSV"),
    ),
  );
  form.addEventListener("reset", () =>
    setTimeout(() => {
      TABLE.filter = {};
      TABLE.column = TABLE.columns[0] ?? TABLE.column;
      applyTable();
    }),
  );
  return form;
}

function sortSelect(data) {
  const options = [
    ["row", "Row"],
    ["id", "Case id"],
    ...data.bots.map((bot) => [String(bot.index), bot.name]),
    ...(data.bots.length > 1 ? [["gap", "Gap"]] : []),
  ];
  const select = el(
    "select",
    { id: "sort" },
    options.flatMap(([key, text]) => [
      el("option", { value: `${key} up` }, `${text} ↑`),
      el("option", { value: `${key} down` }, `${text} ↓`),
    ]),
  );
  select.addEventListener("change", () => {
    const [key, way] = select.value.split(" ");
    TABLE.sort = { key: /^\d+$/.test(key) ? Number(key) : key, down: way === "down" };
    applyTable();
  });
  return select;
}
