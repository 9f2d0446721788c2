//! The trait of everything that answers.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use futures_core::Stream;
use serde::{Deserialize, Serialize};

use super::{Call, ChatEvent, ChatRequest, ChatResponse, ErrorClass, ModelError};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Pieces of an answer, in order: any number of text, thought and tool pieces, then one
/// [`ChatEvent::Done`]; or an error, which is the last item. Dropping it stops the work.
pub type ChatStream<'a> = Pin<Box<dyn Stream<Item = Result<ChatEvent, ModelError>> + Send + 'a>>;

/// What a model is and can do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing that a model can or cannot do"
)]
pub struct ModelInfo {
    /// Id of the provider: `openai`, `ollama`, `script`, ….
    pub provider: String,
    /// The model that answers where the request names no other.
    pub model: String,
    /// Where it is asked, where that is elsewhere; without user, password and query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What tells two states of one model name apart: a digest, a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Whether [`ChatModel::stream`] gives pieces as they are made.
    pub streams: bool,
    /// Whether it takes tools by itself.
    pub tools: bool,
    /// Whether it can be held to a JSON Schema.
    pub json_schema: bool,
    /// Whether two user messages may follow each other.
    pub consecutive_user: bool,
    /// Whether the same request always gets the same answer (recorded or scripted ones do).
    pub deterministic: bool,
    /// Whether an answer leaves this machine.
    pub remote: bool,
    /// Whether answers are made up for demonstrations and tests.
    pub scripted: bool,
}

impl ModelInfo {
    /// A model of `provider`.
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
            ..Self::default()
        }
    }
}

/// Answers requests: a local engine, a remote service, recorded answers, a closure.
///
/// Implementations hold to the deadline and the cancel token of the [`Call`] and stop when the
/// future or stream is dropped.
pub trait ChatModel: Send + Sync + fmt::Debug {
    /// What it is and can do.
    fn info(&self) -> &ModelInfo;

    /// The whole answer.
    ///
    /// # Errors
    /// [`ModelError`], by class.
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>>;

    /// What says how likely given answers are, where the model can: those of this machine do.
    fn scorer(&self) -> Option<&dyn crate::score::Scorer> {
        None
    }

    /// The answer piece by piece. Without an implementation of its own: all in one piece.
    fn stream<'a>(&'a self, request: &'a ChatRequest, call: &'a Call) -> ChatStream<'a> {
        Box::pin(Whole {
            answer: Some(self.chat(request, call)),
            done: None,
        })
    }
}

/// A whole answer as a stream.
struct Whole<'a> {
    answer: Option<BoxFuture<'a, Result<ChatResponse, ModelError>>>,
    done: Option<Box<ChatResponse>>,
}

impl Stream for Whole<'_> {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        use std::task::Poll;
        if let Some(done) = self.done.take() {
            return Poll::Ready(Some(Ok(ChatEvent::Done(done))));
        }
        let Some(answer) = self.answer.as_mut() else {
            return Poll::Ready(None);
        };
        let answer = std::task::ready!(answer.as_mut().poll(context));
        self.answer = None;
        Poll::Ready(Some(match answer {
            Err(error) => Err(error),
            Ok(response) if response.text.is_empty() => Ok(ChatEvent::Done(Box::new(response))),
            Ok(response) => {
                let text = response.text.clone();
                self.done = Some(Box::new(response));
                Ok(ChatEvent::Text(text))
            }
        }))
    }
}

/// Reads a stream to its end and gives the whole answer.
///
/// # Errors
/// The stream's error; [`ErrorClass::Network`] if it ends without [`ChatEvent::Done`].
pub async fn collect(mut stream: ChatStream<'_>) -> Result<ChatResponse, ModelError> {
    while let Some(event) = std::future::poll_fn(|context| stream.as_mut().poll_next(context)).await
    {
        if let ChatEvent::Done(response) = event? {
            return Ok(*response);
        }
    }
    Err(ModelError::new(
        ErrorClass::Network,
        "model",
        "the answer ended in the middle",
    ))
}

type Answering =
    dyn Fn(ChatRequest, Call) -> BoxFuture<'static, Result<ChatResponse, ModelError>> + Send + Sync;

/// A closure that answers.
///
/// ```
/// use botsmith_core::chat::{ChatModel, ChatResponse, FnModel};
/// let parrot = FnModel::new("parrot", |request, _call| async move {
///     Ok(ChatResponse::text(request.last_user().unwrap_or_default()))
/// });
/// assert_eq!(parrot.info().model, "parrot");
/// ```
pub struct FnModel {
    info: ModelInfo,
    answer: Box<Answering>,
}

impl FnModel {
    /// A model named `name`, of provider `function`.
    pub fn new<F, A>(name: impl Into<String>, answer: F) -> Self
    where
        F: Fn(ChatRequest, Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<ChatResponse, ModelError>> + Send + 'static,
    {
        let info = ModelInfo {
            tools: true,
            consecutive_user: true,
            ..ModelInfo::new("function", name)
        };
        Self::with_info(info, answer)
    }

    /// The same, with what it is and can do.
    pub fn with_info<F, A>(info: ModelInfo, answer: F) -> Self
    where
        F: Fn(ChatRequest, Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<ChatResponse, ModelError>> + Send + 'static,
    {
        Self {
            info,
            answer: Box::new(move |request, call| Box::pin(answer(request, call))),
        }
    }
}

impl fmt::Debug for FnModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnModel")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl ChatModel for FnModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(async move {
            let mut response = (self.answer)(request.clone(), call.clone()).await?;
            if response.provider.is_empty() {
                response.provider.clone_from(&self.info.provider);
            }
            if response.model.is_empty() {
                response.model.clone_from(&self.info.model);
            }
            Ok(response)
        })
    }
}
