// Bot against bot, and the parts of the data.

const EFFECTS = {
  "cohen-h": "Cohen’s h",
  "cohen-d": "Cohen’s d",
  "hedges-g": "Hedges’ g",
  "cliff-delta": "Cliff’s delta",
  "odds-ratio": "odds ratio",
};

const OTHER_TESTS = {
  wilcoxon: "Wilcoxon’s signed ranks",
  "sign-test": "sign test",
};

/** What else is known of comparisons: the sides as corpora, and other tests. */
function besides(metric, list) {
  const pair = (c) => list.length > 1 && [el("bdi", {}, `${c.a} / ${c.b}`), ": "];
  const line = (start, some, words) =>
    some.length > 0 &&
    el(
      "p",
      { class: "muted small" },
      start,
      some.map((c, i) => [i > 0 && "; ", pair(c), words(c)]),
      ".",
    );
  return [
    line(
      "As one corpus, first and second bot: ",
      list.filter((c) => c.corpus),
      ({ corpus }) =>
        [
          `${amount(metric, corpus.a, true)} and ${amount(metric, corpus.b, true)}`,
          known(corpus.p_adjusted)
            ? `${probability(corpus.p_adjusted)} adjusted`
            : probability(corpus.p),
        ].join(", "),
    ),
    line(
      "Other tests of the same differences, not adjusted: ",
      list.filter((c) => c.also?.length),
      (c) =>
        c.also
          .map(({ test, p }) => `${OTHER_TESTS[test] ?? test} ${probability(p)}`)
          .join(", "),
    ),
  ];
}

function showComparisons(data) {
  const section = document.getElementById("comparisons");
  const usable = data.comparisons.filter((c) => known(c.difference));
  if (!usable.length) return;
  section.hidden = false;
  const names = [...new Set(usable.map((c) => c.metric))];
  const place = el("div", { class: "stack" });
  const draw = (key) =>
    place.replaceChildren(
      ...names
        .filter((n) => key === "" || n === key)
        .map((n) => {
          const metric = metricOf(data, n);
          const list = usable.filter((c) => c.metric === n);
          const effects = list.filter((c) => known(c.effect?.value));
          return el(
            "figure",
            { class: "card" },
            el(
              "figcaption",
              {},
              el(
                "h3",
                {},
                el("bdi", {}, n),
                " ",
                el(
                  "small",
                  { class: "muted" },
                  directionOf(metric),
                ),
              ),
            ),
            comparisonPlot(data, metric, list),
            effects.length > 0 &&
              el(
                "p",
                { class: "muted small" },
                `Effect size (${EFFECTS[effects[0].effect.name] ?? effects[0].effect.name}): `,
                effects.map((c, i) => [
                  i > 0 && "; ",
                  list.length > 1 && [el("bdi", {}, `${c.a} / ${c.b}`), " "],
                  plain(Math.abs(c.effect.value)),
                ]),
                ".",
              ),
            besides(metric, list),
          );
        }),
    );
  const first = usable.length > 12 ? (leadMetric(data)?.name ?? names[0]) : "";
  section.append(
    el(
      "p",
      { class: "lede" },
      `The same cases, bot against bot. A mark away from the middle speaks for the bot on that side; where the line crosses the middle, these cases do not settle it. p-values are adjusted for ${plural(usable.length, "comparison")}${data.facts.correction ? ` (${correctionName(data.facts.correction)})` : ""}; “better” is said only at p\u00a0≤\u00a0${LEVEL}.`,
    ),
    names.length > 1
      ? picker("Metric", [["", "All metrics"], ...names.map((n) => [n, n])], first, draw)
      : "",
    place,
  );
  draw(first);
}

function showSlices(data) {
  const section = document.getElementById("slices");
  if (!data.slices.length) return;
  section.hidden = false;
  const slices = [...new Set(data.slices.map((s) => s.slice))];
  const metrics = [...new Set(data.slices.map((s) => s.metric))];
  const chosen = {
    slice: slices[0],
    metric: metrics.includes(leadMetric(data)?.name) ? leadMetric(data).name : metrics[0],
  };
  const place = el("div", { class: "scroll card" });
  const draw = () => {
    const metric = metricOf(data, chosen.metric);
    const list = data.slices.filter((s) => s.slice === chosen.slice && s.metric === chosen.metric);
    const values = [...new Set(list.map((s) => s.value))];
    const main = (s) => (known(s.pass_rate) ? s.pass_rate : s.mean);
    const greatest = isUnit(metric) ? 1 : Math.max(...list.map(main).filter(known), 0) || 1;
    const bots = data.bots.filter((bot) => list.some((s) => s.bot === bot.name));
    place.replaceChildren(
      el(
        "table",
        { class: "grid heat" },
        el("caption", { class: "unseen" }, `${chosen.metric} by ${chosen.slice}`),
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("th", { scope: "col" }, el("bdi", {}, chosen.slice)),
            bots.map((bot) => el("th", { scope: "col" }, botTag(bot))),
          ),
        ),
        el(
          "tbody",
          {},
          values.map((value) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, el("bdi", {}, String(value))),
              bots.map((bot) => {
                const s = list.find((one) => one.value === value && one.bot === bot.name);
                if (!s || !known(main(s))) return el("td", { class: "muted" }, "–");
                const bar = el("i", {
                  class: `bar-fill bot-${bot.index % 8}`,
                  "aria-hidden": "true",
                });
                bar.style.width = `${Math.max(0, Math.min(1, main(s) / greatest)) * 100}%`;
                return el(
                  "td",
                  {},
                  el("strong", {}, amount(metric, main(s))),
                  el("span", { class: "bar-back" }, bar),
                  el(
                    "small",
                    {},
                    interval(metric, s.interval),
                    ` · n = ${count(s.n)}`,
                    s.n < 10 && " · few cases",
                  ),
                );
              }),
            ),
          ),
        ),
      ),
    );
  };
  const pick = (field) => (value) => {
    chosen[field] = value;
    draw();
  };
  section.append(
    el(
      "p",
      { class: "lede" },
      "The same scores within parts of the data. Parts are small, so their intervals are wide; differences between them are not tested here.",
    ),
    el(
      "div",
      { class: "row" },
      picker(
        "Slice",
        slices.map((s) => [s, s]),
        chosen.slice,
        pick("slice"),
      ),
      picker(
        "Metric",
        metrics.map((m) => [m, m]),
        chosen.metric,
        pick("metric"),
      ),
    ),
    place,
  );
  draw();
}
