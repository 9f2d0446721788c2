//! Forms -> their products in the convolution, kept between texts.
//!
//! Two places for each form, the older one is given up. What is kept is a pure function of the form,
//! so that answers do not depend on what was seen before. Forms longer than 31 bytes are not kept.

/// The longest form that is kept, in bytes.
const LONGEST: usize = 31;

/// What is kept of a form beside its product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    /// Its labels, from and to.
    pub(crate) choices: (u32, u32),
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
    /// Room for `sets` pairs of forms (a power of two), and one form that is not kept.
    pub(crate) fn new(sets: usize, width: usize) -> Self {
        Self {
            slots: vec![Slot::default(); sets * 2 + 1],
            older: vec![false; sets],
            // Pages of it are only taken once they are written to.
            products: vec![0; (sets * 2 + 1) * width],
            width,
        }
    }

    /// The slot of a form, filled by `fill` if it is new.
    #[inline]
    pub(crate) fn find(
        &mut self,
        hash: u64,
        form: &str,
        fill: impl FnOnce(&mut [i16]) -> Extra,
    ) -> usize {
        let bytes = form.as_bytes();
        let set = hash as usize & (self.older.len() - 1);
        if bytes.len() <= LONGEST {
            for way in 0..2 {
                let slot = &self.slots[set * 2 + way];
                if slot.hash == hash
                    && slot.length as usize == bytes.len()
                    && slot.form[..bytes.len()] == *bytes
                {
                    self.older[set] = way == 0;
                    return set * 2 + way;
                }
            }
        }
        let place = match bytes.len() <= LONGEST {
            true => {
                let way = self.older[set];
                self.older[set] = !way;
                set * 2 + usize::from(way)
            }
            false => self.slots.len() - 1,
        };
        let extra = fill(&mut self.products[place * self.width..][..self.width]);
        let slot = &mut self.slots[place];
        slot.extra = extra;
        if bytes.len() <= LONGEST {
            slot.hash = hash;
            slot.length = bytes.len() as u8;
            slot.form[..bytes.len()].copy_from_slice(bytes);
        }
        place
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
    fn a_form_is_filled_once_until_two_others_take_its_place() {
        let mut cache = Cache::new(1, 1);
        let mut filled = Vec::new();
        for form in [
            "a",
            "b",
            "a",
            "c",
            "a",
            "b",
            &"x".repeat(40),
            &"x".repeat(40),
        ] {
            let place = cache.find(7, form, |product| {
                filled.push(form.to_owned());
                product[0] = form.len() as i16;
                Extra {
                    choices: (form.len() as u32, 0),
                    ..Extra::default()
                }
            });
            assert_eq!(cache.product(place)[0] as usize, form.len());
            assert_eq!(cache.extra(place).choices.0 as usize, form.len());
        }
        let long = "x".repeat(40);
        assert_eq!(filled, ["a", "b", "c", "b", &long, &long]);
    }

    #[test]
    fn the_empty_slot_is_no_form() {
        let mut cache = Cache::new(1, 1);
        let mut filled = false;
        cache.find(0, "a", |_| {
            filled = true;
            Extra::default()
        });
        assert!(filled);
    }
}
