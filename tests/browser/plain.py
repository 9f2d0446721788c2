"""Open a page without scripts in Chromium and check that it can be read on a phone and at a desk.

    pip install -r requirements.txt
    python plain.py PAGE.html [--screenshots DIR]

Such a page is the story of the loop (`examples/loop`). Prints one line a check and `N passed, N failed`; exits 1 on
a failure. `CHROMIUM` and `CHROMEDRIVER` name the programs (default /usr/bin/chromium and /usr/bin/chromedriver).
"""

import argparse
import sys
import tempfile
from pathlib import Path

from report import DESKTOP, PHONE, SMALL_PHONE, chromium, resize, same, theme

SIZES = [SMALL_PHONE, PHONE, (768, 1024), DESKTOP]
#: The least height of words in a chart, in pixels.
LEAST_WORDS = 11


def is_no_wider_than_the_window(driver, width):
    found = driver.execute_script(
        "const d = document.documentElement; return [d.clientWidth, d.scrollWidth, document.body.scrollWidth]"
    )
    assert found[0] == width and max(found) == width, f"{found} in a window of {width}"


def charts_are_whole_and_their_words_can_be_read(driver, width):
    found = driver.execute_script(
        """
        const wrong = [], charts = [...document.querySelectorAll('svg')];
        for (const chart of charts) {
            const box = chart.getBoundingClientRect(), name = chart.getAttribute('aria-label');
            if (box.left < 0 || box.right > arguments[0]) wrong.push(`${name}: ${box.left} to ${box.right}`);
            const scale = box.width / chart.viewBox.baseVal.width;
            for (const text of chart.querySelectorAll('text')) {
                const at = text.getBoundingClientRect(), size = parseFloat(getComputedStyle(text).fontSize) * scale;
                if (at.left < box.left - 0.5 || at.right > box.right + 0.5 || at.bottom > box.bottom + 0.5)
                    wrong.push(`${name}: "${text.textContent}" is cut off`);
                if (size < arguments[1]) wrong.push(`${name}: "${text.textContent}" is ${size} px high`);
            }
        }
        return [charts.length, wrong];""",
        width,
        LEAST_WORDS,
    )
    assert found[0] > 0, "the page has no chart"
    same(found[1], [], "charts")


def words_of_tables_and_headings_do_not_break_inside(driver, _width):
    found = driver.execute_script("""
        const broken = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        let words = 0;
        while (texts.nextNode()) {
            const text = texts.currentNode;
            if (!text.parentElement.closest('th, td, h1, h2, h3, strong')) continue;
            for (const word of text.data.matchAll(/[\\p{L}\\p{N}]+/gu)) {
                const range = document.createRange();
                range.setStart(text, word.index);
                range.setEnd(text, word.index + word[0].length);
                const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
                words += 1;
                if (lines.size > 1) broken.push(word[0]);
            }
        }
        return [words, broken];""")
    assert found[0] > 20, f"only {found[0]} words"
    same(found[1], [], "broken words")


def light_and_dark_are_told_apart(driver, _width):
    colours = []
    for name in ["light", "dark"]:
        theme(driver, name)
        colours.append(
            driver.execute_script(
                "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
            )
        )
    theme(driver, "light")
    for what in range(2):
        assert colours[0][what] != colours[1][what], colours


CHECKS = [
    is_no_wider_than_the_window,
    charts_are_whole_and_their_words_can_be_read,
    words_of_tables_and_headings_do_not_break_inside,
    light_and_dark_are_told_apart,
]


def screenshots(driver, url, folder):
    """Pictures of the whole page, for people to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    for colours in ["light", "dark"]:
        theme(driver, colours)
        for device, size in [("desktop", DESKTOP), ("phone", SMALL_PHONE)]:
            resize(driver, size)
            driver.get(url)
            height = driver.execute_script("return document.documentElement.scrollHeight")
            resize(driver, (size[0], height))
            driver.save_screenshot(str(folder / f"{device}-{colours}.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--screenshots", type=Path, metavar="DIR")
    args = parser.parse_args()
    url = args.page.resolve().as_uri()
    passed = failed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = chromium(profile)
        try:
            for size in SIZES:
                resize(driver, size)
                driver.get(url)
                for check in CHECKS:
                    name = f"{check.__name__.replace('_', ' ')}, {size[0]} px"
                    try:
                        check(driver, size[0])
                        passed += 1
                        print(f"ok      {name}")
                    except Exception as error:  # every check is told, whatever it met
                        failed += 1
                        print(f"FAILED  {name}: {type(error).__name__}: {str(error).strip()[:2000]}")
            if args.screenshots:
                screenshots(driver, url, args.screenshots)
        finally:
            driver.quit()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
