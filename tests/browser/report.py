"""Open a report in Chromium and check that it does what its readers need.

    pip install -r requirements.txt
    python report.py REPORT.html [--screenshots DIR]

What is expected is read from the JSON inside the file, so any report will do. Prints one line a
check and `N passed, N failed`; exits 1 on a failure. `CHROMIUM` and `CHROMEDRIVER` name the
programs (default /usr/bin/chromium and /usr/bin/chromedriver).
"""

import argparse
import csv
import io
import json
import os
import re
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

DESKTOP = (1280, 900)
PHONE = (390, 844)
SMALL_PHONE = (360, 800)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def embedded(path):
    """The report and the cases in the file, as a browser finds them."""
    page = path.read_text(encoding="utf-8")
    blocks = re.findall(
        r'<script type="application/json" (id="report"|class="cases")>(.*?)</script',
        page,
        re.DOTALL,
    )
    report = json.loads(blocks[0][1])
    return report, [case for _, block in blocks[1:] for case in json.loads(block)]


def resize(driver, size):
    """Sizes below 500 px are not to be had from a window, so the viewport is emulated."""
    metrics = {
        "width": size[0],
        "height": size[1],
        "deviceScaleFactor": 1,
        "mobile": size[0] < 500,
    }
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def theme(driver, name):
    """Light or dark, as the system would say."""
    features = [{"name": "prefers-color-scheme", "value": name}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


class Page:
    """The open report, and the data that it should show."""

    def __init__(self, driver, path):
        self.driver = driver
        self.path = path
        self.url = path.resolve().as_uri()
        self.report, self.cases = embedded(path)
        self.bots = [bot["name"] for bot in self.report["bots"]]

    def open(self, fragment="", size=DESKTOP):
        resize(self.driver, size)
        self.driver.get("about:blank")
        self.driver.get(self.url + fragment)
        self.wait(lambda: self.js("return document.documentElement.dataset.ready") == "true")

    def js(self, script, *args):
        return self.driver.execute_script(script, *args)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def click(self, css):
        self.js(
            "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", self.one(css)
        )
        self.one(css).click()

    def wait(self, holds, seconds=10):
        WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(lambda _: holds())

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def ids(self):
        """Ids of the drawn rows, from the top."""
        return self.js("return TABLE.rows.slice(0, 20).map((one) => String(one.id))")

    def shown(self):
        """Ids of the rows that are elements, in the order in which they stand."""
        return self.js(
            "return [...document.querySelectorAll('#rows .line')].sort((a, b) => a.dataset.index - b.dataset.index).map((row) => row.querySelector('.key').textContent)"
        )

    def tally(self):
        return int(re.match(r"[\d,]+", self.one("#tally").text)[0].replace(",", ""))

    def reset(self):
        self.js(
            "document.getElementById('reset').disabled = false; document.getElementById('reset').click()"
        )
        self.wait(lambda: self.tally() == len(self.cases))

    def with_answer(self, holds):
        return [c for c in self.cases if any(holds(a) for a in c["answers"])]


def same(found, wanted, what):
    assert found == wanted, f"{what}: found {found!r}, wanted {wanted!r}"


@check
def the_headline_tells_the_gate_and_the_bots(page):
    page.open()
    same(
        page.driver.title.startswith(page.report["suite"]),
        True,
        f"title {page.driver.title!r} starts with the suite",
    )
    headline = page.one("h1").text
    assert len(headline) > 15, headline
    if page.report["gate"].get("rules"):
        wanted = "Gate passed" if page.report["gate"]["passed"] else "Gate failed"
        assert headline.startswith(wanted), headline
    told = page.one("#answer").text
    assert any(bot in told for bot in page.bots), told
    for comparison in page.report["comparisons"]:
        p = comparison.get("p_adjusted")
        if (
            p is not None
            and p > 0.05
            and len(page.bots) == 2
            and comparison["metric"] == page.report["metrics"][0]["name"]
        ):
            assert "no difference" in told, told


@check
def every_bot_has_its_row_in_every_plot_and_table(page):
    page.open()
    plots = page.js(
        "return [...document.querySelectorAll('#scores figure')].map((f) => f.querySelectorAll('.plot > .bot').length)"
    )
    assert plots and all(n == len(page.bots) for n in plots), plots
    same(len(page.all("#scores table thead th")), len(page.bots) + 1, "columns of the score table")
    pairs = [c for c in page.report["comparisons"] if c["difference"] is not None]
    if pairs and len(pairs) <= 12:
        same(len(page.all("#comparisons .plot .value:not(.muted)")), len(pairs), "compared pairs")


@check
def failed_and_refused_answers_are_told_apart(page):
    page.open()
    gone = sum(bot["failed"] + bot["refused"] for bot in page.report["bots"])
    told = page.one("#answer").text
    same("Not scored" in told, gone > 0, f"a note on {gone} answers that are not scored")
    for outcome, title in [("failed", "Failed answers"), ("refused", "Refused answers")]:
        n = sum(a["outcome"] == outcome for c in page.cases for a in c["answers"])
        heading = next(h.text for h in page.all("#findings h3") if title in h.text)
        same(heading, f"{title} {n:,}", "heading")


@check
def the_table_sorts_and_says_so(page):
    page.open()
    rows = sorted(page.cases, key=lambda c: c["row"])
    same(page.shown()[0], str(rows[0]["id"]), "first row")
    same(page.one("[data-key=row]").get_attribute("aria-sort"), "ascending", "aria-sort")
    page.click("[data-key=row] button")
    same(page.one("[data-key=row]").get_attribute("aria-sort"), "descending", "aria-sort")
    same(page.shown()[0], str(rows[-1]["id"]), "first row, descending")
    page.click("[data-key=id] button")
    same(
        page.one("[data-key=row]").get_attribute("aria-sort"), "none", "aria-sort of the old column"
    )
    values = page.js("return TABLE.rows.map((one) => String(one.id))")
    same(
        values,
        page.js(
            "return [...arguments[0]].sort(new Intl.Collator('en', {numeric: true}).compare)",
            values,
        ),
        "order by id",
    )
    page.click("[data-key='0'] button")
    values = page.js("return TABLE.rows.map((one) => valueOf(TABLE.column, one.said[0]))")
    measured = [v for v in values if v is not None]
    same(measured, sorted(measured), "order by the first bot's value")
    same(values[: len(measured)], measured, "what was not measured comes last")


@check
def filters_find_what_the_data_hold(page):
    page.open()
    for outcome in ["answered", "refused", "failed"]:
        Select(page.one("label.field:has(option[value=refused]) select")).select_by_value(outcome)
        same(page.tally(), len(page.with_answer(lambda a: a["outcome"] == outcome)), outcome)
    page.reset()
    metric = page.report["metrics"][0]["name"]
    for result, wanted in [("passed", True), ("missed", False)]:
        Select(page.one("#result")).select_by_value(
            json.dumps([metric, result], ensure_ascii=False, separators=(",", ":"))
        )
        holds = lambda a: a["scores"].get(metric, {}).get("passed") is wanted
        same(page.tally(), len(page.with_answer(holds)), f"{metric} {result}")
    page.reset()
    if page.all("#label"):
        options = [
            o
            for o in page.js(
                "return [...document.querySelectorAll('#label option')].map((o) => o.value)"
            )
            if o
        ]
        group, value = json.loads(options[0])
        Select(page.one("#label")).select_by_value(options[0])
        same(
            page.tally(),
            sum(
                value in c["tags"] if group == "tag" else str(c["slices"].get(group)) == value
                for c in page.cases
            ),
            options[0],
        )
        page.reset()
    if len(page.bots) > 1:
        page.click("#disagree")
        assert page.tally() <= len(page.cases)
        page.reset()


@check
def search_looks_in_ids_questions_and_answers(page):
    page.open()
    first = page.cases[0]
    texts = [str(first["id"]), first["input"]] + [a["text"] for a in first["answers"]]
    for text in texts:
        words = text.lower().split()[:3]
        if not words:
            continue
        page.one("#search").clear()
        page.one("#search").send_keys(" ".join(words))
        assert str(first["id"]) in page.js("return TABLE.rows.map((one) => String(one.id))"), (
            f"{words} does not find {first['id']}"
        )
    page.one("#search").clear()
    page.one("#search").send_keys("no-case-says-this-7261")
    same(page.tally(), 0, "search for nonsense")
    assert page.one("#nothing").is_displayed()


@check
def a_case_opens_with_every_answer_and_closes(page):
    page.open()
    page.click("#rows .line .key")
    page.wait(lambda: page.one("#detail").is_displayed())
    case = next(c for c in page.cases if str(c["id"]) == page.shown()[0])
    same(len(page.all("#detail .answer")), len(case["answers"]), "answers")
    for answer, card in zip(case["answers"], page.all("#detail .answer")):
        assert answer["bot"] in card.text and answer["outcome"] in card.text, card.text
        for metric in answer["scores"]:
            assert metric in card.text, f"{metric} in {card.text}"
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.one("#detail").is_displayed())
    page.wait(lambda: "case=" not in page.driver.current_url)


@check
def evidence_is_marked_at_its_place(page):
    found = [
        (c, a)
        for c in page.cases
        for a in c["answers"]
        if len(a["text"]) < 2000 and any(s.get("evidence") for s in a["scores"].values())
    ]
    if not found:
        return "no evidence in this report"
    for case, answer in found[:3] + found[-2:]:
        page.open("#case=" + urllib.parse.quote(str(case["id"]), safe=""))
        page.wait(lambda: page.all("#detail mark"))
        index = [(a["bot"], a["repeat"]) for a in case["answers"]].index(
            (answer["bot"], answer["repeat"])
        )
        units = answer["text"].encode("utf-16-le")
        covered = set()
        for score in answer["scores"].values():
            for span in score.get("evidence", []):
                covered |= set(range(span["start"], span["end"]))
        wanted = b"".join(units[2 * i : 2 * i + 2] for i in sorted(covered)).decode("utf-16-le")
        marked = page.js(
            """return [...document.querySelectorAll('#detail .answer')[arguments[0]].querySelectorAll('.said mark')]
            .map((mark) => mark.lastChild.textContent).join('')""",
            index,
        )
        same(marked, wanted, f"marked text of {case['id']}")
    return None


@check
def keys_move_through_table_and_cases(page):
    page.open()
    page.js("document.getElementById('view').focus()")
    order = page.ids()
    page.press(Keys.ARROW_DOWN)
    same(
        page.one("#view").get_attribute("aria-activedescendant"),
        "row-1" if len(order) > 1 else "row-0",
        "active row",
    )
    page.press(Keys.HOME)
    page.press(Keys.ENTER)
    page.wait(lambda: page.one("#detail").is_displayed())
    title = lambda: page.js("return document.querySelector('#detail-title bdi').textContent")
    same(title(), order[0], "opened case")
    if len(order) > 1:
        page.press(Keys.ARROW_RIGHT)
        same(title(), order[1], "next case")
        assert page.driver.current_url.endswith(
            "#case=" + urllib.parse.quote(order[1], safe="!'()*~")
        ), page.driver.current_url
        page.press(Keys.ARROW_LEFT)
        same(title(), order[0], "previous case")
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.one("#detail").is_displayed())
    page.wait(lambda: page.js("return document.activeElement.id") == "view")


@check
def a_link_opens_its_case(page):
    for case in [page.cases[-1], page.cases[len(page.cases) // 2]]:
        page.open("#case=" + urllib.parse.quote(str(case["id"]), safe=""))
        same(
            page.js("return document.querySelector('#detail-title bdi').textContent"),
            str(case["id"]),
            "linked case",
        )
    page.open("#case=no-such-case-7261")
    assert "No case" in page.one("#detail").text


@check
def the_theme_switches(page):
    page.open()
    colour = lambda: page.js("return getComputedStyle(document.body).backgroundColor")
    before = colour()
    page.click("#theme")
    assert colour() != before, before
    page.click("#theme")
    same(colour(), before, "theme after two switches")


@check
def nothing_overflows_sideways(page):
    for size in [SMALL_PHONE, PHONE, (768, 1024), DESKTOP]:
        page.open(size=size)
        wide = page.js(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        same(wide, 0, f"overflow at {size[0]} px")
        case = max(page.cases, key=lambda c: max((len(a["text"]) for a in c["answers"]), default=0))
        page.open("#case=" + urllib.parse.quote(str(case["id"]), safe=""), size=size)
        wide = page.js(
            "const s = document.querySelector('.sheet'); return s.scrollWidth - s.clientWidth"
        )
        same(wide, 0, f"overflow of a case at {size[0]} px")


@check
def the_csv_holds_the_filtered_answers(page):
    page.open()
    text = page.js("return csvOf(TABLE.data, TABLE.rows)")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    same(len(rows), sum(len(c["answers"]) for c in page.cases), "lines")
    by_key = {
        (str(c["id"]), a["bot"], str(a["repeat"])): a for c in page.cases for a in c["answers"]
    }
    for row in rows:
        plain = lambda text: text[1:] if re.match(r"'[=+\-@\t\r]", text) else text
        answer = by_key[plain(row["id"]), plain(row["bot"]), row["repeat"]]
        same(plain(row["answer"]), answer["text"], "answer")
    assert page.one("#csv").is_enabled()
    with tempfile.TemporaryDirectory() as folder:
        page.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": folder}
        )
        page.click("#csv")
        page.wait(lambda: list(Path(folder).glob("*.csv")))


@check
def many_rows_stay_few_elements(page):
    page.open()
    page.js("document.getElementById('view').scrollIntoView({behavior: 'instant'})")
    slowest, most = page.driver.execute_async_script("""
        const done = arguments[0], view = document.getElementById('view');
        let last = performance.now(), slowest = 0, most = 0, step = 0;
        const frame = () => {
            const now = performance.now();
            if (step > 2) slowest = Math.max(slowest, now - last);
            last = now;
            most = Math.max(most, document.querySelectorAll('#rows .line').length);
            if ((step += 1) > 120) return done([slowest, most]);
            view.scrollTop = (view.scrollHeight * step) / 120;
            requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);""")
    assert most < 200, f"{most} rows are elements"
    bottom = page.js("return TABLE.rows.at(-1).id")
    page.wait(lambda: str(bottom) in page.shown())
    took = page.js("""const start = performance.now();
        const search = document.getElementById('search');
        search.value = 'e'; search.dispatchEvent(new Event('input'));
        const first = performance.now() - start;
        search.value = 'er'; search.dispatchEvent(new Event('input'));
        return [first, performance.now() - start - first];""")
    assert max(took) < 1000, took
    return f"{len(page.cases)} cases: at most {most} row elements, slowest frame {slowest:.0f} ms, first search {took[0]:.0f} ms, next {took[1]:.0f} ms"


@check
def nothing_was_loaded_or_broken(page):
    page.driver.get_log("browser")
    page.driver.get_log("performance")
    page.open()
    page.click("#rows .line .key")
    page.press(Keys.ESCAPE)
    page.click("#theme")
    page.click("#theme")
    same([entry["message"] for entry in page.driver.get_log("browser")], [], "console")
    urls = set()
    for entry in page.driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            urls.add(message["params"]["request"]["url"].split("#")[0])
    foreign = [u for u in urls if not u.startswith(("data:", "about:")) and u != page.url]
    same(foreign, [], "requests")
    policy = page.one("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy.startswith("default-src 'none'"), policy
    same(page.all("main img, main iframe, dialog img"), [], "elements that data could have made")


@check
def a_file_cut_short_says_so(page):
    whole = page.path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / "cut.html"
        cut.write_bytes(whole[:-200])
        page.driver.get(cut.as_uri())
        page.wait(lambda: page.one("#damage").is_displayed())
        assert "cut off" in page.one("#damage").text, page.one("#damage").text


def screenshots(page, folder):
    """Pictures for people to look at: desktop and phone, light and dark, page and case."""
    folder.mkdir(parents=True, exist_ok=True)
    marked = next(
        (
            c
            for c in page.cases
            if any(s.get("evidence") for a in c["answers"] for s in a["scores"].values())
        ),
        page.cases[0],
    )
    for colours in ["light", "dark"]:
        theme(page.driver, colours)
        for device, size in [("desktop", DESKTOP), ("phone", SMALL_PHONE)]:
            for part, fragment in [
                ("top", ""),
                ("case", "#case=" + urllib.parse.quote(str(marked["id"]), safe="")),
            ]:
                page.open(fragment, size)
                page.driver.save_screenshot(str(folder / f"{device}-{colours}-{part}.png"))
            page.open("", size)
            for part in ["scores", "comparisons", "slices", "cases", "findings", "method"]:
                page.js(
                    "document.getElementById(arguments[0]).scrollIntoView({behavior: 'instant'})",
                    part,
                )
                time.sleep(0.1)
                page.driver.save_screenshot(str(folder / f"{device}-{colours}-{part}.png"))


def chromium(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("report", type=Path)
    parser.add_argument("--screenshots", type=Path, metavar="DIR")
    args = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = chromium(profile)
        try:
            page = Page(driver, args.report)
            for function in CHECKS:
                name = function.__name__.replace("_", " ")
                try:
                    note = function(page)
                    passed += 1
                    print(f"ok      {name}" + (f" ({note})" if note else ""))
                except Exception as error:  # every check is told, whatever it met
                    failed += 1
                    print(f"FAILED  {name}: {type(error).__name__}: {str(error).strip()[:2000]}")
            if args.screenshots:
                screenshots(page, args.screenshots)
        finally:
            driver.quit()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
