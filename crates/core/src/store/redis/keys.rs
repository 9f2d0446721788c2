//! Which keys a store uses.
//!
//! Partitions are spread over buckets by the hash of their names, blobs by their digests. All keys
//! of a bucket carry its hash tag and so lie on one server of a cluster, where one script may
//! change them together. No name holds a control character, so a line feed keeps two apart.
//!
//! | key | holds |
//! |---|---|
//! | `{NS}:meta` | hash: schema, buckets |
//! | `{NS:pNN}:v` | the last version given in the bucket |
//! | `{NS:pNN}:names` | sorted set: the bucket's partitions |
//! | `{NS:pNN}:c:LANE` | the last call of a lane; goes after ten minutes |
//! | `{NS:pNN}:k:PARTITION` | hash: record key to `VERSION VALUE` |
//! | `{NS:pNN}:n:PARTITION` | sorted set: record keys |
//! | `{NS:pNN}:s:PARTITION` | set: the partition's keys of the next two kinds |
//! | `{NS:pNN}:l:PARTITION\nLOG` | list: entries of a log |
//! | `{NS:pNN}:d:PARTITION\nINDEX` | sorted set: members by due time |
//! | `{NS:bNN}:b:DIGEST` | a blob's content |
//! | `{NS:bNN}:n` | sorted set: digests |
//! | `{NS:bNN}:m` | hash: digest to `SIZE PUT_AT` |

use crate::digest::Digest;

/// The layout that this build writes.
pub(super) const SCHEMA: i64 = 1;

/// How many buckets a new store gets.
pub(super) const BUCKETS: u64 = 16;

/// The keys of one store.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) namespace: String,
    pub(super) buckets: u64,
}

/// The keys of one partition.
pub(super) struct Part {
    tag: String,
    name: String,
}

impl Keys {
    pub(super) fn meta(&self) -> String {
        format!("{{{}}}:meta", self.namespace)
    }

    pub(super) fn part(&self, partition: &str) -> Part {
        let hash = Digest::of(partition.as_bytes());
        let head = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes"));
        Part {
            tag: self.tag('p', head % self.buckets),
            name: partition.to_owned(),
        }
    }

    /// The sorted sets of partition names, one a bucket.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        (0..self.buckets).map(|bucket| format!("{}:names", self.tag('p', bucket)))
    }

    /// The keys of a blob: content, digests, sizes and times.
    pub(super) fn blob(&self, digest: &Digest) -> [String; 3] {
        let bucket = self.blob_bucket(digest);
        let [digests, sizes] = self.blobs(bucket);
        [
            format!("{}:b:{digest}", self.tag('b', bucket)),
            digests,
            sizes,
        ]
    }

    /// The keys of a bucket of blobs: digests, sizes and times.
    pub(super) fn blobs(&self, bucket: u64) -> [String; 2] {
        let tag = self.tag('b', bucket);
        [format!("{tag}:n"), format!("{tag}:m")]
    }

    /// Rises with the digest, so that bucket after bucket lists digests in order.
    pub(super) fn blob_bucket(&self, digest: &Digest) -> u64 {
        u64::from(digest.as_bytes()[0]) * self.buckets / 256
    }

    fn tag(&self, kind: char, bucket: u64) -> String {
        format!("{{{}:{kind}{bucket:02}}}", self.namespace)
    }
}

impl Part {
    pub(super) fn versions(&self) -> String {
        format!("{}:v", self.tag)
    }

    pub(super) fn names(&self) -> String {
        format!("{}:names", self.tag)
    }

    pub(super) fn lane(&self, lane: &str) -> String {
        format!("{}:c:{lane}", self.tag)
    }

    pub(super) fn records(&self) -> String {
        format!("{}:k:{}", self.tag, self.name)
    }

    pub(super) fn record_keys(&self) -> String {
        format!("{}:n:{}", self.tag, self.name)
    }

    pub(super) fn others(&self) -> String {
        format!("{}:s:{}", self.tag, self.name)
    }

    pub(super) fn log(&self, log: &str) -> String {
        format!("{}:l:{}\n{log}", self.tag, self.name)
    }

    pub(super) fn due(&self, index: &str) -> String {
        format!("{}:d:{}\n{index}", self.tag, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_braces_do_not_move_the_hash_tag() {
        let keys = Keys {
            namespace: "ns".to_owned(),
            buckets: 16,
        };
        let part = keys.part("}{run}");
        let tag = part.names().split(":names").next().unwrap().to_owned();
        for key in [
            part.records(),
            part.log("{x}"),
            part.due("}"),
            part.lane("0f"),
        ] {
            assert!(key.starts_with(&tag), "{key}");
            assert_eq!(key.find('}'), tag.find('}'), "{key}");
        }
    }
}
