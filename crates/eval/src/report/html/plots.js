// Plots: a dot with its interval on a common axis. Positions are percentages, so they fit any
// width without being drawn anew; the numbers stand beside them as text.

const SHAPES = [
  "M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11z", // circle
  "M3 3h10v10H3z", // square
  "M8 1.2L14.8 8L8 14.8L1.2 8z", // diamond
  "M8 2L14.6 13.4H1.4z", // triangle up
  "M8 14L1.4 2.6H14.6z", // triangle down
  "M6 2h4v4h4v4h-4v4H6v-4H2V6h4z", // plus
  "M4.5 2h7l3.5 6l-3.5 6h-7L1 8z", // hexagon
  "M8 1l2 4.8l5.2.4l-4 3.4l1.2 5L8 11.9l-4.4 2.7l1.2-5l-4-3.4L6 5.8z", // star
];

/** A bot's mark: shape and colour, so that neither is needed alone. */
function glyph(index, size = 12) {
  return svg(
    "svg",
    {
      viewBox: "0 0 16 16",
      width: size,
      height: size,
      class: `glyph bot-${index % 8}`,
      "aria-hidden": "true",
    },
    svg("path", { d: SHAPES[index % SHAPES.length] }),
  );
}

const botTag = (bot, extra = "") =>
  el("span", { class: `bot ${extra}`, title: bot.name }, glyph(bot.index), el("bdi", {}, bot.name));

/** Round steps that cover `lo..hi` in about `wanted` steps. */
function ticks(lo, hi, wanted = 4) {
  const raw = (hi - lo) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((k) => k * power).find((k) => k >= raw * 0.999);
  const from = Math.floor(lo / step + 1e-9);
  const to = Math.ceil(hi / step - 1e-9);
  return Array.from({ length: Math.max(to - from, 1) + 1 }, (_, i) => (from + i) * step);
}

function scaleOf(values) {
  const [lo, hi] = [values[0], values[values.length - 1]];
  return (value) => Math.min(100, Math.max(0, ((value - lo) / (hi - lo)) * 100));
}

/** The axis of a metric: 0 to 100 % for unit metrics, else round steps around its values. */
function axisOf(metric, values) {
  if (isUnit(metric)) return [0, 0.25, 0.5, 0.75, 1];
  const finite = values.filter(known);
  const lo = Math.min(...finite, metric.range?.[0] ?? Infinity);
  const hi = Math.max(...finite);
  return finite.length ? ticks(lo, hi > lo ? hi : lo + 1) : [0, 1];
}

/** Something of its own size, at a place in percent on the middle line. */
const pinned = (x, node) =>
  svg("svg", { x, y: "50%", overflow: "visible", width: 1, height: 1 }, node);

/** One line of a plot: grid, whisker, and the mark. */
function track(axis, at, range, index, zero = null) {
  const x = scaleOf(axis);
  const percentOf = (value) => `${x(value)}%`;
  const parts = axis.map((tick) =>
    svg("line", {
      x1: percentOf(tick),
      x2: percentOf(tick),
      y1: 0,
      y2: "100%",
      class: tick === zero ? "zero" : "grid",
    }),
  );
  const tone = index === null ? "tone" : `bot-${index % 8}`;
  if (range && known(range[0]) && known(range[1])) {
    parts.push(
      svg("line", {
        x1: percentOf(range[0]),
        x2: percentOf(range[1]),
        y1: "50%",
        y2: "50%",
        class: `whisker ${tone}`,
      }),
    );
    for (const end of range)
      parts.push(
        pinned(
          percentOf(end),
          svg("line", { x1: 0, x2: 0, y1: -5, y2: 5, class: `whisker ${tone}` }),
        ),
      );
  }
  if (known(at)) {
    parts.push(
      pinned(
        percentOf(at),
        svg("path", {
          d: SHAPES[(index ?? 0) % SHAPES.length],
          transform: "translate(-8 -8)",
          class: `mark ${tone}`,
        }),
      ),
    );
  }
  return el("div", { class: "track" }, svg("svg", { "aria-hidden": "true" }, parts));
}

function axisLabels(metric, axis, format) {
  const x = scaleOf(axis);
  const shown = axis.length > 6 ? axis.filter((_, i) => i % 2 === 0) : axis;
  return el(
    "div",
    { class: "axis", "aria-hidden": "true" },
    shown.map((tick) => {
      const label = el("span", {}, format(tick));
      label.style.left = `${x(tick)}%`;
      return label;
    }),
  );
}

/** Every bot's mean or pass rate with its interval, on one metric. */
function intervalPlot(data, metric, scoreOf) {
  const rows = data.bots.map((bot) => ({ bot, at: standing(metric, scoreOf(bot)) }));
  const axis = axisOf(
    metric,
    rows.flatMap(({ at }) => (at ? [at.main, ...(at.range ?? [])] : [])),
  );
  return el(
    "div",
    { class: "plot" },
    rows.map(({ bot, at }) => [
      botTag(bot),
      at
        ? track(axis, at.main, at.range, bot.index)
        : el("span", { class: "muted empty" }, "no answer judged"),
      el(
        "span",
        { class: "value" },
        at ? amount(metric, at.main) : "–",
        at?.range && el("small", {}, interval(metric, at.range)),
      ),
    ]),
    el("span"),
    axisLabels(metric, axis, (tick) => amount(metric, tick)),
    el("span"),
  );
}

/** The interval of a difference in words that need no sign: `range` grows towards bot `b`. */
function reachWords(metric, c, [lo, hi], rule) {
  if (rule.kind !== "none" || lo > 0 || hi < 0)
    return distances(metric, seenFrom(c, c.difference < 0));
  const towards = (end, key) => [distance(metric, end), " for ", el("bdi", {}, key)];
  return ["between ", towards(lo, c.a), " and ", towards(hi, c.b)];
}

/** Differences of pairs around zero; a mark to the right speaks for the bot named on the right. */
function comparisonPlot(data, metric, list) {
  const sign = metric.higher_is_better === false ? -1 : 1;
  const ends = list
    .flatMap((c) => [c.difference, ...(c.interval ?? [])])
    .filter(known)
    .map(Math.abs);
  const reach = Math.max(...ends, isUnit(metric) ? 0.05 : 0) || 1;
  const half = ticks(0, reach, 2);
  const axis = [
    ...half
      .slice(1)
      .reverse()
      .map((tick) => -tick),
    ...half,
  ];
  const scale = isUnit(metric) ? 100 : 1;
  return el(
    "div",
    { class: "plot pairs" },
    list.map((c) => {
      const rule = ruling(c);
      const side = (bot) => {
        const wins = rule.kind === "better" && rule.winner === bot.name;
        return el(
          "span",
          { class: wins ? "side wins" : "side" },
          botTag(bot),
          wins && el("small", { class: "win" }, "better"),
        );
      };
      const bot = (key) => data.bot.get(key) ?? { name: key, index: 0 };
      const range = c.interval && c.interval.map((end) => end * sign).sort((a, b) => a - b);
      const words = {
        better: () =>
          el(
            "strong",
            {},
            name(rule.winner),
            ` ${metric.kind === "latency" ? "faster" : "better"} by ${distance(metric, c.difference)}`,
          ),
        differs: () => el("strong", {}, `${distance(metric, c.difference)} apart`),
        none: () => el("span", {}, "No difference shown"),
        untested: () => el("span", {}, "Not tested"),
      }[rule.kind]();
      const seen = range && known(range[0]) ? reachWords(metric, c, range, rule) : "";
      return [
        side(bot(c.a)),
        track(axis, c.difference * sign, range, null, 0),
        side(bot(c.b)),
        el(
          "span",
          { class: `value ${rule.kind}` },
          words,
          el(
            "small",
            {},
            seen,
            seen && " · ",
            tested(c, rule.p),
            ` · ${plural(c.n, "shared case")}`,
          ),
        ),
      ];
    }),
    el("span"),
    axisLabels(metric, axis, (tick) => (tick === 0 ? "0" : `+${plain(Math.abs(tick * scale))}`)),
    el("span"),
    el(
      "span",
      { class: "value muted" },
      el("small", {}, isUnit(metric) ? "in percentage points" : unitOf(metric) ? "in seconds" : ""),
    ),
  );
}
