//! The fixtures of the engine are small: a clone of the repository is not made of them. What the table of token vectors
//! is tested with (47 kB) is no model's and not counted.

use std::path::Path;

fn size(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).expect("a folder");
    let each = entries.map(|entry| {
        let entry = entry.expect("an entry");
        let about = entry.metadata().expect("metadata");
        if about.is_dir() {
            size(&entry.path())
        } else {
            about.len()
        }
    });
    each.sum()
}

#[test]
fn fixtures_stay_under_two_megabytes() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let chats = ["decoder/chats.json", "decoder/chat-strings.json"]
        .map(|file| std::fs::metadata(tests.join(file)).expect("chats").len());
    let all = size(&tests.join("engine/models")) + chats.iter().sum::<u64>();
    assert!(all < 2_000_000, "{all} bytes");
}
