//! What a decoder is like, in plain numbers: all that the graph needs to know of its architecture.

use super::super::config::Config;
use super::super::error::Result;
use super::super::kv::KvShape;
use super::rope::RopeKind;

/// The function between the two halves of a feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x / (1 + exp(-x))`.
    Silu,
    /// GELU by its approximation with tanh.
    GeluTanh,
    /// GELU by the error function.
    Gelu,
}

/// A decoder's numbers.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one way in which architectures differ"
)]
pub(crate) struct Shape {
    /// Width of a row between layers.
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    /// Heads of queries.
    pub(crate) heads: usize,
    /// Heads of keys and values; divides `heads`.
    pub(crate) kv_heads: usize,
    /// Numbers of one head.
    pub(crate) head_width: usize,
    pub(crate) intermediate: usize,
    pub(crate) vocabulary: usize,
    /// Tokens that a text may have.
    pub(crate) context: usize,
    pub(crate) epsilon: f64,
    pub(crate) activation: Activation,
    /// Output layer and embeddings are one table.
    pub(crate) tied: bool,
    /// Queries, keys and values come of one matrix, gate and up of another.
    pub(crate) fused: bool,
    /// Queries and keys are normalised head by head.
    pub(crate) head_norms: bool,
    /// Norms add one to their gain.
    pub(crate) gain_plus_one: bool,
    /// A norm stands after attention and feed-forward too.
    pub(crate) outer_norms: bool,
    /// Embeddings are multiplied by it.
    pub(crate) embedding_scale: f64,
    /// Products of queries and keys are multiplied by it.
    pub(crate) attention_scale: f32,
    pub(crate) attention_softcap: Option<f32>,
    pub(crate) final_softcap: Option<f32>,
    /// Tokens back that each layer sees, itself included; `None`: all.
    pub(crate) windows: Vec<Option<usize>>,
    /// Kinds of rotary positions.
    pub(crate) ropes: Vec<RopeKind>,
    /// Which of them each layer uses; `None`: no positions.
    pub(crate) rope_of: Vec<Option<usize>>,
}

/// More than any model has; what is read here decides how much memory is asked for.
const LAYERS: usize = 1024;
const WIDTH: usize = 1 << 18;
const VOCABULARY: usize = 1 << 22;
const CONTEXT: usize = 1 << 28;

impl Shape {
    /// What all architectures read alike: Llama's own names.
    ///
    /// # Errors
    /// Where a number is missing, out of range, or contradicts another.
    pub(super) fn base(config: &Config) -> Result<Self> {
        let hidden = config.count("hidden_size", 1..=WIDTH)?;
        let layers = config.count("num_hidden_layers", 1..=LAYERS)?;
        let heads = config.count("num_attention_heads", 1..=WIDTH)?;
        let kv_heads = config.count_or("num_key_value_heads", heads, 1..=heads)?;
        if !heads.is_multiple_of(kv_heads) {
            let message =
                format!("`num_key_value_heads` is {kv_heads}, which does not divide {heads} heads");
            return Err(config.error("num_key_value_heads", message));
        }
        let head_width = match config.get("head_dim") {
            Some(_) => config.count("head_dim", 2..=4096)?,
            None => hidden / heads,
        };
        if head_width < 2 || !head_width.is_multiple_of(2) {
            let message =
                format!("a head has {head_width} numbers, an even number from 2 is wanted");
            return Err(config.error("head_dim", message));
        }
        let activation = config.word(
            "hidden_act",
            &[
                ("silu", Activation::Silu),
                ("swish", Activation::Silu),
                ("gelu_pytorch_tanh", Activation::GeluTanh),
                ("gelu", Activation::Gelu),
            ],
        )?;
        let context = config.count_or("max_position_embeddings", 2048, 1..=CONTEXT)?;
        let rope = RopeKind::read(config, None, head_width, context, 10_000.0)?;
        Ok(Self {
            hidden,
            layers,
            heads,
            kv_heads,
            head_width,
            intermediate: config.count("intermediate_size", 1..=WIDTH)?,
            vocabulary: config.count("vocab_size", 1..=VOCABULARY)?,
            context,
            epsilon: config.number_or("rms_norm_eps", 1e-6, 0.0..=1.0)?,
            activation,
            tied: config.bool_or("tie_word_embeddings", false)?,
            fused: false,
            head_norms: false,
            gain_plus_one: false,
            outer_norms: false,
            embedding_scale: 1.0,
            attention_scale: (head_width as f32).powf(-0.5),
            attention_softcap: None,
            final_softcap: None,
            windows: vec![None; layers],
            ropes: vec![rope],
            rope_of: vec![Some(0); layers],
        })
    }

    /// The window that the configuration names, for layers that have one.
    pub(super) fn window(config: &Config) -> Result<Option<usize>> {
        match config.get("sliding_window") {
            None => Ok(None),
            Some(_) => config.count("sliding_window", 1..=CONTEXT).map(Some),
        }
    }

    /// Which layers have a window: `layer_types`, or what `usual` says where that is not given.
    pub(super) fn sliding(
        config: &Config,
        layers: usize,
        usual: impl Fn(usize) -> bool,
    ) -> Result<Vec<bool>> {
        let Some(types) = config.get("layer_types").and_then(|types| types.as_array()) else {
            return Ok((0..layers).map(usual).collect());
        };
        let words: Option<Vec<bool>> = types
            .iter()
            .map(|word| match word.as_str() {
                Some("sliding_attention") => Some(true),
                Some("full_attention") => Some(false),
                _ => None,
            })
            .collect();
        words.filter(|words| words.len() == layers).ok_or_else(|| {
            let message =
                format!("`layer_types` wants {layers} of `full_attention` and `sliding_attention`");
            config.error("layer_types", message)
        })
    }

    /// A softcap, where there is one.
    pub(super) fn softcap(config: &Config, key: &str) -> Result<Option<f32>> {
        match config.get(key) {
            None => Ok(None),
            Some(_) => Ok(Some(config.number(key, 1e-3..=1e6)? as f32)),
        }
    }

    /// What a block of keys and values holds.
    pub(crate) fn kv(&self) -> KvShape {
        KvShape {
            layers: self.layers,
            heads: self.kv_heads,
            width: self.head_width,
        }
    }
}

impl Activation {
    /// `activation(gate) * up`, number by number, in place of `gate`.
    pub(super) fn gate(self, gate: &mut [f32], up: &[f32]) {
        let each = |function: fn(f32) -> f32, gate: &mut [f32]| {
            for (gate, up) in gate.iter_mut().zip(up) {
                *gate = function(*gate) * up;
            }
        };
        match self {
            Self::Silu => {
                crate::engine::ops::widest(
                    #[inline(always)]
                    || super::attention::silu_times(gate, up),
                );
            }
            Self::GeluTanh => each(gelu_tanh, gate),
            Self::Gelu => each(gelu, gate),
        }
    }
}

fn gelu_tanh(x: f32) -> f32 {
    const FACTOR: f32 = 0.797_884_6; // sqrt(2 / pi)
    0.5 * x * (1.0 + (FACTOR * (x + 0.044_715 * x * x * x)).tanh())
}

fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}
