// The data of the page: the report, and the cases as the table and the case view want them.

/** The scores' stand-in for the weighted mean of all metrics of an answer. */
const OVERALL = {
  name: "overall",
  kind: "overall",
  about: "Weighted mean of the scores of an answer.",
  range: [0, 1],
  higher_is_better: true,
};
const LATENCY = {
  name: "latency",
  kind: "latency",
  about: "Time to the whole answer.",
  range: [0, null],
  higher_is_better: false,
};
const COST = {
  name: "cost",
  kind: "cost",
  about: "Price of the answer.",
  range: [0, null],
  higher_is_better: false,
};
const LEVEL = 0.05;

/**
 * Reads what is embedded. A file cut short keeps the blocks before the cut; `damage` then says
 * what is missing.
 */
function readData() {
  const data = { report: {}, cases: [], damage: null };
  try {
    data.report = JSON.parse(document.getElementById("report").textContent);
  } catch {
    data.damage = "This file is damaged or cut off: its report cannot be read.";
    return data;
  }
  for (const block of document.querySelectorAll("script.cases")) {
    try {
      for (const one of JSON.parse(block.textContent)) data.cases.push(one);
    } catch {
      data.damage = "This file is damaged or cut off: some cases are missing below.";
    }
  }
  if (!document.getElementById("end"))
    data.damage ??= "This file is cut off: cases may be missing below.";

  const report = data.report;
  data.bots = (report.bots ?? []).map((bot, index) => ({
    ...bot,
    index,
    scores: bot.scores ?? {},
  }));
  data.bot = new Map(data.bots.map((bot) => [bot.name, bot]));
  data.metrics = report.metrics ?? [];
  data.metric = new Map([OVERALL, ...data.metrics].map((metric) => [metric.name, metric]));
  data.comparisons = report.comparisons ?? [];
  data.slices = report.slices ?? [];
  data.rules = report.gate?.rules ?? [];
  data.facts = report.facts ?? {};
  data.confidence = `${plain((data.facts.confidence ?? 0.95) * 100)}${THIN}%`;

  data.cases.forEach((one, index) => {
    one.index = index;
    // By bot, then by repeat: `said[b]` is the list of what bot `b` said.
    one.said = data.bots.map(() => []);
    for (const answer of one.answers ?? []) {
      const bot = data.bot.get(answer.bot);
      if (bot) one.said[bot.index].push(answer);
    }
  });
  data.byId = new Map(data.cases.map((one) => [String(one.id), one]));
  data.repeats = data.cases.some((one) => one.said.some((list) => list.length > 1));
  return data;
}

const metricOf = (data, key) =>
  data.metric.get(key) ?? { name: key, kind: key, range: [null, null], higher_is_better: true };

/** What the table can show of an answer: overall, each metric, latency and cost where there are any. */
function columnsOf(data) {
  const any = (field) =>
    data.cases.some((one) => (one.answers ?? []).some((answer) => known(answer[field])));
  const taken = (field) => data.metrics.some((metric) => metric.name === field);
  const extra = (metric) =>
    any(metric.name) && !taken(metric.name)
      ? [{ metric, of: (answer) => answer[metric.name] }]
      : [];
  return [
    ...extra(OVERALL),
    ...data.metrics.map((metric) => ({
      metric,
      judged: true,
      of: (answer) => answer.scores?.[metric.name]?.value,
    })),
    ...extra(LATENCY),
    ...extra(COST),
  ];
}

/** Mean over the repeats of what `column` shows; NaN where nothing was measured. Never 0 for that. */
function valueOf(column, said) {
  let sum = 0;
  let n = 0;
  for (const answer of said) {
    const value = answer.outcome === "answered" ? column.of(answer) : undefined;
    if (known(value)) {
      sum += value;
      n += 1;
    }
  }
  return n ? sum / n : NaN;
}

/** How many of the repeats passed a metric, of those with a verdict. */
function passesOf(key, said) {
  let passed = 0;
  let of = 0;
  for (const answer of said) {
    const verdict = answer.outcome === "answered" ? answer.scores?.[key]?.passed : undefined;
    if (typeof verdict === "boolean") {
      of += 1;
      passed += verdict ? 1 : 0;
    }
  }
  return { passed, of };
}

const messageText = (message) => {
  if (typeof message.content === "string") return message.content;
  if (!Array.isArray(message.content))
    return message.content ? JSON.stringify(message.content) : "";
  return message.content.map((part) => part.text ?? JSON.stringify(part)).join("\n");
};

/** All that the search looks through, in lower case; made when first asked for. */
function haystack(one) {
  one.text ??= [
    one.id,
    one.input,
    ...(one.messages ?? []).map(messageText),
    ...(one.references ?? []),
    ...(one.tags ?? []),
    ...(one.answers ?? []).map((answer) => `${answer.text ?? ""}\n${answer.error ?? ""}`),
  ]
    .join("\n")
    .toLowerCase();
  return one.text;
}

const labelsOf = (one) => [
  ...Object.entries(one.slices ?? {}).map(([slice, value]) => ({
    group: slice,
    value: String(value),
  })),
  ...(one.tags ?? []).map((tag) => ({ group: "tag", value: String(tag) })),
];

/** Which end of a metric is better, in words; nothing where neither is. */
const directionOf = (metric) =>
  metric.higher_is_better === null
    ? ""
    : metric.higher_is_better === false
      ? "less is better"
      : "more is better";
