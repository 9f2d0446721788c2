//! What two sequences share at their ends, and position by position.

/// How many symbols both begin with.
pub(crate) fn prefix<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// How many symbols both end with.
pub(crate) fn postfix<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    a.iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count()
}

/// Both without what they share at their ends, and how long the shared beginning is.
pub(crate) fn trimmed<'a, T: PartialEq>(a: &'a [T], b: &'a [T]) -> (&'a [T], &'a [T], usize) {
    let begin = prefix(a, b);
    let (a, b) = (&a[begin..], &b[begin..]);
    let end = postfix(a, b);
    (&a[..a.len() - end], &b[..b.len() - end], begin)
}

/// Positions that differ; those that only the longer has count too.
pub(crate) fn hamming<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let different = a.iter().zip(b).filter(|(x, y)| x != y).count();
    different + a.len().abs_diff(b.len())
}
