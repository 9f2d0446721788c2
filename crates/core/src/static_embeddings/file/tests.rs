//! Files that are whole, damaged, contradictory and coarse.

use super::*;

fn table() -> Vec<u8> {
    let vectors = Vectors::from_rows(2, vec![1.0, 0.0, 0.0, 2.0, -0.5, 0.5]);
    write(&["cat", "##s", "é"], &vectors, "a test").unwrap()
}

#[test]
fn what_is_written_is_read() {
    let bytes = table();
    let layout = Layout::read(&bytes).unwrap();
    assert_eq!((layout.width, layout.tokens, layout.longest), (2, 3, 3));
    assert_eq!(layout.about(&bytes), "a test");
    assert_eq!(layout.find(&bytes, b"cat", false), Some(0));
    assert_eq!(layout.find(&bytes, b"s", true), Some(1));
    assert_eq!(layout.find(&bytes, b"s", false), None);
    assert_eq!(layout.find(&bytes, b"cat", true), None);
    assert_eq!(layout.token(&bytes, 2), "é");
    let mut sum = [0.0; 2];
    layout.add(&bytes, 1, &mut sum);
    layout.add(&bytes, 2, &mut sum);
    assert!(
        (sum[0] + 0.5).abs() < 1e-2 && (sum[1] - 2.5).abs() < 2e-2,
        "{sum:?}"
    );
}

#[test]
fn a_coarser_table_keeps_tokens_and_largest_values_and_rounds_the_rest() {
    let values = vec![1.0, -0.26, 0.0, 1e-20, -3e17, 2e17];
    let vectors = Vectors::from_rows(2, values.clone());
    let fine = write(&["cat", "##s", "é"], &vectors, "a test").unwrap();
    let layout = Layout::read(&fine).unwrap();
    for most in [1, 7, 31] {
        let coarse = layout.coarser(&fine, most);
        assert_eq!(Layout::read(&coarse).unwrap(), layout);
        assert_eq!(layout.token(&coarse, 2), "é");
        assert_eq!(
            coarse,
            layout.coarser(&coarse, most),
            "it is coarse already"
        );
        for (id, wanted) in values.chunks(2).enumerate() {
            let mut row = [0.0; 2];
            layout.add(&coarse, id, &mut row);
            let largest = wanted[0].abs().max(wanted[1].abs());
            for (wanted, found) in wanted.iter().zip(row) {
                let off = (wanted - found).abs() / largest;
                assert!(off <= 0.51 / f32::from(most) + 0.005, "{wanted} is {found}");
            }
            assert!(row.iter().any(|x| (x.abs() / largest - 1.0).abs() < 1e-5));
        }
    }
    assert_eq!(fine, layout.coarser(&fine, 127));
    let huge = Vectors::from_rows(1, vec![1e20]);
    let huge = write(&["huge"], &huge, "").unwrap();
    let layout = Layout::read(&huge).unwrap();
    assert!(Layout::read(&layout.coarser(&huge, 1)).is_ok());
}

#[test]
fn a_file_that_is_not_whole_says_what_does_not_hold() {
    let whole = table();
    // Every byte counts, those between the sections too.
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        assert!(Layout::read(&bytes).is_err(), "byte {at}");
    }
    for end in 0..whole.len() {
        assert!(Layout::read(&whole[..end]).is_err(), "cut at {end}");
    }
    let mut long = whole.clone();
    long.push(0);
    assert!(Layout::read(&long).unwrap_err().contains("calls for"));
    // Sizes that no file has are refused before anything is looked up or added.
    for field in [12, 16, 20, 24, 28] {
        for size in [0, u32::MAX / 2, u32::MAX] {
            let mut bytes = whole.clone();
            bytes[field..field + 4].copy_from_slice(&size.to_le_bytes());
            assert!(Layout::read(&bytes).is_err(), "{size} at {field}");
        }
    }
}

#[test]
fn sections_with_a_right_checksum_are_still_held_against_each_other() {
    let whole = table();
    let layout = Layout::read(&whole).unwrap();
    let wrong: [(usize, &[u8], &str); 6] = [
        (layout.scales, &f32::NAN.to_le_bytes(), "scale"),
        (layout.scales, &1e30_f32.to_le_bytes(), "scale"),
        (layout.ends, &u32::MAX.to_le_bytes(), "ends at"),
        (layout.ends, &0_u32.to_le_bytes(), "ends at"),
        (layout.text, &[0xff], "UTF-8"),
        (
            layout.slots,
            &[9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0],
            "slot",
        ),
    ];
    for (at, with, said) in wrong {
        let mut bytes = whole.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        let sum = checksum(&bytes);
        bytes[32..HEADER].copy_from_slice(&sum);
        let error = Layout::read(&bytes).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn tokens_and_vectors_that_make_no_table_are_refused() {
    let two = || Vectors::from_rows(1, vec![1.0, 2.0]);
    for (tokens, vectors, said) in [
        (&["a"][..], two(), "2 vectors for 1 tokens"),
        (&["a", "a"][..], two(), "twice"),
        (&["a", ""][..], two(), "empty"),
        (
            &["a", "b"][..],
            Vectors::from_rows(1, vec![1.0, f32::NAN]),
            "finite",
        ),
        (&[][..], Vectors::from_rows(1, vec![]), "0 tokens"),
    ] {
        let error = write(tokens, &vectors, "").unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}
