"""A plugin for pytest: the fixture ``assert_passes``, and suites collected as tests.

A suite is collected where ``--botsmith`` is given and its file matches ``*.suite.yaml`` or
``*.suite.yml``, or where it is named on the command line. Each answer of each bot that some metric lets pass or
fail is a test, as is each that failed or was refused, and so is each rule of the gate; a suite in which nothing
decides is an error. Judging happens once a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

_ENDINGS = (".suite.yaml", ".suite.yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our flags."""
    group = parser.getgroup("botsmith")
    group.addoption("--botsmith", action="store_true", help="collect *.suite.yaml files as tests")
    group.addoption("--botsmith-store", default="memory:", help="where runs are kept [default: memory:]")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Suites."""
    config = parent.config
    named = any(_same(argument, file_path, config.invocation_params.dir) for argument in config.args)
    suite = file_path.name.endswith(_ENDINGS)
    yaml = file_path.suffix in (".yaml", ".yml")
    if (config.getoption("--botsmith") and suite) or (named and yaml):
        return SuiteFile.from_parent(parent, path=file_path)
    return None


def _same(argument: str, path: Path, folder: Path) -> bool:
    return os.path.normpath(folder / argument.partition("::")[0]) == str(path)


class SuiteFile(pytest.File):
    """A suite: a test a case and bot, and one a rule of the gate."""

    def collect(self) -> Iterator[pytest.Item]:
        """Judges the suite."""
        from ._eval import evaluate

        run = evaluate(self.path, store=self.config.getoption("--botsmith-store"), progress=False)
        names, decided = _Names(), bool(run.gate)
        for case in run:
            for answer in case.answers:
                if _undecided(answer):
                    continue
                decided = True
                again = f"#{answer.repeat}" if answer.repeat > 1 else ""
                name = names.free(f"{case.id}[{answer.bot}{again}]")
                yield CaseItem.from_parent(self, name=name, case=case, answer=answer)
        if not decided:
            raise self.CollectError(f"{self.path.name}: {_NOBODY}")
        for rule in run.gate:
            name = names.free(f"gate[{rule['rule']}]")
            yield GateItem.from_parent(self, name=name, rule=rule)


class _Names:
    """Names of tests: each once, and none that pytest cannot find again. It reads `::` as a step into a class."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, name: str) -> str:
        """The name, with a number where it is taken."""
        shown = "".join(c if c.isprintable() else " " for c in name).replace("::", ":")
        new, count = shown, 1
        while new in self._taken:
            count += 1
            new = f"{shown}~{count}"
        self._taken.add(new)
        return new


class _Item(pytest.Item):
    """A test that says what is wrong in words, without a traceback of ours."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The words alone."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands."""
        return self.path, None, self.name


class CaseItem(_Item):
    """One answer: passes where every metric that decides says so."""

    def __init__(self, *, case: Any, answer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case, self.answer = case, answer

    def runtest(self) -> None:
        """Looks at the verdicts."""
        _fail(self.case.input, self.answer, _wrong(self.answer))


class GateItem(_Item):
    """One rule of the gate."""

    def __init__(self, *, rule: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rule = rule

    def runtest(self) -> None:
        """Looks at what was observed."""
        if not self.rule["passed"]:
            raise AssertionError(_broken(self.rule))


def _broken(rule: Mapping[str, Any]) -> str:
    """What a rule of the gate wanted and did not get."""
    return f"wanted {rule['wanted']}, observed {rule['observed']}"


#: What is wrong where nothing can pass or fail.
_NOBODY = (
    "no evaluator decides: add one that passes or fails, give one a `threshold`, or give the suite a `gate`"
)


def _undecided(answer: Any) -> bool:
    """Whether there is an answer that no metric lets pass or fail."""
    verdicts = answer.scores.values()
    return answer.outcome == "answered" and all(v.passed is None and v.error is None for v in verdicts)


def _wrong(answer: Any) -> list[str]:
    """What is wrong with an answer."""
    wrong: list[str] = []
    if answer.outcome != "answered":
        wrong.append(f"{answer.outcome}: {answer.error}")
    for name, verdict in answer.scores.items():
        if verdict.error is not None:
            wrong.append(f"{name} broke: {verdict.error}")
        elif verdict.passed is False:
            why = f": {verdict.explanation}" if verdict.explanation else ""
            wrong.append(f"{name} {verdict.value:.3g}{why}")
    return wrong


def _fail(question: str, answer: Any, wrong: Sequence[str]) -> None:
    """Fails where something is wrong."""
    if wrong:
        lines = [f"asked: {question[:400]}", f"answer: {answer.text[:400]}", *wrong]
        raise AssertionError("\n".join(lines))


def _assert_passes(
    case: Mapping[str, Any] | str,
    bot: Any = None,
    evaluators: Sequence[Any] | str | Mapping[str, Any] = ("exact-match",),
    *,
    answer: str | None = None,
    **options: Any,
) -> Any:
    """Judges one case and fails where the answer does not pass, or where nothing lets it pass or fail.

    Parameters
    ----------
    case : mapping or str
        A row of a dataset, or the text of a question.
    bot
        Whatever :func:`botsmith.evaluate` takes for one.
    evaluators
        Likewise. One of them has to decide (``exact-match`` does, ``words`` alone does not), unless there is
        a ``gate``.
    answer : str, optional
        The answer, in place of a bot.
    **options
        For :func:`botsmith.evaluate`: ``gate``, ``extract``, ``repeat`` and so on. Rules of a gate have to
        hold, too.

    Returns
    -------
    Answer
        The answer with its scores.
    """
    __tracebackhide__ = True
    from ._eval import evaluate

    if (bot is None) == (answer is None):
        raise TypeError("assert_passes wants a bot or an answer")
    row = {"input": case} if isinstance(case, str) else dict(case)
    asked = bot if answer is None else (lambda _: answer)
    run = evaluate(bots=asked, dataset=[row], evaluators=evaluators, progress=False, **options)
    (found,) = run
    broken = [f"gate {rule['rule']}: {_broken(rule)}" for rule in run.gate if not rule["passed"]]
    if not (run.passed or broken):
        broken.append("the gate did not pass")
    for judged in found.answers:
        nobody = [_NOBODY] if _undecided(judged) and not run.gate else []
        _fail(found.input, judged, [*_wrong(judged), *broken, *nobody])
    return found.answers[0]


@pytest.fixture
def assert_passes() -> Callable[..., Any]:
    """Judges one case and fails the test where the answer does not pass.

    ``assert_passes({"input": "2 + 2?", "reference": "4"}, bot, ["number-equals"])``
    """
    return _assert_passes
