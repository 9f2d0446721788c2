//! The registry: names to kinds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{
    Kind, answers_question, bertscore, bleu, budget, choice, chrf, composite, contains,
    contains_many, context, counts, diversity, edit_distance, equals, fuzzy, gleu, instruction,
    json, judge, lemma_overlap, levenshtein, lexical_diversity, meteor, modality, mood,
    negation_flip, new_names, new_numbers, nli, number_equals, perplexity, person, pos_pattern,
    readability, regex, register, relevance, retrieval, rouge, self_bleu, similarity, squad, tense,
    ter, tool_calls, trajectory, voice, word_error,
};

/// Kinds by name. [`Registry::builtin`] has all that this crate brings; add your own with
/// [`Registry::register`].
#[derive(Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, Arc<dyn Kind>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kinds.keys()).finish()
    }
}

impl Registry {
    /// A registry without kinds.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A registry of all kinds that this crate brings.
    pub fn builtin() -> Self {
        let mut registry = Self::empty();
        for kind in [
            equals::KIND,
            contains::CONTAINS,
            contains::ICONTAINS,
            contains::STARTS_WITH,
            contains::ENDS_WITH,
            contains_many::ANY,
            contains_many::ALL,
            regex::KIND,
            number_equals::KIND,
            choice::KIND,
            json::IS_JSON,
            json::CONTAINS_JSON,
            json::JSON_SCHEMA,
            counts::LENGTH,
            counts::WORDS,
            counts::SENTENCES,
            counts::LINES,
            squad::EXACT_MATCH,
            squad::TOKEN_F1,
            levenshtein::KIND,
            retrieval::MRR,
            retrieval::NDCG,
            retrieval::MAP,
            retrieval::HIT,
            bleu::KIND,
            gleu::GLEU,
            gleu::NLTK_BLEU,
            diversity::DISTINCT,
            diversity::REPETITION,
            self_bleu::KIND,
            lexical_diversity::KIND,
            readability::KIND,
            register::KIND,
            chrf::KIND,
            ter::KIND,
            rouge::KIND,
            meteor::KIND,
            edit_distance::KIND,
            fuzzy::KIND,
            word_error::WER,
            word_error::MER,
            word_error::WIL,
            word_error::WIP,
            word_error::CER,
            tense::KIND,
            person::KIND,
            voice::KIND,
            mood::KIND,
            modality::KIND,
            lemma_overlap::KIND,
            budget::LATENCY,
            budget::COST,
            tool_calls::KIND,
            trajectory::KIND,
            new_numbers::KIND,
            new_names::KIND,
            negation_flip::KIND,
            answers_question::KIND,
            instruction::KIND,
            pos_pattern::KIND,
            similarity::KIND,
            bertscore::KIND,
            nli::KIND,
            relevance::KIND,
            context::RECALL,
            context::PRECISION,
            perplexity::KIND,
            judge::KIND,
            composite::ALL_OF,
            composite::ANY_OF,
            composite::NOT,
            composite::WEIGHTED,
        ] {
            registry.register(kind);
        }
        registry
    }

    /// Adds a kind; one of the same name is replaced.
    pub fn register(&mut self, kind: impl Kind + 'static) -> &mut Self {
        self.kinds.insert(kind.docs().name, Arc::new(kind));
        self
    }

    /// The kind of this name.
    pub fn get(&self, name: &str) -> Option<&dyn Kind> {
        self.kinds.get(name).map(AsRef::as_ref)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone + '_ {
        self.kinds.keys().copied()
    }

    /// All kinds, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &dyn Kind> {
        self.kinds.values().map(AsRef::as_ref)
    }
}
