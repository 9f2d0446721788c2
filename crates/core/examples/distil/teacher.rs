//! The teacher: texts -> its vectors, each computed once and kept in a file; its vocabulary; its input embeddings.
//!
//! The file of the cache: records of 16 bytes (the beginning of the text's blake3) and the vector in f32, nothing else.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use botsmith_core::Vectors;
use botsmith_core::digest::Digest;
use botsmith_core::engine::{ComputeDevice, EmbedOptions, ModelFiles, SentenceEmbedder, Weights};

use crate::Failure;

/// Texts that the teacher embeds between two writings of the cache.
const CHUNK: usize = 2048;

pub(crate) struct Teacher {
    model: SentenceEmbedder,
    /// A row for each token of the model.
    inputs: Vec<Vec<f32>>,
    known: HashMap<[u8; 16], usize>,
    vectors: Vec<f32>,
    cache: File,
}

fn key(text: &str) -> [u8; 16] {
    let digest = Digest::of(text.as_bytes());
    digest.as_bytes()[..16].try_into().expect("16 of 32 bytes")
}

impl Teacher {
    pub(crate) fn open(model: &Path, cache: &Path) -> Result<Self, Failure> {
        let files = ModelFiles::open(model)?;
        let model = SentenceEmbedder::load(&files, &ComputeDevice::Cpu)?;
        let weights = Weights::open(&files, &ComputeDevice::Cpu)?;
        let name = "embeddings.word_embeddings.weight";
        let (_, shape) = weights
            .about(name)
            .ok_or("the teacher has no input embeddings")?;
        let shape = shape.to_vec();
        let inputs = weights.tensor(name, &shape)?.to_vec2::<f32>()?;
        let mut cache = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(cache)?;
        let mut bytes = Vec::new();
        cache.read_to_end(&mut bytes)?;
        let mut teacher = Self {
            inputs,
            known: HashMap::new(),
            vectors: Vec::new(),
            cache,
            model,
        };
        for record in bytes.chunks_exact(16 + 4 * teacher.width()) {
            let (key, vector) = record.split_at(16);
            teacher.keep(
                key.try_into()?,
                vector
                    .chunks_exact(4)
                    .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])),
            );
        }
        eprintln!("{} vectors of the teacher are known", teacher.known.len());
        Ok(teacher)
    }

    fn width(&self) -> usize {
        self.model.width()
    }

    fn keep(&mut self, key: [u8; 16], vector: impl Iterator<Item = f32>) {
        self.known.insert(key, self.vectors.len() / self.width());
        self.vectors.extend(vector);
    }

    /// The vectors of texts, each of length 1.
    pub(crate) fn embed(&mut self, texts: &[String]) -> Result<Vectors, Failure> {
        let mut missing: Vec<&String> = texts
            .iter()
            .filter(|text| !self.known.contains_key(&key(text)))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        let (begun, all) = (Instant::now(), missing.len());
        for (at, chunk) in missing.chunks(CHUNK).enumerate() {
            let vectors = self.model.embed(chunk, &EmbedOptions::default())?;
            let mut bytes = Vec::new();
            for (text, row) in chunk.iter().zip(vectors.rows()) {
                bytes.extend(key(text));
                bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
                self.keep(key(text), row.iter().copied());
            }
            self.cache.write_all(&bytes)?;
            let done = all.min((at + 1) * CHUNK);
            let rate = done as f64 / begun.elapsed().as_secs_f64();
            eprintln!("teacher: {done} of {all} texts, {rate:.0} a second");
        }
        let width = self.width();
        let rows = texts.iter().flat_map(|text| {
            let row = self.known[&key(text)] * width;
            self.vectors[row..row + width].iter().copied()
        });
        Ok(Vectors::from_rows(width, rows.collect()))
    }

    /// The tokens of the table: the teacher's, without special and unused ones.
    pub(crate) fn vocabulary(&self) -> Vec<String> {
        let tokenizer = self.model.encoder().tokenizer();
        (0..tokenizer.size())
            .filter_map(|id| tokenizer.token(id as u32))
            .filter(|token| !(token.starts_with('[') && token.ends_with(']') && token.len() > 2))
            .collect()
    }

    /// Each text as rows of `tokens`; what is not there is left out.
    pub(crate) fn ids(
        &self,
        texts: &[String],
        tokens: &[String],
    ) -> Result<Vec<Vec<u32>>, Failure> {
        let tokenizer = self.model.encoder().tokenizer();
        let mut rows = vec![None; tokenizer.size()];
        for (row, token) in tokens.iter().enumerate() {
            if let Some(id) = tokenizer.id(token) {
                rows[id as usize] = Some(row as u32);
            }
        }
        let limit = self.model.limit();
        texts
            .iter()
            .map(|text| {
                let ids = tokenizer.encode(text, false)?;
                let known = ids.iter().filter_map(|id| rows[*id as usize]);
                Ok(known.take(limit).collect())
            })
            .collect()
    }

    /// The mean of the teacher's input embeddings of a text.
    pub(crate) fn mean_of_inputs(&self, text: &str) -> Result<Vec<f32>, Failure> {
        let ids = self.model.encoder().tokenizer().encode(text, false)?;
        let mut sum = vec![0.0; self.inputs[0].len()];
        for id in ids {
            for (to, value) in sum.iter_mut().zip(&self.inputs[id as usize]) {
                *to += value;
            }
        }
        Ok(sum)
    }
}
