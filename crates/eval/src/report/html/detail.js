// One case in full: the question, what was wanted, and every answer with its scores and the
// evidence marked in its text.

const LONG = 6000; // an answer longer than this is folded
const FOLDED = 2500; // and shows this much
const OPEN = { id: null, before: null };

const caseHash = (id) => `#case=${encodeURIComponent(id)}`;

function openCase(id) {
  if (location.hash !== caseHash(id)) history.pushState(null, "", caseHash(id));
  route();
}

/** Shows what the address asks for: `#case=ID` opens that case, anything else closes it. */
function route() {
  const dialog = document.getElementById("detail");
  const match = /^#case=(.*)$/s.exec(location.hash);
  if (!match) {
    if (dialog.open) dialog.close();
    return;
  }
  let id = match[1];
  try {
    id = decodeURIComponent(id);
  } catch {
    // Not percent-encoded after all: taken as it stands.
  }
  const one = TABLE.data.byId.get(id);
  OPEN.id = id;
  dialog.replaceChildren(...(one ? caseView(one) : unknownCase(id)));
  if (!dialog.open) {
    OPEN.before = document.activeElement;
    dialog.showModal();
  }
  dialog.querySelector(".sheet").scrollTop = 0;
  document.getElementById("detail-title").focus();
}

function startDetail() {
  const dialog = document.getElementById("detail");
  dialog.addEventListener("close", () => {
    if (/^#case=/.test(location.hash)) history.replaceState(null, "", "#cases");
    const index = TABLE.rows.findIndex((one) => String(one.id) === OPEN.id);
    if (index >= 0) reveal(index);
    (OPEN.before?.isConnected && OPEN.before !== document.body ? OPEN.before : document.getElementById("view"))?.focus({ preventScroll: true });
    dialog.replaceChildren();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select, textarea")) return;
    const way = { ArrowRight: 1, j: 1, n: 1, ArrowLeft: -1, k: -1, p: -1 }[event.key];
    if (way) {
      event.preventDefault();
      step(way);
    }
  });
  window.addEventListener("hashchange", route);
}

/** Goes to the next or the previous case of the table as it is filtered and sorted. */
function step(way) {
  const index = TABLE.rows.findIndex((one) => String(one.id) === OPEN.id);
  const next = TABLE.rows[index < 0 ? 0 : index + way];
  if (!next) return;
  history.replaceState(null, "", caseHash(next.id));
  route();
}

function sheet(title, tools, ...content) {
  return [el("div", { class: "sheet" },
    el("header", {}, el("h2", { id: "detail-title", tabindex: -1 }, title), el("div", { class: "row" }, tools, el("button", { type: "button", id: "close", onclick: () => document.getElementById("detail").close() }, "Close"))),
    content)];
}

const unknownCase = (id) => sheet(["No case ", el("bdi", {}, id)], [], el("p", {}, "This report has no case with this id. The link may belong to another run."));

function caseView(one) {
  const index = TABLE.rows.indexOf(one);
  const place = index < 0 ? "outside the filter" : `${count(index + 1)} of ${count(TABLE.rows.length)}`;
  const go = (way, text, key) => el("button", { type: "button", id: way > 0 ? "next" : "previous", disabled: !TABLE.rows[index + way] || index < 0, title: `Key ${key}`, onclick: () => step(way) }, text);
  const labels = labelsOf(one);
  const context = one.context ?? [];
  return sheet(
    [unseen("Case "), el("bdi", {}, String(one.id))],
    [el("span", { class: "muted" }, place), go(-1, "← Previous", "←"), go(1, "Next →", "→")],
    el("p", { class: "row small" }, copyButton(String(one.id), "id", "Copy id"), known(one.row) && el("span", { class: "muted" }, `row ${count(one.row)}`), labels.map((label) => el("span", { class: "chip" }, el("span", { class: "muted" }, `${label.group} `), el("bdi", {}, label.value)))),
    el("div", { class: "asked" },
      el("section", {}, el("h3", {}, one.messages?.length > 1 ? "Conversation" : "Input"), conversation(one)),
      one.references?.length > 0 && el("section", {}, el("h3", {}, one.references.length > 1 ? `References (${one.references.length}, the best match counts)` : "Reference"), one.references.map((text) => foldable(text, [], "wanted")))),
    context.length > 0 && el("details", {}, el("summary", {}, `Context (${plural(context.length, "passage")})`), context.map((text) => foldable(text, [], "quote"))),
    el("h3", {}, "Answers"),
    answerGroups(one).map((cards) => el("div", { class: "answers" }, cards)),
  );
}

/** The bots side by side; where answers were repeated, each bot's repeats side by side. */
function answerGroups(one) {
  const groups = TABLE.data.bots.map((bot) => one.said[bot.index].map((answer) => answerCard(bot, answer, one.said[bot.index].length)));
  return TABLE.data.repeats ? groups.filter((cards) => cards.length) : [groups];
}

function conversation(one) {
  if (!one.messages?.length) return foldable(one.input ?? "", [], "");
  return one.messages.map((message) => el("div", { class: `message ${message.role === "user" ? "user" : ""}` }, el("small", { class: "muted" }, message.role), foldable(messageText(message), [], "")));
}

function answerCard(bot, answer, repeats) {
  const facts = [
    known(answer.overall) && `overall ${amount(OVERALL, answer.overall)}`,
    known(answer.latency) && `${plain(answer.latency)}${THIN}s`,
    known(answer.cost) && `cost ${plain(answer.cost)}`,
  ].filter(Boolean);
  const outcome = { answered: el("small", { class: "muted" }, "answered"), refused: pill("warn", "refused"), failed: pill("fail", "failed") }[answer.outcome];
  const spans = Object.entries(answer.scores ?? {}).flatMap(([metric, score]) => (score.evidence ?? []).map((e) => ({ ...e, metric })));
  const text = el("div", { class: "said" });
  const redraw = (only) => text.replaceChildren(foldable(answer.text ?? "", only ? spans.filter((s) => s.metric === only) : spans, "", text.dataset.open === "true", () => (text.dataset.open = "true")));
  redraw(null);
  return el("article", { class: `card answer ${answer.outcome}` },
    el("header", {}, el("h4", {}, botTag(bot), repeats > 1 && el("small", { class: "muted" }, ` repeat ${answer.repeat ?? 1} of ${repeats}`)), outcome),
    facts.length > 0 && el("p", { class: "muted small" }, facts.join(" · ")),
    answer.error && el("p", { class: "reason", dir: "auto" }, answer.error),
    answer.text ? text : answer.outcome === "answered" && el("p", { class: "muted" }, "The answer is empty."),
    spans.length > 0 && el("p", { class: "legend small muted" }, spans.some((s) => s.supports) && el("span", {}, el("mark", { class: "for" }, "for"), " supports the answer"), spans.some((s) => !s.supports) && el("span", {}, el("mark", { class: "against" }, "against"), " speaks against it")),
    scoreList(answer, spans, redraw),
    answer.outcome !== "answered" && el("p", { class: "muted small" }, "Not scored: this answer is outside every score."));
}

function scoreList(answer, spans, redraw) {
  const entries = Object.entries(answer.scores ?? {});
  if (!entries.length) return null;
  return el("ul", { class: "scores" }, entries.map(([key, score]) => {
    const metric = metricOf(TABLE.data, key);
    const marked = spans.filter((s) => s.metric === key).length;
    const only = marked > 0 && spans.some((s) => s.metric !== key) && el("button", { type: "button", class: "quiet", "aria-pressed": "false", title: "Marks only the evidence of this score" }, marked === 1 ? "Its mark" : `Its ${count(marked)} marks`);
    if (only) only.addEventListener("click", () => {
      const on = only.getAttribute("aria-pressed") !== "true";
      for (const other of only.closest("ul").querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
      only.setAttribute("aria-pressed", String(on));
      redraw(on ? key : null);
    });
    const line = (state, words, note) => el("li", {}, state, el("div", {}, el("span", {}, name(key), " ", words), note && el("p", { class: "muted small", dir: "auto" }, note)), only);
    if (score.skipped !== undefined) return line(icon("none"), el("span", { class: "muted" }, "skipped"), String(score.skipped));
    if (score.error !== undefined) return line(icon("warn"), el("strong", { class: "bad" }, "evaluator error"), String(score.error));
    const words = score.passed === true ? "passed" : score.passed === false ? "not passed" : null;
    return line(icon(score.passed === true ? "pass" : score.passed === false ? "fail" : "none"), el("span", {}, amount(metric, score.value), words && `, ${words}`), score.explanation);
  }));
}

/** Text with its evidence marked; long text shows its beginning and says how much there is. */
function foldable(text, spans, extra, open = false, opened = () => {}) {
  if (open || text.length <= LONG) return prose(marked(text, spans, text.length), extra);
  // Never between the halves of a surrogate pair.
  const cut = FOLDED + (/[\ud800-\udbff]/.test(text[FOLDED - 1]) ? 1 : 0);
  const beyond = spans.filter((s) => s.start >= cut).length;
  const box = el("div", { class: "folded" }, prose(marked(text, spans, cut), extra));
  box.append(el("button", { type: "button", onclick: () => {
    opened();
    box.replaceWith(prose(marked(text, spans, text.length), extra));
  } }, `Show all ${bytes(text)}${beyond ? `, with ${plural(beyond, "more mark")}` : ""}`));
  return box;
}

/** Marks what is under evidence. Neighbours of one kind are one mark; text under both kinds says so. */
function marked(text, spans, end) {
  const good = spans.filter((s) => s.start < s.end && s.start >= 0 && s.start < end);
  const edges = [...new Set([0, end, ...good.flatMap((s) => [s.start, Math.min(s.end, end)])])].sort((a, b) => a - b);
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
    return el("mark", { class: kind, title: [...told].join("\n") }, unseen(`[${[...told].join(", ")}] `), piece);
  });
}
