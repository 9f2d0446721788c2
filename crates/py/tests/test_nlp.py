"""Pipelines and documents."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import pytest

import botsmith as bs
from botsmith import nlp

#: Texts with signs of one to four bytes, white space and none, words of several tokens.
TEXTS = [
    "She was running late.",
    "",
    "   \n\n ",
    "Don't panic: it's 3.5 km.  Two spaces,\ttab.\n\nNew paragraph",
    "Ünïcödé café 日本語 😀 e\u0301 done. Next 😀😀 one!",
    "\ufeffmark\u200b and \x7f controls \x00 too",
    "I cannot go; gonna stay. He said \u201cno\u201d.",
]


@pytest.mark.parametrize("text", TEXTS)
def test_offsets_are_code_points_of_the_text(en: nlp.Pipeline, text: str) -> None:
    doc = en(text)
    assert doc.text == text
    for token in doc:
        assert text[token.start : token.end] == token.text
    for sentence in doc.sentences:
        assert text[sentence.start : sentence.end] == sentence.text
    for word in doc.words:
        assert text[word.start : word.end] == word.form or word.token.is_multiword
    whole = "".join(token.text + token.space_after for token in doc)
    assert text.endswith(whole)


def test_long_texts_of_many_scripts_keep_their_offsets(en: nlp.Pipeline) -> None:
    text = " ".join(TEXTS[3:5] * 40)
    doc = en(text)
    assert all(text[token.start : token.end] == token.text for token in doc)


@pytest.mark.parametrize("text", TEXTS)
def test_documents_survive_pickles_and_files(en: nlp.Pipeline, text: str) -> None:
    doc = en(text)
    assert pickle.loads(pickle.dumps(doc)) == doc
    assert nlp.from_json(doc.to_json()) == doc
    again = nlp.from_conllu(doc.to_conllu())
    assert again.lemmas == doc.lemmas and again.feats == doc.feats


def test_views_are_equal_hashed_and_pickled_by_their_place(en: nlp.Pipeline) -> None:
    doc = en("Don't stop. Go on.")
    for view in (doc.sentences[1], doc[1], doc.words[2]):
        assert pickle.loads(pickle.dumps(view)) == view
        assert hash(view) == hash(view)
        assert view.doc == doc
    assert doc[0] != doc[1] and doc[0] != "Don't"
    assert doc[-1] == doc.tokens[-1]
    with pytest.raises(IndexError, match="there are"):
        doc[100]
    assert [word.form for word in doc[0].words] == ["Do", "n't"]
    assert [str(sentence) for sentence in doc.sentences] == ["Don't stop.", "Go on."]


def test_columns_are_numpy_arrays_of_the_same_facts(en: nlp.Pipeline) -> None:
    numpy = pytest.importorskip("numpy")
    doc = en(TEXTS[4])
    starts = nlp.to_numpy(doc, "token_start")
    assert starts.dtype == numpy.uint32
    assert starts.tolist() == [token.start for token in doc]
    assert nlp.to_numpy(doc, "word_token").tolist() == [word.token.index for word in doc.words]
    assert nlp.to_numpy(doc, "upos").tolist() == doc.upos
    firsts = [sentence.tokens[0].index for sentence in doc.sentences]
    assert nlp.to_numpy(doc, "sentence_token").tolist() == firsts
    with pytest.raises(ValueError, match="no column"):
        nlp.to_numpy(doc, "colour")  # type: ignore[call-overload]


@pytest.mark.parametrize("threads", [1, 2, 0])
@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_pipe_gives_what_calls_give_in_order(en: nlp.Pipeline, threads: int, batch_size: int) -> None:
    texts = TEXTS * 3
    piped = list(en.pipe(iter(texts), batch_size=batch_size, threads=threads))
    assert piped == [en(text) for text in texts]


def test_pipe_reads_no_further_than_it_must(en: nlp.Pipeline) -> None:
    read: list[int] = []

    def texts() -> object:
        for n in range(100):
            read.append(n)
            yield f"Text number {n}."

    docs = en.pipe(texts(), batch_size=4)  # type: ignore[arg-type]
    assert next(docs).text == "Text number 0."
    assert len(read) == 4


def test_stages_of_ones_own_are_called_in_order(en: nlp.Pipeline) -> None:
    counted = en.with_stages(lambda doc: doc.lemmas, len)
    assert counted("Cats chase mice.") == 4
    assert list(counted.pipe(["One.", "Two words."])) == [2, 3]
    assert counted.name == "en" and len(counted.stages) == 2 and en.stages == ()
    with pytest.raises(TypeError, match="a stage"):
        en.with_stages("lower")  # type: ignore[arg-type]


def test_known_tokens_stay(en: nlp.Pipeline) -> None:
    assert [t.text for t in en("don't stop !\ngo", given="tokens")] == ["don't", "stop", "!", "go"]
    with pytest.raises(ValueError, match="is wanted"):
        en("a", given="words")  # type: ignore[arg-type]


def test_pipelines_are_pickled_by_name(en: nlp.Pipeline) -> None:
    data = pickle.dumps(en)
    assert len(data) < 200
    assert pickle.loads(data)("Hi.") == en("Hi.")
    assert nlp.load("en") is en


def test_pages_are_escaped_and_hold_no_script(en: nlp.Pipeline) -> None:
    page = en('<script>alert("x")</script> & more')._repr_html_()
    assert "<script" not in page and "&lt;" in page and "&amp;" in page
    assert "http" not in page
    long = en("word " * 1000)._repr_html_()
    assert "600 more tokens" in long


def test_wrong_arguments_are_python_errors(en: nlp.Pipeline) -> None:
    for wrong in (None, 1, b"bytes", ["list"]):
        with pytest.raises(TypeError):
            en(wrong)  # type: ignore[arg-type]
    with pytest.raises(UnicodeEncodeError):
        en("lone \ud800 surrogate")
    with pytest.raises(TypeError):
        en.pipe("one text")
    with pytest.raises(ValueError):
        en.pipe([], batch_size=0)
    with pytest.raises(bs.SpecError) as caught:
        nlp.from_conllu("1\tonly three\tcolumns", path="bad.conllu")
    assert (caught.value.path, caught.value.line) == ("bad.conllu", 1)


def test_sixteen_threads_give_what_one_gives(en: nlp.Pipeline) -> None:
    wanted = [en(text) for text in TEXTS]
    failed: list[object] = []

    def hammer() -> None:
        for _ in range(8):
            for text, doc in zip(TEXTS, wanted, strict=True):
                found = en(text)
                if found != doc or found.to_json() != doc.to_json() or hash(found) != hash(doc):
                    failed.append(text)

    threads = [threading.Thread(target=hammer) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_stages_find_things_beside_the_document() -> None:
    stages = ["tokenise", "sentences", "tag", "morphology", "lemma", "chunks", "readability"]
    found = nlp.Analyser(stages)("😀😀 The old café of Zürich closed. She left.")
    text = found.doc.text
    spans = [text[chunk["start"] : chunk["end"]] for chunk in found["chunks"]]
    assert "The old café of Zürich" in spans or "The old café" in spans
    assert found["readability"]
    page = nlp.Analyser(stages)("She ran the <script>alert(1)</script> twice. He left.")._repr_html_()
    assert "script" in page and "&lt;" in page and "<script" not in page


def test_stages_of_python_stand_among_others() -> None:
    def shouts(doc: nlp.Doc) -> list[str]:
        return [token.text for token in doc if token.text.isupper()]

    def breaks(doc: nlp.Doc) -> None:
        raise LookupError("no luck")

    shouts.needs = ["tokens"]  # type: ignore[attr-defined]
    analyser = nlp.Analyser(["tokenise", shouts, shouts])
    assert analyser.stages == ["tokenise", "shouts", "shouts'"]
    texts = ["Oh NO", "fine"] * 20
    assert [found["shouts"] for found in analyser.pipe(texts, batch_size=7, threads=2)] == [["NO"], []] * 20
    assert nlp.Analyser(["tokenise", "sentences", "counts"])(nlp.load("en")("One two."))["counts"]["words"] == 2
    with pytest.raises(bs.Error, match="put `tokenise` before it"):
        nlp.Analyser([shouts])
    with pytest.raises(bs.LanguageError, match="no luck") as caught:
        nlp.Analyser(["tokenise", breaks])("a")
    assert caught.value.code == "BS-PY-003"
    with pytest.raises(TypeError, match="a stage is"):
        nlp.Analyser([3])


def test_pipeline_files_are_read_and_mistakes_have_their_place(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    with pytest.raises(bs.FileError):
        nlp.Analyser(tmp_path / "none.yaml")
    path.write_text("stages: [tokenize]\n")
    with pytest.raises(bs.SpecError, match="did you mean") as caught:
        nlp.Analyser(path)
    assert (caught.value.path, caught.value.line) == (str(path), 1)
    path.write_text("stages: [tokenise, sentences, counts]\n")
    analyser = nlp.Analyser(path)
    assert pickle.loads(pickle.dumps(analyser))("One two.")["counts"] == analyser("One two.")["counts"]


def test_documents_have_a_binary_form(en: nlp.Pipeline) -> None:
    doc = en(TEXTS[4])
    assert nlp.from_bytes(doc.to_bytes()) == doc
    with pytest.raises(bs.LanguageError, match="binary form"):
        nlp.from_bytes(b"nothing", path="x.doc")


def test_verbs_say_time_person_voice_and_mood(en: nlp.Pipeline) -> None:
    doc = en("😀 I have not been told. Open the file! She might go.")
    found = nlp.verbs(doc)
    told, opened, might = found.groups
    assert doc.text[told.start : told.end] == "have not been told"
    assert (told.tense, told.perfect, told.passive, told.negated) == ("present", True, True, True)
    assert told.subject is not None and (told.subject.person, told.subject.number) == (1, "singular")
    assert doc.words[told.subject.word or 0].form == "I"
    assert opened.form == "imperative" and might.tense is None
    assert doc.words[might.modal or 0].form == "might"
    assert [utterance.mood for utterance in found.utterances][-2:] == ["imperative", "declarative"]
    assert [doc.text[mark.start : mark.end] for mark in found.marks] == ["I", "Open", "She"]
    assert pickle.loads(pickle.dumps(found)) == found
    assert nlp.verbs(en("")).utterances == ()


def test_a_document_is_drawn_and_held_against_a_right_one(en: nlp.Pipeline) -> None:
    doc = en("She was late & tired.")
    picture = doc.to_svg()
    assert picture.startswith("<svg ") and "tired" in picture and "&amp;" in picture and "<script" not in picture
    same = nlp.evaluate(doc, doc)
    assert list(same) == ["Tokens", "Sentences", "Words", "UPOS", "XPOS", "UFeats", "AllTags", "Lemmas"]
    assert {score.f1 for score in same.values()} == {100.0}
    gold = nlp.from_conllu(doc.to_conllu().replace("\tAUX\t", "\tVERB\t", 1))
    assert nlp.evaluate(gold, doc)["UPOS"] == nlp.TagScore(*[pytest.approx(100 * 5 / 6)] * 4)
    assert nlp.evaluate(gold, doc)["Lemmas"].f1 == 100.0
    with pytest.raises(bs.LanguageError):
        nlp.evaluate(doc, en("Something else."))
