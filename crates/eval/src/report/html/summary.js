// The upper page: the answer in words, the gate, scores, comparisons and slices.

const ICONS = {
  pass: "M3.5 8.5l3 3 6-7",
  fail: "M4 4l8 8M12 4l-8 8",
  none: "M4 8h8",
  warn: "M8 3.5v5.5M8 12v.6",
};

function icon(kind, size = 16) {
  return svg(
    "svg",
    {
      viewBox: "0 0 16 16",
      width: size,
      height: size,
      class: `icon-${kind}`,
      "aria-hidden": "true",
    },
    svg("path", { d: ICONS[kind] }),
  );
}

const pill = (kind, ...text) =>
  el("span", { class: `pill ${kind}` }, icon(kind, 14), el("span", {}, text));

function picker(label, options, chosen, onchange) {
  const select = el(
    "select",
    {},
    options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)),
  );
  select.addEventListener("change", () => onchange(select.value));
  return el("label", { class: "field" }, el("span", {}, label), select);
}

function showAnswer(data) {
  const { report, facts } = data;
  const gate = report.gate;
  const lead = leadMetric(data);
  const broken = data.rules.filter((rule) => rule.passed === false);
  const headline = lead ? claim(data, lead) : ["nothing was scored"];
  const state = gate.passed ? "pass" : "fail";
  const verdict =
    data.rules.length > 0 &&
    el(
      "span",
      { class: `verdict ${state}` },
      icon(state, 30),
      gate.passed ? "Gate passed. " : "Gate failed. ",
    );
  const said = el("span", {}, headline, ".");
  capitalise(said);

  const ordered = lead ? [lead, ...data.metrics.filter((metric) => metric !== lead)] : [];
  const findings = el(
    "ul",
    { class: "findings" },
    ordered.map((metric, i) => el("li", { hidden: i >= 4 }, finding(data, metric))),
  );
  const more =
    ordered.length > 4 &&
    el(
      "button",
      {
        type: "button",
        class: "quiet",
        onclick: () => {
          for (const item of findings.children) item.hidden = false;
          more.remove();
        },
      },
      `Show all ${ordered.length} metrics`,
    );
  const gaps = missing(data);
  const created = facts.created
    ? facts.created.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")
    : null;

  document
    .getElementById("answer")
    .replaceChildren(
      el(
        "div",
        { class: data.rules.length ? "hero" : "" },
        el(
          "div",
          {},
          el(
            "p",
            { class: "eyebrow" },
            el("span", {}, "Evaluation of ", el("bdi", {}, report.suite ?? "this suite")),
            !data.rules.length && pill("none", "no gate was set"),
          ),
          el("h1", {}, verdict, said),
          findings,
          more || "",
          gaps
            ? el(
                "p",
                { class: "notice small" },
                icon("warn", 14),
                el("span", {}, el("strong", {}, "Not scored: "), gaps),
              )
            : "",
          el(
            "ul",
            { class: "facts" },
            el("li", {}, plural(facts.cases ?? data.cases.length, "case")),
            el("li", {}, plural(data.bots.length, "bot")),
            el("li", {}, plural(data.metrics.length, "metric")),
            known(report.seed) && el("li", {}, `seed ${report.seed}`),
            created && el("li", {}, created),
            report.run &&
              el(
                "li",
                {},
                "run ",
                el("code", { title: report.run }, short(report.run)),
                " ",
                copyButton(report.run, "run id"),
              ),
          ),
        ),
        data.rules.length > 0 && gateRules(data, broken.length),
      ),
    );
}

/** A sentence that opens with our own word gets its capital; a bot's name is left as it is. */
function capitalise(sentence) {
  const first = sentence.firstChild;
  if (first?.nodeType === Node.TEXT_NODE)
    first.textContent = first.textContent.replace(/^./, (letter) => letter.toUpperCase());
}

function gateRules(data, broken) {
  const told = broken
    ? `${count(broken)} of ${plural(data.rules.length, "rule")} broken`
    : (["its rule holds", "both rules hold"][data.rules.length - 1] ??
      `all ${count(data.rules.length)} rules hold`);
  return el(
    "aside",
    { class: "card gate", "aria-label": "Gate" },
    el("h2", {}, "Gate ", el("small", { class: "muted" }, told)),
    el(
      "ul",
      {},
      data.rules.map((rule) => {
        const metric = metricOf(data, rule.metric);
        const [, way, bound] = /^(min|max) ([\d.]+)$/.exec(rule.bound ?? "") ?? [];
        // A rule may bound a count of a unit metric, which is no share.
        const shown = (value) =>
          isUnit(metric) && value > 1 ? plain(value) : amount(metric, value, true);
        const wanted = way
          ? `${way === "min" ? "at least" : "at most"} ${shown(Number(bound))}`
          : rule.bound;
        return el(
          "li",
          {},
          rule.passed ? pill("pass", "holds") : pill("fail", "broken"),
          el(
            "div",
            {},
            el("p", { class: "rule", dir: "auto" }, rule.rule),
            el(
              "p",
              { class: "muted small" },
              known(rule.observed) ? `${shown(rule.observed)} observed` : "nothing observed",
              wanted && `, ${wanted} wanted`,
            ),
            rule.advisory && el("p", { class: "small" }, el("b", {}, "advisory: "), rule.advisory),
          ),
        );
      }),
    ),
  );
}

function showScores(data) {
  const section = document.getElementById("scores");
  const metrics = [...data.metrics];
  if (!data.bots.length || !metrics.length) return;
  section.hidden = false;
  const overall = data.bots.some((bot) => bot.overall);
  const plots = el(
    "div",
    { class: "cards" },
    (overall && metrics.length > 1 ? [OVERALL, ...metrics] : metrics).map((metric) => {
      const scoreOf = (bot) =>
        metric === OVERALL
          ? bot.overall && { n: bot.answered || 1, ...bot.overall }
          : bot.scores[metric.name];
      const direction = directionOf(metric);
      return el(
        "figure",
        { class: "card" },
        el(
          "figcaption",
          {},
          el("h3", {}, el("bdi", {}, metric.name), " ", el("small", { class: "muted" }, direction)),
          metric.about && el("p", { class: "muted" }, metric.about),
        ),
        intervalPlot(data, metric, scoreOf),
      );
    }),
  );
  section.append(
    el(
      "p",
      { class: "lede" },
      `Each mark is a bot's pass rate, or its mean where a metric is graded. The line is the ${data.confidence} interval: where the true value plausibly lies, given how few or many cases were asked.`,
    ),
    plots,
    scoreTable(data, metrics, overall),
  );
}

/** Tokens, cost and hops of a bot's answers, a line each. */
function usedLines(bot) {
  const { tokens, cost, hops } = bot.totals ?? {};
  const asked = (bot.answered ?? 0) + (bot.refused ?? 0) + (bot.failed ?? 0);
  const of = (n) => (n === asked ? "" : ` of ${plural(n, "answer")}`);
  const lines = [
    tokens && `${count(tokens.input)} + ${count(tokens.output)} tokens${of(tokens.n)}`,
    cost && `cost ${plain(cost.total)}${of(cost.n)}`,
    hops &&
      `${plural(hops.total, "hop")}${hops.failed ? `, ${count(hops.failed)} failed` : ""}${of(hops.n)}`,
  ].filter(Boolean);
  return lines.length ? lines.map((line) => el("small", {}, line)) : "–";
}

function scoreTable(data, metrics, overall) {
  const cell = (metric, score) => {
    if (!score || !score.n) return el("td", { class: "muted" }, "–");
    const at = standing(metric, score);
    const lines = [
      el("strong", {}, amount(metric, at.main, true)),
      at.range && el("small", {}, interval(metric, at.range, true)),
    ];
    if (known(score.corpus) && score.corpus !== score.mean)
      lines.push(
        el(
          "small",
          { title: "The score of all answers together, which is not the mean of their scores." },
          `as one corpus: ${amount(metric, score.corpus, true)}`,
        ),
      );
    const notes = [
      known(score.passed) && `${count(score.passed)} of ${count(score.n)} passed`,
      !known(score.passed) && `n = ${count(score.n)}`,
      score.skipped && `${count(score.skipped)} skipped`,
    ].filter(Boolean);
    lines.push(el("small", {}, notes.join(" · ")));
    if (score.errors)
      lines.push(el("small", { class: "bad" }, plural(score.errors, "evaluator error")));
    for (const [label, table] of [
      ["at least one of", score.repeats?.pass_at],
      ["all of", score.repeats?.pass_all],
    ]) {
      const ks = Object.keys(table ?? {});
      const k = ks[ks.length - 1];
      if (k)
        lines.push(
          el(
            "small",
            { title: ks.map((key) => `k = ${key}: ${percent(table[key], tenth)} %`).join("\n") },
            `${label} ${k} repeats pass: ${amount(metric, table[k], true)}`,
          ),
        );
    }
    return el("td", {}, lines);
  };
  const row = (title, note, cells) =>
    el("tr", {}, el("th", { scope: "row" }, title, note && el("small", {}, note)), cells);
  return el(
    "div",
    { class: "scroll card" },
    el(
      "table",
      { class: "grid" },
      el("caption", { class: "unseen" }, "Scores of every bot on every metric"),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, "Metric"),
          data.bots.map((bot) => el("th", { scope: "col" }, botTag(bot))),
        ),
      ),
      el(
        "tbody",
        {},
        row(
          "Answered",
          "of the answers asked for",
          data.bots.map((bot) =>
            el(
              "td",
              {},
              el("strong", {}, count(bot.answered ?? 0)),
              ` of ${count(bot.cases ?? 0)}`,
              bot.refused ? el("small", { class: "warn" }, `${count(bot.refused)} refused`) : "",
              bot.failed ? el("small", { class: "bad" }, `${count(bot.failed)} failed`) : "",
            ),
          ),
        ),
        data.bots.some((bot) => bot.totals) &&
          row(
            "Used",
            "by all answers that say so",
            data.bots.map((bot) => el("td", {}, usedLines(bot))),
          ),
        overall &&
          row(
            "Overall",
            "weighted mean",
            data.bots.map((bot) =>
              cell(OVERALL, bot.overall && { n: bot.answered, ...bot.overall }),
            ),
          ),
        metrics.map((metric) =>
          row(
            el("bdi", {}, metric.name),
            metric.higher_is_better === false ? "less is better" : null,
            data.bots.map((bot) => cell(metric, bot.scores[metric.name])),
          ),
        ),
      ),
    ),
  );
}
