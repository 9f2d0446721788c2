// The answer in words. It says no more than the numbers carry: "better" only where the adjusted
// p-value is at most LEVEL, otherwise that no difference is shown.

/** What one bot's score says: `main` is the pass rate of a yes-or-no metric, else the mean. */
function standing(metric, score) {
  if (!score || !score.n) return null;
  // Values that happen to be 0 or 1 make no rate: how the interval is made tells verdicts from grades.
  const binary = known(score.pass_rate) && (score.method ?? "").endsWith("wilson");
  const asRate = known(score.pass_rate) && (binary || !known(score.mean));
  return {
    binary: asRate,
    main: asRate ? score.pass_rate : score.mean,
    range: asRate ? (score.pass_interval ?? score.interval) : score.interval,
    score,
  };
}

/** "passes contains on 56 of 60 answers (93 %, 95 % interval 84–97 %)", as nodes. */
function standingWords(data, metric, score) {
  const at = standing(metric, score);
  if (!at) return ["has no answer that ", name(metric.name), " could judge"];
  const range = at.range ? `, ${data.confidence} interval ${interval(metric, at.range)}` : "";
  if (at.binary) {
    return [
      "passes ",
      name(metric.name),
      ` on ${count(score.passed)} of ${plural(score.n, "answer")} (${amount(metric, at.main)}${range})`,
    ];
  }
  const passes = known(score.pass_rate) ? `, and passes on ${count(score.passed)}` : "";
  return [
    "has a mean ",
    name(metric.name),
    ` of ${amount(metric, at.main)} over ${plural(score.n, "answer")}${range ? ` (${range.slice(2)})` : ""}${passes}`,
  ];
}

/** Better, no difference, or untested, of one comparison; `gap` is > 0 on the winner's side. */
function ruling(comparison) {
  const p = comparison.p_adjusted ?? comparison.p;
  if (!known(p)) return { kind: "untested", p: null };
  if (p > LEVEL) return { kind: "none", p };
  if (comparison.better === "a")
    return { kind: "better", winner: comparison.a, loser: comparison.b, p };
  if (comparison.better === "b")
    return { kind: "better", winner: comparison.b, loser: comparison.a, p };
  return { kind: "differs", p };
}

function tested(comparison, p) {
  if (p === null) return "not tested";
  return `${known(comparison.p_adjusted) ? "adjusted " : ""}${probability(p)}`;
}

/** The difference as its better side sees it: `[low, high]`, both positive if all speak for it. */
function seenFrom(comparison, flip) {
  const [lo, hi] = comparison.interval;
  return flip ? [-hi, -lo] : [lo, hi];
}

/** One comparison, from the side of bot `from`: "12 points better than fluent (…)". */
function versus(data, metric, comparison, from) {
  const rule = ruling(comparison);
  const other = comparison.a === from ? comparison.b : comparison.a;
  const p = tested(comparison, rule.p);
  if (rule.kind === "untested") return [`difference to `, name(other), " not tested"];
  const up = comparison.difference > 0 === (comparison.b === from);
  const range =
    comparison.interval && known(comparison.interval[0])
      ? `${distances(metric, seenFrom(comparison, comparison.difference < 0))}, `
      : "";
  const size = distance(metric, comparison.difference);
  if (rule.kind === "none")
    return ["no difference to ", name(other), ` is shown (observed ${size}, ${range}${p})`];
  if (rule.kind === "differs")
    return [`${size} ${up ? "above" : "below"} `, name(other), ` (${range}${p})`];
  const word =
    metric.kind === "latency"
      ? rule.winner === from
        ? "faster"
        : "slower"
      : rule.winner === from
        ? "better"
        : "worse";
  return [`${size} ${word} than `, name(other), ` (${range}${p})`];
}

/** Bots that a metric could judge, best first; the suite's order where nothing separates them. */
function ranking(data, metric) {
  const sign = metric.higher_is_better === false ? -1 : 1;
  return data.bots
    .map((bot) => ({ bot, at: standing(metric, bot.scores[metric.name]) }))
    .filter((entry) => entry.at)
    .sort(
      (a, b) =>
        sign * ((b.at.score.mean ?? b.at.main) - (a.at.score.mean ?? a.at.main)) ||
        a.bot.index - b.bot.index,
    );
}

const comparisonOf = (data, metric, a, b) =>
  data.comparisons.find(
    (c) => c.metric === metric.name && ((c.a === a && c.b === b) || (c.a === b && c.b === a)),
  );

/** How the best bot of a metric stands to the others. */
function contest(data, metric) {
  const ranked = ranking(data, metric);
  if (!ranked.length) return { ranked, beaten: [], tied: [] };
  const first = ranked[0].bot.name;
  const others = ranked.slice(1).map((entry) => {
    const comparison = comparisonOf(data, metric, first, entry.bot.name);
    const rule = comparison ? ruling(comparison) : { kind: "untested", p: null };
    return { name: entry.bot.name, comparison, rule };
  });
  return {
    ranked,
    first,
    beaten: others.filter((o) => o.rule.kind === "better" && o.rule.winner === first),
    differs: others.filter((o) => o.rule.kind === "differs"),
    tied: others.filter((o) => o.rule.kind === "none"),
    untested: others.filter((o) => o.rule.kind === "untested"),
    others,
  };
}

function listed(names) {
  const nodes = names.map(name);
  return nodes.flatMap((node, i) =>
    i === 0 ? [node] : [i === nodes.length - 1 ? " and " : ", ", node],
  );
}

/** The metric that the headline speaks of: of a broken gate rule, of the first rule, the heaviest. */
function leadMetric(data) {
  const rule =
    data.rules.find((r) => r.passed === false && data.metric.has(r.metric)) ??
    data.rules.find((r) => data.metric.has(r.metric));
  if (rule && rule.metric !== "overall") return data.metric.get(rule.metric);
  return [...data.metrics].sort((a, b) => (b.weight ?? 1) - (a.weight ?? 1))[0];
}

/** The headline's claim about one metric. */
function claim(data, metric) {
  const { ranked, first, beaten, differs, tied, others } = contest(data, metric);
  if (!ranked.length) return ["no answer could be judged by ", name(metric.name)];
  if (!others.length) {
    const { at } = ranked[0];
    return at.binary
      ? [
          name(first),
          " passes ",
          name(metric.name),
          ` on ${amount(metric, at.main)} of its answers`,
        ]
      : [name(first), " has a mean ", name(metric.name), ` of ${amount(metric, at.main)}`];
  }
  const on = [" on ", name(metric.name)];
  if (beaten.length === others.length)
    return [
      name(first),
      " does better than ",
      others.length > 3 ? `all ${others.length} other bots` : listed(beaten.map((o) => o.name)),
      on,
    ];
  if (beaten.length)
    return [
      name(first),
      " does better than ",
      beaten.length > 3
        ? `${beaten.length} of ${others.length} other bots`
        : listed(beaten.map((o) => o.name)),
      on,
    ];
  if (differs.length) return ["the bots differ", on];
  if (tied.length)
    return [
      others.length === 1
        ? ["no difference between ", listed([first, others[0].name])]
        : ["no bot is shown to be the best"],
      others.length === 1 ? " is shown" : "",
      on,
    ];
  return [name(first), " comes first", on, ", untested"];
}

/** How the best of three and more bots stands to the others, grouped by what the tests say. */
function standingToOthers({ first, others }) {
  const groups = [
    ["better than ", others.filter((o) => o.rule.kind === "better" && o.rule.winner === first)],
    ["worse than ", others.filter((o) => o.rule.kind === "better" && o.rule.winner !== first)],
    ["different from ", others.filter((o) => o.rule.kind === "differs")],
    ["no difference shown to ", others.filter((o) => o.rule.kind === "none")],
    ["not tested against ", others.filter((o) => o.rule.kind === "untested")],
  ];
  return groups
    .filter(([, list]) => list.length)
    .map(([words, list]) => {
      const who =
        list.length > 4 ? plural(list.length, "other bot") : listed(list.map((o) => o.name));
      const ps = list.map((o) => o.rule.p).filter(known);
      const p = words.startsWith("no ") ? Math.min(...ps) : Math.max(...ps);
      const sign = ps.length === 1 || p === 1 ? "=" : words.startsWith("no ") ? "≥" : "≤";
      const bound = ps.length === 0 ? "" : ` (adjusted ${probability(p).replace("=", sign)})`;
      return ["; ", words, who, bound];
    });
}

/** The finding on one metric, a full sentence with its numbers. */
function finding(data, metric) {
  const told = contest(data, metric);
  if (!told.ranked.length) return [name(metric.name), ": no answer could be judged."];
  const { first, others } = told;
  const pair = others.length === 1 && others[0].comparison;
  return [
    name(first),
    " ",
    standingWords(data, metric, told.ranked[0].at.score),
    pair ? ["; ", versus(data, metric, pair, first)] : standingToOthers(told),
    ".",
  ];
}

/** How many answers are missing from the scores, by bot: as nodes, or null if none. */
function missing(data) {
  const lines = data.bots
    .filter((bot) => bot.failed || bot.refused)
    .map((bot) => {
      const parts = [
        bot.failed && `failed on ${count(bot.failed)}`,
        bot.refused && `refused ${count(bot.refused)}`,
      ].filter(Boolean);
      return [name(bot.name), ` ${parts.join(" and ")} of ${count(bot.cases)}`];
    });
  if (!lines.length) return null;
  return [
    lines.slice(0, 4).flatMap((line, i) => (i ? ["; ", line] : [line])),
    lines.length > 4 ? `; and ${lines.length - 4} more bots` : "",
    ". These are outside every score and never count as zero, so scores speak only for the answers that were given.",
  ];
}
