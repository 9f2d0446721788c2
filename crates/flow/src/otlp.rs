//! Spans of this process, sent to an OpenTelemetry collector (feature `otlp`).
//!
//! In: spans of the crate `tracing` whose targets begin with `botsmith`, such as one for each attempt of a step.
//! Out: OTLP over HTTP (<https://opentelemetry.io/docs/specs/otlp/>), as protobuf or JSON, in batches. Nothing
//! waits for a collector but the end of the process, and that only for so long; spans that none takes are dropped.
//!
//! It sends no metrics (`flow worker --metrics` shows them), no logs, and speaks no gRPC. Variables that
//! `OpenTelemetry` itself defines hold: `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`,
//! `OTEL_RESOURCE_ATTRIBUTES`, and those that begin with `OTEL_BSP_`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::{Handle, Runtime};
use tracing::Subscriber;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::worker::http::{client, host_of};
use crate::{Error, Result};

/// Where spans go below the address of a collector.
const PATH: &str = "/v1/traces";
/// How long the end of the process waits for a collector.
const END: Duration = Duration::from_secs(10);

/// How spans are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtlpEncoding {
    /// `http/protobuf`, which every collector reads.
    #[default]
    Protobuf,
    /// `http/json`, which people read too.
    Json,
}

impl OtlpEncoding {
    /// The encoding of this name, as `OTEL_EXPORTER_OTLP_PROTOCOL` has it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "http/protobuf" => Some(Self::Protobuf),
            "http/json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Sends spans to a collector until it is [ended](Self::end).
///
/// ```no_run
/// use botsmith_flow::{Otlp, OtlpEncoding};
///
/// let traces = Otlp::to("http://localhost:4318", OtlpEncoding::Protobuf)?;
/// traces.install()?;
/// // Workers of this process now tell the collector of each attempt.
/// traces.end()?;
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
pub struct Otlp {
    provider: SdkTracerProvider,
    /// Requests run here: those who export are no async threads.
    runtime: Option<Runtime>,
    /// Whether the last request failed: the exporter keeps that to itself.
    failed: Arc<AtomicBool>,
}

impl Otlp {
    /// To the collector at this address: `http://HOST:4318`, or the whole address that ends in `/v1/traces`.
    ///
    /// # Errors
    /// [`Error::Traces`] if the address is none, or no client can be made.
    pub fn to(url: &str, encoding: OtlpEncoding) -> Result<Self> {
        let (host, here) =
            host_of(url).ok_or_else(|| refuse("its address is no http or https address"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("botsmith-otlp")
            .enable_all()
            .build()
            .map_err(|error| refuse(format!("no thread can be made: {error}")))?;
        let failed = Arc::new(AtomicBool::new(false));
        let client = Client {
            inner: client(here).map_err(|error| refuse(error.message))?,
            handle: runtime.handle().clone(),
            failed: Arc::clone(&failed),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(match encoding {
                OtlpEncoding::Protobuf => Protocol::HttpBinary,
                OtlpEncoding::Json => Protocol::HttpJson,
            })
            .with_endpoint(whole(url))
            .build()
            .map_err(|_| refuse(format!("no exporter to `{host}` can be made")))?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("botsmith");
        }
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(exporter)
            .build();
        Ok(Self {
            provider,
            runtime: Some(runtime),
            failed,
        })
    }

    /// What takes spans in: for programs that bring other layers as well.
    pub fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("botsmith"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            // What sends spans makes spans too.
            .with_filter(filter_fn(|data| data.target().starts_with("botsmith")));
        tracing_subscriber::registry().with(layer)
    }

    /// Has all spans of this process sent.
    ///
    /// # Errors
    /// [`Error::Traces`] if something else takes them in already.
    pub fn install(&self) -> Result<()> {
        tracing::subscriber::set_global_default(self.subscriber())
            .map_err(|_| refuse("the spans of this process go somewhere else already"))
    }

    /// Sends what is left, for ten seconds at most.
    ///
    /// # Errors
    /// [`Error::Traces`] if the collector did not take it.
    pub fn end(mut self) -> Result<()> {
        let ended = self.provider.shutdown_with_timeout(END);
        self.leave();
        ended.map_err(|error| refuse(format!("some spans were not sent: {error}")))?;
        match self.failed.load(Ordering::Relaxed) {
            true => Err(refuse("the collector did not take the last spans")),
            false => Ok(()),
        }
    }

    fn leave(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        if self.runtime.is_some() {
            // Whoever wants to hear of it calls `end`.
            let _ = self.provider.shutdown_with_timeout(END);
            self.leave();
        }
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its address may hold a secret.
        f.debug_struct("Otlp").finish_non_exhaustive()
    }
}

fn refuse(reason: impl Into<String>) -> Error {
    Error::Traces {
        reason: reason.into(),
    }
}

/// The address that spans are posted to.
fn whole(url: &str) -> String {
    let url = url.trim_end_matches('/');
    match url.ends_with(PATH) {
        true => url.to_owned(),
        false => format!("{url}{PATH}"),
    }
}

/// The house's client, for those who wait on threads without a runtime.
struct Client {
    inner: reqwest::Client,
    handle: Handle,
    failed: Arc<AtomicBool>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

/// The largest answer that is read, in bytes: it says little.
const MOST: usize = 1 << 20;

async fn post(
    client: reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        body.extend_from_slice(&part);
        if body.len() > MOST {
            return Err(format!("an answer has more than {MOST} bytes").into());
        }
    }
    Ok(response.body(Bytes::from(body))?)
}

impl HttpClient for Client {
    // What the macro of the trait makes of an `async fn`.
    fn send_bytes<'a, 't>(
        &'a self,
        request: Request<Bytes>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 't>>
    where
        'a: 't,
        Self: 't,
    {
        let sent = self.handle.spawn(post(self.inner.clone(), request));
        Box::pin(async move {
            let answer = sent.await?;
            let taken = answer
                .as_ref()
                .is_ok_and(|answer| answer.status().is_success());
            self.failed.store(!taken, Ordering::Relaxed);
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_below_a_collectors_address_and_a_whole_one_stays() {
        for (given, wanted) in [
            ("http://h:4318", "http://h:4318/v1/traces"),
            ("http://h:4318/", "http://h:4318/v1/traces"),
            ("https://h/otel", "https://h/otel/v1/traces"),
            ("https://h/otel/v1/traces", "https://h/otel/v1/traces"),
        ] {
            assert_eq!(whole(given), wanted);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_quoted() {
        for bad in ["", "localhost", "ftp://h/x", "http://", "key=s3cret"] {
            let error = Otlp::to(bad, OtlpEncoding::Json).unwrap_err();
            assert_eq!(error.code(), "BS-FLOW-023");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        assert_eq!(OtlpEncoding::named("http/json"), Some(OtlpEncoding::Json));
        assert_eq!(OtlpEncoding::named("grpc"), None);
    }
}
