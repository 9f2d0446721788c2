//! `--otlp`: spans of a command for an OpenTelemetry collector (feature `otlp`).
//!
//! The address is the flag's, else that of `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT`, as
//! `OpenTelemetry` defines them; without one nothing is sent. A build without the feature sends nothing.

use botsmith::eval::Result;

use super::args::Command;
use super::context::Context;

/// What is sent; nothing where nobody asked for it.
pub(super) struct Traces(#[cfg(feature = "otlp")] Option<botsmith::flow::Otlp>);

#[cfg(not(feature = "otlp"))]
impl Traces {
    #[allow(clippy::unnecessary_wraps, reason = "with the feature it can fail")]
    pub(super) fn start(_: &Context, _: &Command) -> Result<Self> {
        Ok(Self())
    }

    #[allow(
        clippy::unused_self,
        reason = "as in the build that has something to end"
    )]
    pub(super) fn end(self) {}
}

#[cfg(feature = "otlp")]
impl Traces {
    /// Begins to send, where the command is one that does and an address is there.
    pub(super) fn start(context: &Context, command: &Command) -> Result<Self> {
        use botsmith::eval::Error;
        use botsmith::flow::{Otlp, OtlpEncoding};

        let Some(tracing) = command.tracing() else {
            return Ok(Self(None));
        };
        let variable = |name: &str| {
            let value = context.environment.variables.get(name)?.to_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let address = tracing
            .otlp
            .clone()
            .or_else(|| variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
            .or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT"));
        let Some(address) = address else {
            return Ok(Self(None));
        };
        let protocol = variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
            .or_else(|| variable("OTEL_EXPORTER_OTLP_PROTOCOL"));
        let encoding = match protocol {
            None => OtlpEncoding::default(),
            Some(name) => OtlpEncoding::named(&name).ok_or_else(|| {
                Error::Invalid(format!(
                    "OTEL_EXPORTER_OTLP_PROTOCOL is `{name}`: `http/protobuf` or `http/json` is wanted"
                ))
            })?,
        };
        let otlp = Otlp::to(&address, encoding)?;
        otlp.install()?;
        Ok(Self(Some(otlp)))
    }

    /// Sends what is left. That a collector is away is no failure of the command.
    pub(super) fn end(self) {
        if let Some(Err(error)) = self.0.map(botsmith::flow::Otlp::end) {
            super::output::note(&format!("warning[{}]: {error}", error.code()));
        }
    }
}
