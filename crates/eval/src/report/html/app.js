// Puts the page together once all data are read.

const SUN =
  "M8 4.6a3.4 3.4 0 1 1 0 6.8a3.4 3.4 0 1 1 0-6.8zM8 .8v1.6M8 13.6v1.6M.8 8h1.6M13.6 8h1.6M2.9 2.9l1.1 1.1M12 12l1.1 1.1M13.1 2.9L12 4M4 12l-1.1 1.1";
const MOON = "M13.4 9.8A5.8 5.8 0 0 1 6.2 2.6a5.8 5.8 0 1 0 7.2 7.2z";

/** The theme: the system's, unless the reader wants the other; that is kept where the browser lets it. */
function startTheme() {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const draw = () => {
    button.setAttribute("aria-label", `Switch to the ${dark() ? "light" : "dark"} theme`);
    button.title = button.getAttribute("aria-label");
    button.replaceChildren(
      svg(
        "svg",
        { viewBox: "0 0 16 16", width: 18, height: 18, "aria-hidden": "true" },
        svg("path", { d: dark() ? SUN : MOON }),
      ),
    );
  };
  try {
    const kept = localStorage.getItem("botsmith-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch {
    // A page from disk may have no storage.
  }
  button.addEventListener("click", () => {
    const wanted = dark() ? "light" : "dark";
    const other = (wanted === "dark") !== system.matches;
    if (other) root.dataset.theme = wanted;
    else delete root.dataset.theme;
    try {
      if (other) localStorage.setItem("botsmith-theme", wanted);
      else localStorage.removeItem("botsmith-theme");
    } catch {
      // As above.
    }
    draw();
  });
  system.addEventListener("change", draw);
  draw();
}

startTheme();
document.addEventListener("DOMContentLoaded", () => {
  const data = readData();
  if (data.damage) {
    const damage = document.getElementById("damage");
    damage.textContent = data.damage;
    damage.hidden = false;
  }
  if (!data.bots) {
    document.getElementById("reading").remove();
    return;
  }
  document.title = `${data.report.suite ?? "Report"} · Botsmith report`;
  for (const part of [
    showAnswer,
    showScores,
    showComparisons,
    showSlices,
    showTable,
    showFindings,
    showMethod,
  ])
    part(data);
  for (const link of document.querySelectorAll("nav a"))
    link.hidden = document.querySelector(link.getAttribute("href")).hidden;
  startDetail();
  route();
  document.documentElement.dataset.ready = "true";
});
