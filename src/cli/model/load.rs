//! The decoder that a command names, loaded.

use botsmith::core::engine::{Device, LoadOptions, LocalModel};
use botsmith::eval::{Error, Result};

use super::Decoder;
use crate::cli::context::Context;

pub(super) fn decoder(context: &Context, args: &Decoder) -> Result<LocalModel> {
    let files = super::files(context, &args.model)?;
    let mut options = LoadOptions::default();
    options.device = super::engine(args.device.parse::<Device>())?;
    options.kv_bytes = args.kv.as_deref().map(size).transpose()?;
    options.context = args.context;
    Ok(super::engine(LocalModel::load_files(&files, &options))?)
}

/// `512MB`, `2GB`, or bytes.
fn size(text: &str) -> Result<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text[digits.len()..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" => 1_000,
        "M" | "MB" => 1_000_000,
        "G" | "GB" => 1_000_000_000,
        "KIB" => 1 << 10,
        "MIB" => 1 << 20,
        "GIB" => 1 << 30,
        _ => 0,
    };
    let number = digits.parse::<u64>().ok().filter(|_| unit > 0);
    let bytes = number.and_then(|number| number.checked_mul(unit));
    bytes.ok_or_else(|| {
        Error::Invalid(format!(
            "--kv {text}: a size such as `512MB` or `2GB` is wanted"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_with_their_unit() {
        for (text, wanted) in [
            ("512MB", 512_000_000),
            ("2 gb", 2_000_000_000),
            ("7", 7),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(size(text).expect(text), wanted);
        }
        for text in ["", "MB", "2 XB", "-1", "99999999999999GB"] {
            size(text).expect_err(text);
        }
    }
}
