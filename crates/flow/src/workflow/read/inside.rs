//! What stands in a step of kind `map` or `loop` -> the step inside, and how often it runs.

use std::collections::BTreeSet;

use botsmith_core::yaml::Fields;

use super::keys::{count, variable};
use super::{DEPTH, Reader, Spot};
use crate::Result;
use crate::workflow::kind::Type;
use crate::workflow::text::Texts;
use crate::workflow::{Each, Repeat, Step, check, sorted};

impl Reader<'_> {
    /// Reads what `map` does.
    pub(super) fn each(
        &self,
        fields: &Fields<'_>,
        spot: Spot,
        texts: &mut Texts<'_>,
    ) -> Result<Each> {
        let over = fields.required("over")?;
        texts.value(&over, Type::List, false)?;
        let item = match fields.get("item") {
            None => "item".to_owned(),
            Some(at) => variable(&at)?,
        };
        let max_parallel = fields
            .get("max-parallel")
            .map(|at| count(&at))
            .transpose()?;
        let step = self.inner(fields, spot, texts, &[&item, "index"])?;
        Ok(Each {
            over: sorted(over.node().to_json()),
            item,
            max_parallel,
            step: Box::new(step),
        })
    }

    /// Reads what `loop` does.
    pub(super) fn repeat(
        &self,
        fields: &Fields<'_>,
        spot: Spot,
        texts: &mut Texts<'_>,
    ) -> Result<Repeat> {
        let at_most = count(&fields.required("at-most")?)?;
        let until = fields.required("until")?;
        let names = texts.names.len();
        texts
            .names
            .extend(["output".to_owned(), "iteration".to_owned()]);
        let condition = texts.expression(&until)?;
        texts.names.truncate(names);
        let step = self.inner(fields, spot, texts, &["iteration", "previous"])?;
        Ok(Repeat {
            until: condition.text,
            at_most,
            step: Box::new(step),
        })
    }

    /// The step inside `map` or `loop`. What it reads is what the step around it needs.
    fn inner(
        &self,
        fields: &Fields<'_>,
        spot: Spot,
        texts: &mut Texts<'_>,
        names: &[&str],
    ) -> Result<Step> {
        let at = fields.required("step")?;
        let deep = if let Spot::Inside(deep) = spot {
            deep + 1
        } else {
            1
        };
        if deep > DEPTH {
            return Err(at
                .error(format!("steps stand at most {DEPTH} deep in steps"))
                .into());
        }
        let before = texts.names.len();
        texts
            .names
            .extend(names.iter().map(|name| (*name).to_owned()));
        let mut never = None;
        let step = self.step(&at, Spot::Inside(deep), texts, &mut never);
        texts.names.truncate(before);
        if let Some((place, why)) = never {
            return Err(check::unreachable(at.source(), &place, "the step inside", why).into());
        }
        Ok(Step {
            needs: BTreeSet::new(),
            ..step?
        })
    }
}
