// One answer: its text with the evidence marked, and its scores.

const LONG = 6000; // an answer longer than this is folded
const FOLDED = 2500; // and shows this much

function answerCard(bot, answer, repeats) {
  const facts = [
    known(answer.overall) && `overall ${amount(OVERALL, answer.overall)}`,
    known(answer.latency) && `${plain(answer.latency)}${THIN}s`,
    known(answer.cost) && `cost ${plain(answer.cost)}`,
    ...asked(answer.asked),
  ].filter(Boolean);
  const outcome = {
    answered: el("small", { class: "muted" }, "answered"),
    refused: pill("warn", "refused"),
    failed: pill("fail", "failed"),
  }[answer.outcome];
  const spans = Object.entries(answer.scores ?? {}).flatMap(([metric, score]) =>
    (score.evidence ?? []).map((e) => ({ ...e, metric })),
  );
  const text = el("div", { class: "said" });
  const redraw = (only) =>
    text.replaceChildren(
      foldable(
        answer.text ?? "",
        only ? spans.filter((s) => s.metric === only) : spans,
        "",
        text.dataset.open === "true",
        () => (text.dataset.open = "true"),
      ),
    );
  redraw(null);
  return el(
    "article",
    { class: `card answer ${answer.outcome}` },
    el(
      "header",
      {},
      el(
        "h4",
        {},
        botTag(bot),
        repeats > 1 &&
          el("small", { class: "muted" }, ` repeat ${answer.repeat ?? 1} of ${repeats}`),
      ),
      outcome,
    ),
    facts.length > 0 && el("p", { class: "muted small" }, facts.join(" · ")),
    answer.error && el("p", { class: "reason", dir: "auto" }, answer.error),
    transcript(answer.asked),
    answer.text
      ? text
      : answer.outcome === "answered" && el("p", { class: "muted" }, "The answer is empty."),
    spans.length > 0 &&
      el(
        "p",
        { class: "legend small muted" },
        spans.some((s) => s.supports) &&
          el("span", {}, el("mark", { class: "for" }, "for"), " supports the answer"),
        spans.some((s) => !s.supports) &&
          el("span", {}, el("mark", { class: "against" }, "against"), " speaks against it"),
      ),
    scoreList(answer, spans, redraw),
    answer.outcome !== "answered" &&
      el("p", { class: "muted small" }, "Not scored: this answer is outside every score."),
  );
}

// How an answer came about, in few words.
function asked(how) {
  if (!how) return [];
  const tokens = how.usage && how.usage.input_tokens + how.usage.output_tokens;
  return [
    [how.provider, how.model].filter(Boolean).join(" / "),
    how.scripted && "made up by a script",
    how.cached && "from a cache",
    tokens > 0 && `${count(tokens)} tokens`,
    how.hops?.length > 1 && `${count(how.hops.length)} tries`,
    how.tools?.length > 0 && `tools: ${how.tools.map((call) => call.name).join(", ")}`,
  ];
}

// The conversation, folded, where it is more than question and answer.
function transcript(how) {
  if (!(how?.transcript?.length > 2)) return null;
  const words = (content) =>
    typeof content === "string"
      ? content
      : (content ?? []).map((part) => part.text ?? `[${part.type}]`).join("\n");
  const calls = (said) =>
    (said.tool_calls ?? []).map((call) => `${call.name} ${call.arguments}`).join("\n");
  return el(
    "details",
    { class: "small" },
    el("summary", {}, `Conversation of ${count(how.transcript.length)} messages`),
    how.transcript.map((said) =>
      el(
        "p",
        { dir: "auto" },
        el("strong", {}, `${said.role} `),
        [words(said.content), calls(said)].filter(Boolean).join("\n"),
      ),
    ),
  );
}

function scoreList(answer, spans, redraw) {
  const entries = Object.entries(answer.scores ?? {});
  if (!entries.length) return null;
  return el(
    "ul",
    { class: "scores" },
    entries.map(([key, score]) => {
      const metric = metricOf(TABLE.data, key);
      const marked = spans.filter((s) => s.metric === key).length;
      const only =
        marked > 0 &&
        spans.some((s) => s.metric !== key) &&
        el(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-pressed": "false",
            title: "Marks only the evidence of this score",
          },
          marked === 1 ? "Its mark" : `Its ${count(marked)} marks`,
        );
      if (only)
        only.addEventListener("click", () => {
          const on = only.getAttribute("aria-pressed") !== "true";
          for (const other of only.closest("ul").querySelectorAll("[aria-pressed]"))
            other.setAttribute("aria-pressed", "false");
          only.setAttribute("aria-pressed", String(on));
          redraw(on ? key : null);
        });
      const line = (state, words, note) =>
        el(
          "li",
          {},
          state,
          el(
            "div",
            {},
            el("span", {}, name(key), " ", words),
            note && el("p", { class: "muted small", dir: "auto" }, note),
          ),
          only,
        );
      if (score.skipped !== undefined)
        return line(icon("none"), el("span", { class: "muted" }, "skipped"), String(score.skipped));
      if (score.error !== undefined)
        return line(
          icon("warn"),
          el("strong", { class: "bad" }, "evaluator error"),
          String(score.error),
        );
      const words = score.passed === true ? "passed" : score.passed === false ? "not passed" : null;
      return line(
        icon(score.passed === true ? "pass" : score.passed === false ? "fail" : "none"),
        el("span", {}, amount(metric, score.value), words && `, ${words}`),
        score.explanation,
      );
    }),
  );
}

/** Text with its evidence marked; long text shows its beginning and says how much there is. */
function foldable(text, spans, extra, open = false, opened = () => {}) {
  if (open || text.length <= LONG) return prose(marked(text, spans, text.length), extra);
  // Never between the halves of a surrogate pair.
  const cut = FOLDED + (/[\ud800-\udbff]/.test(text[FOLDED - 1]) ? 1 : 0);
  const beyond = spans.filter((s) => s.start >= cut).length;
  const box = el("div", { class: "folded" }, prose(marked(text, spans, cut), extra));
  box.append(
    el(
      "button",
      {
        type: "button",
        onclick: () => {
          opened();
          box.replaceWith(prose(marked(text, spans, text.length), extra));
        },
      },
      `Show all ${bytes(text)}${beyond ? `, with ${plural(beyond, "more mark")}` : ""}`,
    ),
  );
  return box;
}

/** Marks what is under evidence. Neighbours of one kind are one mark; text under both kinds says so. */
function marked(text, spans, end) {
  const good = spans.filter((s) => s.start < s.end && s.start >= 0 && s.start < end);
  const edges = [
    ...new Set([0, end, ...good.flatMap((s) => [s.start, Math.min(s.end, end)])]),
  ].sort((a, b) => a - b);
  const runs = [];
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const under = good.filter((s) => s.start < edges[i + 1] && s.end > edges[i]);
    const kind = [...new Set(under.map((s) => (s.supports ? "for" : "against")))].sort().join(" ");
    const told = under.map((s) => `${s.metric}: ${s.supports ? "supports" : "against"}`);
    const last = runs.at(-1);
    if (last?.kind === kind) {
      last.end = edges[i + 1];
      told.forEach((line) => last.told.add(line));
    } else {
      runs.push({ kind, start: edges[i], end: edges[i + 1], told: new Set(told) });
    }
  }
  return runs.map(({ kind, start, end: stop, told }) => {
    const piece = text.slice(start, stop);
    if (!kind) return piece;
    return el(
      "mark",
      { class: kind, title: [...told].join("\n") },
      unseen(`[${[...told].join(", ")}] `),
      piece,
    );
  });
}
