//! Forms -> their products in the convolution, kept between texts.
//!
//! Two places for each form, the older one is given up. What is kept is a pure function of the form,
//! so that answers do not depend on what was seen before. Forms longer than 31 bytes are not kept.
//! Nothing is given up between [`Cache::get`] and [`Cache::put`]: places that were got stay good.

/// The longest form that is kept, in bytes.
const LONGEST: usize = 31;

/// What is kept of a form beside its product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    /// Its labels, from and to.
    pub(crate) choices: (u32, u32),
    /// Where it has one label only: the script of its lemma.
    pub(crate) script: u16,
    /// Where it has one label only: whether that script gives the form itself.
    pub(crate) same: bool,
    /// Hashes of the lower-cased form and of its ending.
    pub(crate) lower: u64,
    pub(crate) ending: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u64,
    form: [u8; LONGEST],
    length: u8,
    extra: Extra,
}

/// The kept products.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    slots: Vec<Slot>,
    /// Which of two slots is given up next.
    older: Vec<bool>,
    products: Vec<i16>,
    width: usize,
}

impl Cache {
    /// Room for `sets` pairs of forms (a power of two).
    pub(crate) fn new(sets: usize, width: usize) -> Self {
        Self {
            slots: vec![Slot::default(); sets * 2],
            older: vec![false; sets],
            // Pages of it are only taken once they are written to.
            products: vec![0; sets * 2 * width],
            width,
        }
    }

    /// The place of a form, if it is kept.
    #[inline]
    pub(crate) fn get(&mut self, hash: u64, form: &str) -> Option<usize> {
        let bytes = form.as_bytes();
        let set = hash as usize & (self.older.len() - 1);
        for way in 0..2 {
            let slot = &self.slots[set * 2 + way];
            if slot.hash == hash
                && slot.length as usize == bytes.len()
                && slot.form[..bytes.len()] == *bytes
            {
                self.older[set] = way == 0;
                return Some(set * 2 + way);
            }
        }
        None
    }

    /// Keeps a form, if it is not too long.
    pub(crate) fn put(&mut self, hash: u64, form: &str, extra: Extra, product: &[i16]) {
        let bytes = form.as_bytes();
        if bytes.len() > LONGEST || self.get(hash, form).is_some() {
            return;
        }
        let set = hash as usize & (self.older.len() - 1);
        let way = self.older[set];
        self.older[set] = !way;
        let place = set * 2 + usize::from(way);
        let slot = &mut self.slots[place];
        slot.hash = hash;
        slot.length = bytes.len() as u8;
        slot.form[..bytes.len()].copy_from_slice(bytes);
        slot.extra = extra;
        self.products[place * self.width..][..self.width].copy_from_slice(product);
    }

    /// Looks at a product that will be read in pieces: from far memory it comes quicker at one go.
    pub(crate) fn touch(&self, place: usize) {
        let lines = self.product(place).iter().step_by(32);
        std::hint::black_box(lines.fold(0, |sum, value| sum ^ value));
    }

    pub(crate) fn product(&self, place: usize) -> &[i16] {
        &self.products[place * self.width..][..self.width]
    }

    pub(crate) fn extra(&self, place: usize) -> Extra {
        self.slots[place].extra
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_kept_until_two_others_take_its_place() {
        let mut cache = Cache::new(1, 1);
        let mut new = Vec::new();
        let long = "x".repeat(40);
        for form in ["a", "b", "a", "c", "a", "b", &long, &long] {
            let value = form.len() as i16;
            let extra = Extra {
                lower: form.len() as u64,
                ..Extra::default()
            };
            if cache.get(7, form).is_none() {
                new.push(form);
                cache.put(7, form, extra, &[value]);
            }
            if let Some(place) = cache.get(7, form) {
                assert_eq!(
                    (cache.product(place), cache.extra(place)),
                    (&[value][..], extra)
                );
            }
        }
        assert_eq!(new, ["a", "b", "c", "b", &long, &long]);
    }

    #[test]
    fn the_empty_slot_is_no_form() {
        assert_eq!(Cache::new(1, 1).get(0, "a"), None);
    }
}
