"""The plugin for pytest, in a pytest of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SUITE = """
version: 1
dataset:
  - {id: sum, input: 2 + 2?, reference: "4", said: "It is 4."}
  - {id: product, input: 2 * 3?, reference: "6", said: "It is 7."}
bots: [{name: adder, recorded: {answer: /said}}]
evaluators: [number-equals]
gate: [{metric: number-equals, pass-rate: {min: 0.9}}]
"""


def test_a_suite_is_collected_as_tests(pytester: pytest.Pytester) -> None:
    pytester.makefile(".suite.yaml", numbers=SUITE)
    found = pytester.runpytest_subprocess("--botsmith", "-q", "-p", "no:cacheprovider")
    found.assert_outcomes(passed=1, failed=2)
    found.stdout.fnmatch_lines(["*asked: 2 * 3?*", "*answer: It is 7.*", "*number-equals 0*", "*wanted at least 90.0 %, observed 0.5*"])
    none = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    none.assert_outcomes()


def test_a_suite_that_is_named_is_collected(pytester: pytest.Pytester) -> None:
    path = pytester.makefile(".yaml", any_name=SUITE)
    found = pytester.runpytest_subprocess(str(path), "-p", "no:cacheprovider")
    found.assert_outcomes(passed=1, failed=2)


def test_the_fixture_fails_where_an_answer_does_not_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        def bot(question):
            return "It is 4."

        def test_right(assert_passes):
            answer = assert_passes({"input": "2 + 2?", "reference": "4"}, bot, ["number-equals"])
            assert answer.text == "It is 4."

        def test_wrong(assert_passes):
            assert_passes({"input": "2 + 3?", "reference": "5"}, bot, ["number-equals"])

        def test_of_an_answer(assert_passes):
            assert_passes({"input": "?", "reference": "yes"}, answer="Yes!", evaluators="exact-match")

        def test_neither(assert_passes):
            with pytest.raises(TypeError, match="a bot or an answer"):
                assert_passes("?")
    """)
    found = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    found.assert_outcomes(passed=3, failed=1)
    found.stdout.fnmatch_lines(["*answer: It is 4.*"])


def test_a_wrong_suite_is_an_error_with_its_place(pytester: pytest.Pytester) -> None:
    path = pytester.makefile(".yaml", wrong="version: 1\ndataset: [\n")
    found = pytester.runpytest_subprocess(str(path), "-p", "no:cacheprovider")
    found.assert_outcomes(errors=1)
    assert "wrong.yaml:" in found.stdout.str()
    assert Path(path).exists()
