// How everything was computed.

const CORRECTIONS = {
  holm: "Holm",
  bonferroni: "Bonferroni",
  bh: "Benjamini–Hochberg",
  "benjamini-hochberg": "Benjamini–Hochberg",
  by: "Benjamini–Yekutieli",
  none: "no correction",
};
const correctionName = (key) => CORRECTIONS[key] ?? key;

const METHODS = {
  wilson: "Wilson score interval of a share.",
  bca: "Bias-corrected and accelerated bootstrap interval of a mean.",
  clustered: "Interval that takes related cases (one group) as dependent.",
};
const TESTS = {
  "mcnemar-exact":
    "Exact McNemar test: of the cases where just one of the two bots passes, how even is the split.",
  "mcnemar-mid-p":
    "McNemar test with mid-p: of the cases where just one of the two bots passes, how even is the split.",
  "sign-flip": "Paired permutation test: the sign of each case's difference is flipped at random.",
  "clustered-sign-flip":
    "Paired permutation test over groups: the sign of each group's difference is flipped at random.",
};

function showMethod(data) {
  const { facts, report } = data;
  const foot = document.getElementById("method");
  foot.hidden = false;
  const methods = [
    ...new Set(
      data.bots
        .flatMap((bot) => Object.values(bot.scores).map((score) => score.method))
        .filter(Boolean),
    ),
  ];
  const tests = [...new Set(data.comparisons.map((c) => c.test).filter(Boolean))];
  const names = {
    botsmith: "Botsmith",
    suite_file: "Suite file",
    suite_hash: "Suite hash",
    dataset: "Dataset",
    dataset_hash: "Dataset hash",
    cases: "Cases",
    seed: "Seed",
    confidence: "Confidence",
    correction: "Correction",
    created: "Created",
  };
  const shown = (key, value) =>
    key === "confidence"
      ? data.confidence
      : key === "correction"
        ? correctionName(value)
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value);
  const pairs = [
    ["Run", report.run],
    ["Suite", report.suite],
    ...Object.entries(facts).map(([key, value]) => [
      names[key] ?? key.replaceAll("_", " "),
      value === null ? null : shown(key, value),
    ]),
  ].filter(([, value]) => value);
  const timings = Object.entries(report.timings ?? {}).filter(([, value]) => known(value));
  const list = (entries) =>
    el(
      "dl",
      {},
      entries.map(([key, value]) => [
        el("dt", {}, key),
        el(
          "dd",
          {},
          /^[0-9a-f]{32,}$/.test(value)
            ? [el("code", { title: value }, value), " ", copyButton(value, key.toLowerCase())]
            : el("bdi", {}, value),
        ),
      ]),
    );
  const named = (entries, table) =>
    entries.map((key) => el("li", {}, el("code", {}, key), " ", table[key] ?? ""));
  foot.firstElementChild.append(
    el(
      "div",
      { class: "columns" },
      el(
        "div",
        {},
        el("h3", {}, "Statistics"),
        el(
          "ul",
          {},
          el("li", {}, `Intervals hold at ${data.confidence} confidence.`),
          named(methods, METHODS),
          named(tests, TESTS),
          facts.correction &&
            el(
              "li",
              {},
              `p-values adjusted for many comparisons: ${correctionName(facts.correction)}.`,
            ),
          el(
            "li",
            {},
            "Differences are taken over the cases that both bots answered. Failed and refused answers are outside every score.",
          ),
        ),
      ),
      el(
        "div",
        {},
        el("h3", {}, "Evaluators"),
        el(
          "ul",
          {},
          data.metrics.map((metric) =>
            el(
              "li",
              {},
              name(metric.name),
              metric.signature && [" ", el("code", {}, metric.signature)],
              known(metric.threshold) && `, passes from ${amount(metric, metric.threshold)}`,
              metric.weight !== undefined &&
                metric.weight !== 1 &&
                `, weight\u00a0${plain(metric.weight)}`,
            ),
          ),
        ),
      ),
      el("div", {}, el("h3", {}, "Run"), list(pairs)),
      timings.length > 0 &&
        el(
          "div",
          { class: "timings" },
          el("h3", {}, "Timings"),
          list(
            timings.map(([key, value]) => [
              key.replace(/_s$/, "").replaceAll("_", " "),
              `${plain(value)}${key.endsWith("_s") ? `${THIN}s` : ""}`,
            ]),
          ),
        ),
    ),
    el(
      "p",
      { class: "muted small" },
      "This file is complete in itself: it loads nothing and sends nothing.",
    ),
  );
}
