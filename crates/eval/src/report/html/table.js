// The case table. Only the rows in view are elements, so ten thousand cases scroll like ten; the
// search index is made when the search is first used.

const TABLE = {
  data: null,
  columns: [],
  column: null,
  sort: { key: "row", down: false },
  filter: {},
  rows: [],
  drawn: new Map(),
  active: 0,
};

const PRINTED = 200; // on paper a longer table shows its beginning

function showTable(data) {
  TABLE.data = data;
  TABLE.columns = columnsOf(data);
  TABLE.column = TABLE.columns[0] ?? { metric: OVERALL, of: () => undefined };
  const section = document.getElementById("cases");
  section.hidden = false;
  section.append(toolbar(data), el("p", { class: "paper small muted", id: "printed" }), grid());
  const body = document.getElementById("rows");
  const view = document.getElementById("view");
  let due = false;
  const soon = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      drawRows();
    });
  };
  view.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(soon).observe(view);
  view.addEventListener("keydown", tableKeys);
  body.addEventListener("click", (event) => {
    const row = event.target.closest("[data-index]");
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey || String(getSelection())) return;
    event.preventDefault();
    TABLE.active = Number(row.dataset.index);
    openCase(TABLE.rows[TABLE.active].id);
  });
  const redraw = (to) => {
    TABLE.drawn.clear();
    body.replaceChildren();
    drawRows(to && 0, to);
  };
  window.addEventListener("beforeprint", () => {
    const printed = Math.min(TABLE.rows.length, PRINTED);
    document.getElementById("printed").textContent =
      printed < data.cases.length
        ? `${count(printed)} of ${plural(data.cases.length, "case")} printed.`
        : "";
    redraw(printed);
  });
  window.addEventListener("afterprint", () => redraw(null));
  applyTable();
}

function grid() {
  const { data } = TABLE;
  const head = (key, text, extra = "") =>
    el(
      "div",
      { role: "columnheader", "data-key": key, class: extra },
      el(
        "button",
        { type: "button", onclick: () => sortBy(key) },
        text,
        el("span", { class: "arrow", "aria-hidden": "true" }),
      ),
    );
  const view = el(
    "div",
    {
      id: "view",
      class: "view card",
      role: "grid",
      tabindex: 0,
      "aria-label": "Cases",
      "aria-colcount": 3 + data.bots.length + (data.bots.length > 1 ? 1 : 0),
    },
    el(
      "div",
      { role: "rowgroup", class: "head" },
      el(
        "div",
        { role: "row", class: "line" },
        head("row", "Row", "end"),
        head("id", "Case"),
        el("div", { role: "columnheader" }, el("span", {}, "Input")),
        data.bots.map((bot) => head(bot.index, botTag(bot), "end")),
        data.bots.length > 1 && head("gap", "Gap", "end"),
      ),
    ),
    el("div", { role: "rowgroup", id: "rows" }),
    el("p", { id: "nothing", class: "muted", hidden: true }, "No case matches these filters."),
  );
  const bots = data.bots.map(() => "minmax(96px, 132px)").join(" ");
  view.style.setProperty(
    "--columns",
    `56px minmax(110px, 190px) minmax(200px, 1fr) ${bots}${data.bots.length > 1 ? " 78px" : ""}`,
  );
  // A phone shows two bots a line below the question.
  view.style.setProperty("--row-phone", `${86 + 26 * Math.ceil(data.bots.length / 2)}px`);
  view.style.setProperty("--least", `${56 + 110 + 200 + data.bots.length * 96 + 78}px`);
  return view;
}

function sortBy(key) {
  const down =
    TABLE.sort.key === key
      ? !TABLE.sort.down
      : typeof key === "number" || key === "gap"
        ? key === "gap"
        : false;
  TABLE.sort = { key, down };
  applyTable();
}

/** Filters, sorts, and draws from the top. */
function applyTable() {
  TABLE.rows = sorted(matching());
  TABLE.active = 0;
  const { rows, data, sort, filter } = TABLE;
  const view = document.getElementById("view");
  view.scrollTop = 0;
  view.setAttribute("aria-rowcount", rows.length + 1);
  for (const head of view.querySelectorAll("[data-key]")) {
    const on = head.dataset.key === String(sort.key);
    head.setAttribute("aria-sort", on ? (sort.down ? "descending" : "ascending") : "none");
  }
  document.getElementById("sort").value = `${sort.key} ${sort.down ? "down" : "up"}`;
  const told =
    rows.length === data.cases.length
      ? plural(rows.length, "case")
      : `${count(rows.length)} of ${plural(data.cases.length, "case")}`;
  document.getElementById("tally").textContent = told;
  document.getElementById("reset").disabled = !Object.values(filter).some(Boolean);
  document.getElementById("nothing").hidden = rows.length > 0;
  say(told);
  TABLE.drawn.clear();
  document.getElementById("rows").replaceChildren();
  drawRows();
}

/** Makes the rows in view, and a few around them, into elements. */
function drawRows(from = null, to = null) {
  const view = document.getElementById("view");
  const body = document.getElementById("rows");
  const height = parseFloat(getComputedStyle(view).getPropertyValue("--row"));
  const { rows, drawn } = TABLE;
  const first = from ?? Math.max(0, Math.floor(view.scrollTop / height) - 10);
  const last =
    to ?? Math.min(rows.length, Math.ceil((view.scrollTop + view.clientHeight) / height) + 10);
  // The row height changes with the layout; rows drawn for another one are stale.
  if (TABLE.height !== height) {
    TABLE.height = height;
    drawn.clear();
    body.replaceChildren();
  }
  body.style.height = `${(to ?? rows.length) * height}px`;
  for (const [index, row] of drawn) {
    if (index < first || index >= last) {
      row.remove();
      drawn.delete(index);
    }
  }
  for (let index = first; index < last; index += 1) {
    if (drawn.has(index)) continue;
    const row = caseRow(rows[index], index);
    row.style.transform = `translateY(${index * height}px)`;
    drawn.set(index, row);
    body.append(row);
  }
  markActive();
}

function caseRow(one, index) {
  const { data, column } = TABLE;
  const gap = gapOf(one);
  return el(
    "div",
    {
      role: "row",
      class: "line",
      id: `row-${index}`,
      "data-index": index,
      "aria-rowindex": index + 2,
    },
    el("div", { role: "gridcell", class: "end muted" }, known(one.row) ? count(one.row) : "–"),
    el(
      "div",
      { role: "gridcell", class: "key" },
      el("a", { href: caseHash(one.id), tabindex: -1 }, el("bdi", {}, String(one.id))),
    ),
    el("div", { role: "gridcell", class: "ask", dir: "auto" }, (one.input ?? "").slice(0, 300)),
    data.bots.map((bot) =>
      el(
        "div",
        { role: "gridcell", class: "end score" },
        el("span", { class: "phone" }, botTag(bot)),
        scoreCell(column, one.said[bot.index]),
      ),
    ),
    data.bots.length > 1 &&
      el(
        "div",
        { role: "gridcell", class: "end muted gap" },
        known(gap) ? distance(column.metric, gap).replace(/ points?$/, `${THIN}pt`) : "–",
      ),
  );
}

function scoreCell(column, said) {
  if (!said.length) return el("span", { class: "muted" }, "not asked");
  const value = valueOf(column, said);
  const answered = said.filter((answer) => answer.outcome === "answered").length;
  if (!answered)
    return said[0].outcome === "refused" ? pill("warn", "refused") : pill("fail", "failed");
  const verdict = column.judged ? passesOf(column.metric.name, said) : { of: 0 };
  if (!known(value)) {
    const error =
      column.judged && said.some((answer) => resultOf(answer, column.metric.name) === "error");
    return error
      ? pill("warn", "error")
      : el(
          "span",
          { class: "muted" },
          column.judged && said.some((answer) => resultOf(answer, column.metric.name) === "skipped")
            ? "skipped"
            : "–",
        );
  }
  const lost =
    said.length > answered &&
    el(
      "small",
      { class: "muted", title: `${answered} of ${said.length} repeats answered` },
      ` ${answered}/${said.length}`,
    );
  const text = amount(column.metric, value);
  if (!verdict.of) return el("span", {}, text, lost);
  const kind = verdict.passed === verdict.of ? "pass" : verdict.passed ? "warn" : "fail";
  const words =
    verdict.of > 1
      ? `${verdict.passed} of ${verdict.of} pass`
      : verdict.passed
        ? "passed"
        : "not passed";
  return el(
    "span",
    { class: `verdict ${kind}`, title: words },
    icon(kind, 13),
    unseen(`${words}, `),
    text,
    lost,
  );
}

function markActive() {
  const view = document.getElementById("view");
  for (const [index, row] of TABLE.drawn) {
    row.classList.toggle("active", index === TABLE.active);
    row.setAttribute("aria-selected", index === TABLE.active);
  }
  if (TABLE.drawn.has(TABLE.active))
    view.setAttribute("aria-activedescendant", `row-${TABLE.active}`);
  else view.removeAttribute("aria-activedescendant");
}

/** Brings a row of the table into view and makes it the active one. */
function reveal(index) {
  const view = document.getElementById("view");
  const height = parseFloat(getComputedStyle(view).getPropertyValue("--row"));
  const head = view.firstChild.offsetHeight;
  TABLE.active = index;
  if (index * height < view.scrollTop) view.scrollTop = index * height;
  if ((index + 1) * height + head > view.scrollTop + view.clientHeight)
    view.scrollTop = (index + 1) * height + head - view.clientHeight;
  drawRows();
}

function tableKeys(event) {
  if (event.target !== event.currentTarget || event.altKey || event.ctrlKey || event.metaKey)
    return;
  const last = TABLE.rows.length - 1;
  const page = Math.max(1, Math.floor(event.currentTarget.clientHeight / 60));
  const to = {
    ArrowDown: TABLE.active + 1,
    ArrowUp: TABLE.active - 1,
    PageDown: TABLE.active + page,
    PageUp: TABLE.active - page,
    Home: 0,
    End: last,
  }[event.key];
  if (last < 0) return;
  if (to !== undefined) {
    event.preventDefault();
    reveal(Math.max(0, Math.min(last, to)));
  } else if (event.key === "Enter") {
    event.preventDefault();
    openCase(TABLE.rows[TABLE.active].id);
  }
}
