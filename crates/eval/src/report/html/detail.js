// One case in full: the question, what was wanted, and every answer with its scores and the
// evidence marked in its text.

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
    (OPEN.before?.isConnected && OPEN.before !== document.body
      ? OPEN.before
      : document.getElementById("view")
    )?.focus({ preventScroll: true });
    dialog.replaceChildren();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (
      event.altKey ||
      event.ctrlKey ||
      event.metaKey ||
      event.target.matches("input, select, textarea")
    )
      return;
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
  return [
    el(
      "div",
      { class: "sheet" },
      el(
        "header",
        {},
        el("h2", { id: "detail-title", tabindex: -1 }, title),
        el(
          "div",
          { class: "row" },
          tools,
          el(
            "button",
            {
              type: "button",
              id: "close",
              onclick: () => document.getElementById("detail").close(),
            },
            "Close",
          ),
        ),
      ),
      content,
    ),
  ];
}

const unknownCase = (id) =>
  sheet(
    ["No case ", el("bdi", {}, id)],
    [],
    el("p", {}, "This report has no case with this id. The link may belong to another run."),
  );

function caseView(one) {
  const index = TABLE.rows.indexOf(one);
  const place =
    index < 0 ? "outside the filter" : `${count(index + 1)} of ${count(TABLE.rows.length)}`;
  const go = (way, text, key) =>
    el(
      "button",
      {
        type: "button",
        id: way > 0 ? "next" : "previous",
        disabled: !TABLE.rows[index + way] || index < 0,
        title: `Key ${key}`,
        onclick: () => step(way),
      },
      text,
    );
  const labels = labelsOf(one);
  const context = one.context ?? [];
  return sheet(
    [unseen("Case "), el("bdi", {}, String(one.id))],
    [el("span", { class: "muted" }, place), go(-1, "← Previous", "←"), go(1, "Next →", "→")],
    el(
      "p",
      { class: "row small" },
      copyButton(String(one.id), "id", "Copy id"),
      known(one.row) && el("span", { class: "muted" }, `row ${count(one.row)}`),
      labels.map((label) =>
        el(
          "span",
          { class: "chip" },
          el("span", { class: "muted" }, `${label.group} `),
          el("bdi", {}, label.value),
        ),
      ),
    ),
    el(
      "div",
      { class: "asked" },
      el(
        "section",
        {},
        el("h3", {}, one.messages?.length > 1 ? "Conversation" : "Input"),
        conversation(one),
      ),
      one.references?.length > 0 &&
        el(
          "section",
          {},
          el(
            "h3",
            {},
            one.references.length > 1
              ? `References (${one.references.length}, the best match counts)`
              : "Reference",
          ),
          one.references.map((text) => foldable(text, [], "wanted")),
        ),
    ),
    context.length > 0 &&
      el(
        "details",
        {},
        el("summary", {}, `Context (${plural(context.length, "passage")})`),
        context.map((text) => foldable(text, [], "quote")),
      ),
    el("h3", {}, "Answers"),
    answerGroups(one).map((cards) => el("div", { class: "answers" }, cards)),
  );
}

/** The bots side by side; where answers were repeated, each bot's repeats side by side. */
function answerGroups(one) {
  const groups = TABLE.data.bots.map((bot) =>
    one.said[bot.index].map((answer) => answerCard(bot, answer, one.said[bot.index].length)),
  );
  return TABLE.data.repeats ? groups.filter((cards) => cards.length) : [groups];
}

function conversation(one) {
  if (!one.messages?.length) return foldable(one.input ?? "", [], "");
  return one.messages.map((message) =>
    el(
      "div",
      { class: `message ${message.role === "user" ? "user" : ""}` },
      el("small", { class: "muted" }, message.role),
      foldable(messageText(message), [], ""),
    ),
  );
}
