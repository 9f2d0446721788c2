"use strict";
// Elements and numbers. Text from the data enters the page through text nodes alone.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

/** An HTML element: `on…` attributes are listeners, strings among the children are text. */
function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Text of unknown language: its own direction, its line breaks kept. */
const prose = (text, extra = "") => el("div", { class: `prose ${extra}`, dir: "auto" }, text);

/** A name in running text, which cannot disturb the direction of the words around it. */
const name = (text) => el("bdi", { class: "name" }, text);

const unseen = (text) => el("span", { class: "unseen" }, text);

const known = (value) => typeof value === "number" && Number.isFinite(value);

const THIN = "\u202f"; // narrow no-break space, before units
const MINUS = "\u2212";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const signed = (text) => text.replace("-", MINUS);

const count = (n) => whole.format(n);
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

function plain(value) {
  if (!known(value)) return "–";
  return signed(Math.abs(value) >= 1000 ? whole.format(value) : three.format(value));
}

/** A share as percent, without the sign. Only all is 100 and only none is 0. */
function percent(share, format = whole) {
  const text = format.format(share * 100);
  const step = format === whole ? "1" : "0.1";
  if (text === "100" && share < 1) return format === whole ? percent(share, tenth) : ">99.9";
  if ((text === "0" || text === "-0") && share > 0)
    return format === whole ? percent(share, tenth) : `<${step}`;
  return signed(text);
}

const isUnit = (metric) => metric.range?.[0] === 0 && metric.range?.[1] === 1;
const unitOf = (metric) => (isUnit(metric) ? "%" : metric.kind === "latency" ? "s" : "");
const withUnit = (text, metric) => (unitOf(metric) ? `${text}${THIN}${unitOf(metric)}` : text);

/** A value of a metric with its unit; `exact` gives unit values one decimal. */
function amount(metric, value, exact = false) {
  if (!known(value)) return "–";
  return withUnit(isUnit(metric) ? percent(value, exact ? tenth : whole) : plain(value), metric);
}

function interval(metric, pair, exact = false) {
  if (!pair || !known(pair[0]) || !known(pair[1])) return "–";
  const one = (value) => (isUnit(metric) ? percent(value, exact ? tenth : whole) : plain(value));
  const [lo, hi] = pair.map(one);
  return withUnit(pair[0] < 0 ? `${lo} to ${hi}` : `${lo}–${hi}`, metric);
}

/** The size of a difference, without its sign: points for unit metrics, else the metric's unit. */
function distance(metric, difference) {
  if (!known(difference)) return "–";
  const size = Math.abs(difference);
  if (!isUnit(metric)) return withUnit(plain(size), metric);
  const points =
    size > 0 && size < 0.0005 ? "<0.1" : (size < 0.0995 ? tenth : whole).format(size * 100);
  return `${points} ${points === "1" ? "point" : "points"}`;
}

/** The interval of a difference, seen from the better side. */
function distances(metric, [lo, hi]) {
  const scale = isUnit(metric) ? 100 : 1;
  const one = (value) =>
    signed(
      (Math.abs(value * scale) >= 10 || scale === 1 ? (scale === 1 ? three : whole) : tenth).format(
        value * scale,
      ),
    ).replace(/^\u22120$/, "0");
  return `${one(lo)} to ${one(hi)}${isUnit(metric) ? " points" : unitOf(metric) && THIN + unitOf(metric)}`;
}

function probability(p) {
  if (p < 0.001) return "p\u00a0<\u00a00.001";
  return `p\u00a0=\u00a0${p.toFixed(p < 0.1 ? 3 : 2)}`;
}

const bytes = (text) =>
  text.length < 10000
    ? plural(text.length, "character")
    : `${whole.format(text.length / 1000)}${THIN}k characters`;

/** A short form of a digest. */
const short = (hash) => (hash.length > 16 ? hash.slice(0, 12) : hash);

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the clipboard API (an old browser, a page from disk): through a selection.
    const area = el("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${what} copied`);
}

/** Tells screen readers, and shows for a moment. */
function say(message) {
  const status = document.getElementById("say");
  status.textContent = message;
}

function copyButton(text, what, face = "Copy") {
  const label = `Copy ${what}`;
  const button = el(
    "button",
    { type: "button", class: "quiet", title: label, "aria-label": label },
    face,
  );
  button.addEventListener("click", async () => {
    await copy(text, what);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = face), 1500);
  });
  return button;
}
