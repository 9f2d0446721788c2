// The rows that the table shows, as CSV: one line for each answer.

/** A cell. Text that a spreadsheet would run as a formula is made plain by a leading apostrophe. */
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csvOf(data, rows) {
  const slices = [...new Set(rows.flatMap((one) => Object.keys(one.slices ?? {})))];
  const metrics = data.metrics.map((metric) => metric.name);
  const head = ["row", "id", "bot", "repeat", "outcome", "overall", "latency_s", "cost"];
  const lines = [
    [
      ...head,
      ...metrics.flatMap((key) => [key, `${key} passed`]),
      ...slices,
      "tags",
      "input",
      "answer",
      "error",
    ],
  ];
  for (const one of rows) {
    for (const answer of one.answers ?? []) {
      const scores = metrics.flatMap((key) => [
        answer.scores?.[key]?.value,
        answer.scores?.[key]?.passed,
      ]);
      lines.push([
        one.row,
        String(one.id),
        answer.bot,
        answer.repeat ?? 1,
        answer.outcome,
        answer.overall,
        answer.latency,
        answer.cost,
        ...scores,
        ...slices.map((slice) => one.slices?.[slice]),
        (one.tags ?? []).join(" "),
        one.input,
        answer.text,
        answer.error,
      ]);
    }
  }
  return lines.map((line) => line.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

function downloadCsv() {
  const { data, rows } = TABLE;
  // The byte order mark tells spreadsheets that this is UTF-8.
  const url = URL.createObjectURL(
    new Blob(["\ufeff", csvOf(data, rows)], { type: "text/csv;charset=utf-8" }),
  );
  const file = `${(data.report.suite ?? "report").replace(/[^\p{L}\p{N}._-]+/gu, "-")}-${short(data.report.run ?? "run")}.csv`;
  el("a", { href: url, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  say(`${plural(rows.length, "case")} written to ${file}`);
}
