"""Write a report page of N made-up cases without the Rust program.

It fills the same template with a synthetic payload, for work on the page and for the check that
ten thousand cases scroll smoothly:

    python sample.py 10000 big.html
"""

import argparse
import json
import math
import random
import re
from pathlib import Path

REPORT = Path(__file__).parents[2] / "crates/eval/src/report"
HOSTILE = "</script><img src=x onerror=\"document.title='broken'\"><!-- <b>bold</b> {{cases}} & \u202e\u0000"
TOPICS = ["billing", "delivery", "returns", "account", "الفواتير"]
QUESTIONS = [
    ("How long do I have to return a pair of shoes?", "You have 30 days from delivery.", "returns"),
    (
        "Why was I charged twice this month?",
        "A failed payment is retried once; the second charge is released.",
        "billing",
    ),
    ("配送にはどのくらいかかりますか？", "通常は三営業日以内に届きます。", "delivery"),
    ("متى يصل طلبي رقم 4711؟", "يصل الطلب خلال ثلاثة أيام عمل.", "delivery"),
    (
        "Как изменить адрес электронной почты?",
        "Откройте профиль и нажмите «Изменить адрес».",
        "account",
    ),
    ("मेरा बिल कहाँ मिलेगा?", "बिल आपके खाते के पन्ने पर है।", "billing"),
    (
        "Can I pay by invoice?\n\nMy company needs one for every order.",
        "Yes, for orders above 100 euros.",
        "billing",
    ),
    (HOSTILE, "Plain text, please 👩🏽‍🔧.", "account"),
]
METRICS = [
    {
        "name": "contains",
        "kind": "contains",
        "about": "The answer holds the wanted words.",
        "range": [0, 1],
        "higher_is_better": True,
        "threshold": None,
        "weight": 2,
        "signature": "contains ignore-case=true v0.1.0",
    },
    {
        "name": "rouge-l",
        "kind": "rouge",
        "about": "Longest common subsequence with the best reference, F1.",
        "range": [0, 1],
        "higher_is_better": True,
        "threshold": 0.5,
        "weight": 1,
        "signature": "rouge variant=L stemmer=true v0.1.0",
    },
    {
        "name": "latency",
        "kind": "latency",
        "about": "Time to the whole answer.",
        "range": [0, None],
        "higher_is_better": False,
        "threshold": None,
        "weight": 1,
        "signature": "latency v0.1.0",
    },
    {
        "name": "words",
        "kind": "word-count",
        "about": "Words in the answer.",
        "range": [0, None],
        "higher_is_better": True,
        "threshold": None,
        "weight": 1,
        "signature": "word-count v0.1.0",
    },
]
FILLER = [
    "Thanks for asking!",
    "Please let me know if there is anything else.",
    "I am not quite sure, but",
    "As far as I can tell,",
]


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


def judge(rng, skill, reference, fluent):
    """One answer with its scores; evidence in UTF-16 code units, as the page wants it."""
    right = rng.random() < skill
    said = (
        reference
        if right
        else rng.choice(
            ["It depends on the order.", "Ten days, I believe 🤔.", "Sorry, that I do not know."]
        )
    )
    before = rng.choice(FILLER) + "\n\n" if fluent else ""
    text = before + said + (" " + rng.choice(FILLER) if fluent and rng.random() < 0.5 else "")
    start = utf16(before)
    span = {"start": start, "end": start + utf16(said), "supports": right}
    overlap = min(1.0, max(0.0, rng.gauss(0.78 if right else 0.22, 0.1)))
    latency = round(rng.lognormvariate(0.4 if fluent else -0.4, 0.4), 3)
    scores = {
        "contains": {
            "value": int(right),
            "passed": right,
            "explanation": "found the wanted words" if right else f"wanted {reference[:60]!r}",
            "evidence": [span],
        },
        "rouge-l": {
            "value": round(overlap, 4),
            "passed": overlap >= 0.5,
            "evidence": [
                {
                    "start": start + 3,
                    "end": start + min(utf16(said), 14),
                    "supports": overlap >= 0.5,
                }
            ],
        },
        "latency": {"value": latency, "passed": None},
        "words": {"value": len(text.split()), "passed": None},
    }
    luck = rng.random()
    if luck < 0.02:
        scores["rouge-l"] = {"error": "the reference has no word that can be compared"}
    elif luck < 0.05:
        scores["rouge-l"] = {"skipped": "`when` is false"}
    return text, latency, round((2 * int(right) + overlap) / 3, 4), scores


def case(rng, row, bots, repeats):
    question, reference, topic = QUESTIONS[row % len(QUESTIONS)]
    answers = []
    for b, bot in enumerate(bots):
        for repeat in range(1, repeats + 1):
            answer = {
                "bot": bot,
                "repeat": repeat,
                "outcome": "answered",
                "text": "",
                "error": None,
                "latency": None,
                "cost": None,
                "overall": None,
                "scores": {},
            }
            luck = rng.random()
            if luck < 0.03:
                answer |= {"outcome": "failed", "error": "timed out after 30 s"}
            elif luck < 0.05:
                answer |= {"outcome": "refused", "text": "I cannot help with that.", "error": None}
            else:
                text, latency, overall, scores = judge(
                    rng, [0.88, 0.68, 0.8, 0.82][b % 4], reference, b % 2 == 1
                )
                answer |= {
                    "text": text,
                    "latency": latency,
                    "cost": round(0.0001 * len(text), 5),
                    "overall": overall,
                    "scores": scores,
                }
                if row == 9 and b == 1:
                    answer["text"] += "\n" + "A very long answer, line after line. 長い\n" * 3000
            answers.append(answer)
    return {
        "id": f"faq-{row + 1:05}" if row % 8 != 7 else f'faq/{row + 1} "q" <b>&',
        "row": row + 1,
        "input": question,
        "messages": [
            {"role": "system", "content": "You are a kind clerk."},
            {"role": "user", "content": question},
        ]
        if row % 5 == 0
        else [],
        "references": [reference] + (["30 days."] if topic == "returns" else []),
        "context": ["Shoes can be returned within 30 days of delivery, unworn."]
        if topic == "returns"
        else [],
        "tags": ["vip"] if row % 7 == 0 else [],
        "slices": {
            "topic": topic if row % 11 else TOPICS[4],
            "language": "en" if question.isascii() else "other",
        },
        "answers": answers,
    }


def mean_interval(values):
    n, mean = len(values), sum(values) / len(values)
    sd = math.sqrt(sum((v - mean) ** 2 for v in values) / max(1, n - 1))
    return mean, [mean - 1.96 * sd / math.sqrt(n), mean + 1.96 * sd / math.sqrt(n)]


def score(values, verdicts):
    mean, interval = mean_interval(values)
    passed = sum(verdicts) if verdicts else None
    binary = verdicts and all(v in (0, 1) for v in values)
    clip = lambda pair: [max(0.0, pair[0]), min(1.0, pair[1])]
    return {
        "n": len(values),
        "mean": mean,
        "passed": passed,
        "pass_rate": passed / len(verdicts) if verdicts else None,
        "interval": clip(interval) if binary else interval,
        "pass_interval": clip(mean_interval([float(v) for v in verdicts])[1]) if verdicts else None,
        "method": "wilson" if binary else "bca",
        "skipped": 0,
        "errors": 0,
        "repeats": None,
    }


def summarise(cases, bots):
    """A report with the shape of a real one; its statistics are rough stand-ins."""
    judged = {}
    for one in cases:
        for answer in one["answers"]:
            for metric, result in answer["scores"].items():
                if "value" in result:
                    judged.setdefault((metric, answer["bot"]), {}).setdefault(
                        one["id"], (result["value"], result["passed"], one)
                    )
    every = [answer for one in cases for answer in one["answers"]]
    report_bots = []
    for bot in bots:
        own = [answer for answer in every if answer["bot"] == bot]
        overall = [a["overall"] for a in own if a["overall"] is not None]
        mean, interval = mean_interval(overall)
        scores = {}
        for metric in METRICS:
            entries = judged[metric["name"], bot].values()
            scores[metric["name"]] = score(
                [e[0] for e in entries], [e[1] for e in entries if e[1] is not None]
            )
            results = [a["scores"].get(metric["name"], {}) for a in own]
            scores[metric["name"]] |= {
                "skipped": sum("skipped" in r for r in results),
                "errors": sum("error" in r for r in results),
            }
        report_bots.append(
            dict(
                name=bot,
                cases=len(cases),
                **{
                    o: sum(a["outcome"] == o for a in own)
                    for o in ["answered", "refused", "failed"]
                },
                overall={"mean": mean, "interval": interval},
                scores=scores,
            )
        )
    comparisons = []
    for metric in METRICS:
        for i, a in enumerate(bots):
            for b in bots[i + 1 :]:
                left, right = judged[metric["name"], a], judged[metric["name"], b]
                gaps = [right[key][0] - left[key][0] for key in left if key in right]
                mean, interval = mean_interval(gaps)
                z = abs(mean) / max(1e-9, (interval[1] - interval[0]) / 3.92)
                p = min(1.0, math.erfc(z / math.sqrt(2)) * 3)
                better = (
                    None
                    if p > 0.05 or metric["name"] == "words"
                    else "b"
                    if (mean > 0) == metric["higher_is_better"]
                    else "a"
                )
                comparisons.append(
                    {
                        "a": a,
                        "b": b,
                        "metric": metric["name"],
                        "n": len(gaps),
                        "difference": mean,
                        "interval": interval,
                        "p": p / 3,
                        "p_adjusted": p,
                        "test": "mcnemar-exact" if metric["name"] == "contains" else "sign-flip",
                        "effect": {"name": "cohen-h", "value": round(mean * 2, 2)},
                        "better": better,
                    }
                )
    slices = []
    for name in ["topic", "language"]:
        for value in sorted({one["slices"][name] for one in cases}):
            for metric in METRICS:
                for bot in bots:
                    entries = [
                        e
                        for e in judged[metric["name"], bot].values()
                        if e[2]["slices"][name] == value
                    ]
                    if entries:
                        s = score(
                            [e[0] for e in entries], [e[1] for e in entries if e[1] is not None]
                        )
                        slices.append(
                            {
                                "slice": name,
                                "value": value,
                                "bot": bot,
                                "metric": metric["name"],
                                "n": s["n"],
                                "mean": s["mean"],
                                "pass_rate": s["pass_rate"],
                                "interval": s["interval"],
                            }
                        )
    observed = report_bots[0]["scores"]["contains"]["pass_rate"]
    rules = [
        {
            "rule": f"pass rate of contains for {bots[0]} at least 0.7",
            "metric": "contains",
            "bot": bots[0],
            "passed": observed >= 0.7,
            "observed": observed,
            "bound": "min 0.7",
        },
        {
            "rule": f"mean of latency for {bots[0]} at most 1 s",
            "metric": "latency",
            "bot": bots[0],
            "passed": report_bots[0]["scores"]["latency"]["mean"] <= 1,
            "observed": report_bots[0]["scores"]["latency"]["mean"],
            "bound": "max 1",
        },
    ]
    digest = "".join(random.Random(1).choices("0123456789abcdef", k=64))
    facts = {
        "botsmith": "0.1.0",
        "created": "2026-01-21T01:02:03Z",
        "suite_file": "suites/quickstart.yaml",
        "suite_hash": digest,
        "dataset": "data/cases.jsonl",
        "dataset_hash": digest[::-1],
        "cases": len(cases),
        "seed": 1,
        "confidence": 0.95,
        "correction": "holm",
    }
    return {
        "run": digest,
        "suite": "quickstart",
        "seed": 1,
        "gate": {"passed": all(r["passed"] for r in rules), "rules": rules},
        "bots": report_bots,
        "metrics": METRICS,
        "comparisons": comparisons,
        "slices": slices,
        "facts": facts,
        "timings": {"wall_s": 0.42, "judge_s": 0.31},
    }


def page(report, cases):
    """The template filled as `html.rs` fills it."""
    rust = (REPORT / "html.rs").read_text(encoding="utf-8")
    parts = re.findall(r'include_str!\("(html/\w+\.js)"\)', rust)
    embed = lambda value: json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    blocks = [cases[i : i + 500] for i in range(0, len(cases), 500)]
    filled = {
        "style": (REPORT / "html/style.css").read_text(encoding="utf-8"),
        "script": "".join((REPORT / part).read_text(encoding="utf-8") for part in parts),
        "report": embed(report),
        "cases": "".join(
            f'<script type="application/json" class="cases">{embed(block)}</script>\n'
            for block in blocks
        ),
    }
    return re.sub(
        r"\{\{(\w+)\}\}",
        lambda match: filled[match[1]],
        (REPORT / "html/report.html").read_text(encoding="utf-8"),
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--bots", default="terse,fluent", help="names, with commas")
    parser.add_argument("--repeats", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(7)
    bots = args.bots.split(",")
    cases = [case(rng, row, bots, args.repeats) for row in range(args.cases)]
    args.out.write_text(page(summarise(cases, bots), cases), encoding="utf-8")


if __name__ == "__main__":
    main()
