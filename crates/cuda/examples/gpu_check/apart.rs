//! How far apart two lists of numbers are: the greatest distance, infinite where they cannot be held together.
//!
//! A number that is none, on either side, is infinitely far: `f64::max` would pass over it.

/// The greatest distance of two numbers at one place.
pub(crate) fn numbers<N: Copy + Into<f64>>(ours: &[N], theirs: &[N]) -> f64 {
    greatest(ours, theirs, |_| 1.0)
}

/// The same of logits, row by row: relative to those that are held against, where these are above 1.
pub(crate) fn logits(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f64 {
    match ours.len() == theirs.len() {
        true => (ours.iter().zip(theirs))
            .map(|(ours, theirs)| greatest(ours, theirs, |number| number.abs().max(1.0)))
            .fold(0.0, f64::max),
        false => f64::INFINITY,
    }
}

fn greatest<N: Copy + Into<f64>>(ours: &[N], theirs: &[N], unit: impl Fn(f64) -> f64) -> f64 {
    let distance = |(ours, theirs): (&N, &N)| {
        let (ours, theirs): (f64, f64) = ((*ours).into(), (*theirs).into());
        match ours.is_finite() && theirs.is_finite() {
            true => (ours - theirs).abs() / unit(theirs),
            false => f64::INFINITY,
        }
    };
    match ours.len() == theirs.len() && !ours.is_empty() {
        true => ours.iter().zip(theirs).map(distance).fold(0.0, f64::max),
        false => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_or_is_not_there_is_infinitely_far() {
        assert_eq!(numbers(&[1.0, -2.0], &[1.5, -4.0]), 2.0);
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(numbers(&[1.0, odd], &[1.0, 2.0]), f64::INFINITY);
            assert_eq!(numbers(&[1.0, 2.0], &[1.0, odd]), f64::INFINITY);
        }
        assert_eq!(numbers(&[1.0], &[1.0, 2.0]), f64::INFINITY);
        assert_eq!(numbers::<f64>(&[], &[]), f64::INFINITY);
        let rows = [vec![8.0_f32, 0.5], vec![0.0]];
        assert_eq!(logits(&rows, &[vec![16.0, 0.25], vec![0.0]]), 0.5);
        assert_eq!(
            logits(&rows, &[vec![8.0, f32::NAN], vec![0.0]]),
            f64::INFINITY
        );
        assert_eq!(logits(&rows, &rows[..1]), f64::INFINITY);
    }
}
