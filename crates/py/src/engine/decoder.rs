//! A model that chats and scores.

use botsmith::core::chat::{ChatModel as _, ChatRequest, Message, collect};
use botsmith::core::engine::{ChatStart, Device, Grammar, LoadOptions, LocalModel};
use botsmith::core::score::{ScoreRequest, Scores};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::ChatStream;
use crate::bots::call;
use crate::doorway::{self, PROMPT, Stop};
use crate::fault::Fault;
use crate::runtime::runtime;

/// Bytes of text that are tokenised within some milliseconds.
const QUICK: usize = 1 << 16;

/// Of each continuation log-probability and tokens; their shares; the probability of all; the likeliest one,
/// by sum and by token.
type Scored = (
    Vec<(f64, Vec<(String, f64)>)>,
    Vec<f64>,
    f64,
    Option<usize>,
    Option<usize>,
);

/// Of a text log-probability, tokens that were scored, bytes, perplexity, bits per byte.
type OfText = (f64, usize, usize, f64, f64);

/// What is asked, as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    request: ChatRequest,
    #[serde(default)]
    raw: bool,
    regex: Option<String>,
    lark: Option<String>,
}

impl Asked {
    fn read(text: &str) -> PyResult<Self> {
        serde_json::from_str(text)
            .map_err(|error| PyValueError::new_err(format!("this is no request: {error}")))
    }

    fn start(self) -> (ChatRequest, ChatStart) {
        let mut start = ChatStart::default();
        start.raw = self.raw;
        let regex = self.regex.map(Grammar::Regex);
        start.grammar = regex.or(self.lark.map(Grammar::Lark));
        (self.request, start)
    }
}

/// A decoder, loaded.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Model(LocalModel);

#[pymethods]
impl Model {
    #[new]
    #[pyo3(signature = (path, device, stop, context=None, kv_bytes=None, parallel=None))]
    fn new(
        py: Python<'_>,
        path: String,
        device: String,
        stop: &Stop,
        context: Option<usize>,
        kv_bytes: Option<u64>,
        parallel: Option<usize>,
    ) -> PyResult<Self> {
        let mut options = LoadOptions::default();
        options.context = context;
        options.kv_bytes = kv_bytes;
        options.parallel = parallel.unwrap_or(options.parallel);
        options.cancel = stop.token().clone();
        let load = move || -> Result<LocalModel, Fault> {
            options.device = device.parse::<Device>()?;
            Ok(LocalModel::load_files(&super::files(&path)?, &options)?)
        };
        doorway::long_at(py, PROMPT, stop, |_| Ok(()), load).map(Self)
    }

    /// What it is, and how much of the memory for keys and values is in use, as JSON.
    fn facts_json(&self) -> String {
        let (model, kv) = (&self.0, self.0.kv());
        json!({
            "model": model.info().model,
            "tools": model.info().tools,
            "context": model.context(),
            "vocabulary": model.tokenizer().size(),
            "chat_template": model.chat_template().is_some(),
            "kv": {
                "tokens": kv.tokens, "most_tokens": kv.most_tokens,
                "bytes": kv.bytes, "most_bytes": kv.most_bytes,
            },
        })
        .to_string()
    }

    /// The whole answer as JSON.
    #[pyo3(signature = (asked, stop, timeout=None))]
    fn chat(
        &self,
        py: Python<'_>,
        asked: &str,
        stop: &Stop,
        timeout: Option<f64>,
    ) -> PyResult<String> {
        let (request, start) = Asked::read(asked)?.start();
        let (model, call) = (self.0.clone(), call(stop, timeout)?);
        let work = move || -> Result<String, Fault> {
            super::here()?;
            let stream = model.begin_chat_with(&request, start, &call)?;
            let response = runtime()?.block_on(collect(stream))?;
            Ok(serde_json::to_string(&response)?)
        };
        doorway::long_at(py, PROMPT, stop, |_| Ok(()), work)
    }

    /// The answer piece by piece.
    #[pyo3(signature = (asked, stop, timeout=None))]
    fn stream(
        &self,
        py: Python<'_>,
        asked: &str,
        stop: &Stop,
        timeout: Option<f64>,
    ) -> PyResult<ChatStream> {
        let (request, start) = Asked::read(asked)?.start();
        let (model, call) = (self.0.clone(), call(stop, timeout)?);
        let work = move || -> Result<_, Fault> {
            super::here()?;
            Ok(model.begin_chat_with(&request, start, &call)?)
        };
        let stream = doorway::long_at(py, PROMPT, stop, |_| Ok(()), work)?;
        Ok(ChatStream::new(stream))
    }

    /// The text that a request becomes by the chat template.
    fn prompt(&self, py: Python<'_>, asked: &str) -> PyResult<String> {
        let (request, _) = Asked::read(asked)?.start();
        doorway::quick(py, || Ok::<_, Fault>(self.0.chat_text(&request)?))
    }

    /// How likely continuations are: of each request a prompt, whether it is a conversation as JSON, and what
    /// may follow.
    #[pyo3(signature = (requests, stop, timeout=None))]
    fn score(
        &self,
        py: Python<'_>,
        requests: Vec<(String, bool, Vec<String>)>,
        stop: &Stop,
        timeout: Option<f64>,
    ) -> PyResult<Vec<Scored>> {
        let requests: Vec<ScoreRequest> =
            requests.into_iter().map(request).collect::<PyResult<_>>()?;
        let (model, call) = (self.0.clone(), call(stop, timeout)?);
        let work = move || -> Result<_, Fault> {
            super::here()?;
            Ok(model.score_now(&requests, &call)?)
        };
        let scores = doorway::long_at(py, PROMPT, stop, |_| Ok(()), work)?;
        Ok(scores.into_iter().map(scored).collect())
    }

    /// How likely whole texts are.
    #[pyo3(signature = (texts, stop, timeout=None))]
    fn score_texts(
        &self,
        py: Python<'_>,
        texts: Vec<String>,
        stop: &Stop,
        timeout: Option<f64>,
    ) -> PyResult<Vec<OfText>> {
        let (model, call) = (self.0.clone(), call(stop, timeout)?);
        let work = move || -> Result<_, Fault> {
            super::here()?;
            Ok(model.score_texts(&texts, &call)?)
        };
        let scores = doorway::long_at(py, PROMPT, stop, |_| Ok(()), work)?;
        let row = scores.iter().map(|score| {
            (
                score.logprob,
                score.tokens,
                score.bytes,
                score.perplexity(),
                score.bits_per_byte(),
            )
        });
        Ok(row.collect())
    }

    /// The ids of a text's tokens.
    fn encode(&self, py: Python<'_>, text: String, special: bool) -> PyResult<Vec<u32>> {
        let (model, short) = (self.0.clone(), text.len() < QUICK);
        let work = move || Ok::<_, Fault>(model.tokenizer().encode(&text, special)?);
        match short {
            true => doorway::quick(py, work),
            false => doorway::long_at(py, PROMPT, &Stop::new(), |_| Ok(()), work),
        }
    }

    /// The text of tokens' ids.
    fn decode(&self, py: Python<'_>, ids: Vec<u32>, skip_special: bool) -> PyResult<String> {
        let (model, few) = (self.0.clone(), ids.len() < QUICK);
        let work = move || Ok::<_, Fault>(model.tokenizer().decode(&ids, skip_special)?);
        match few {
            true => doorway::quick(py, work),
            false => doorway::long_at(py, PROMPT, &Stop::new(), |_| Ok(()), work),
        }
    }

    /// Forgets the prompts that were read.
    fn forget(&self, py: Python<'_>) {
        py.detach(|| self.0.forget());
    }
}

fn request((prompt, chat, continuations): (String, bool, Vec<String>)) -> PyResult<ScoreRequest> {
    if !chat {
        return Ok(ScoreRequest::text(prompt, continuations));
    }
    let messages: Vec<Message> = serde_json::from_str(&prompt).map_err(|error| {
        PyValueError::new_err(format!("the prompt is no list of messages: {error}"))
    })?;
    Ok(ScoreRequest::chat(
        ChatRequest::new(messages),
        continuations,
    ))
}

fn scored(scores: Scores) -> Scored {
    let (shares, mass) = (scores.shares(), scores.mass());
    let (best, best_by_token) = (scores.best(false), scores.best(true));
    let continuations = scores.continuations.into_iter();
    (
        continuations.map(|one| (one.logprob, one.tokens)).collect(),
        shares,
        mass,
        best,
        best_by_token,
    )
}
