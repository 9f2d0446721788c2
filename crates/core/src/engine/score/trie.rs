//! Texts -> a tree of their tokens, each stretch that no two texts part in as one node.
//!
//! The last token of a text is never read: nothing is asked about what follows it. Equal texts share
//! all their nodes, and their rows.

use super::Scored;

/// The tree.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    roots: Vec<usize>,
}

/// A stretch of tokens: those of text `text` up to `end`, from its parent's end on.
#[derive(Debug)]
pub(super) struct Node {
    /// A text that runs through it.
    pub(super) text: usize,
    /// Where it ends, counted from the text's beginning.
    pub(super) end: usize,
    /// Rows in it of which the next token is scored, rising.
    pub(super) wants: Vec<Want>,
    /// Nodes that go on from its end.
    pub(super) children: Vec<usize>,
}

/// A row whose next token is scored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Want {
    /// The row: position of the token before the scored one.
    pub(super) row: usize,
    /// The texts that ask.
    pub(super) texts: Vec<usize>,
}

impl Trie {
    pub(super) fn new(texts: &[Scored]) -> Self {
        let mut order: Vec<usize> = (0..texts.len())
            .filter(|text| texts[*text].tokens.len() > texts[*text].first)
            .collect();
        order.sort_by(|a, b| read(&texts[*a]).cmp(read(&texts[*b])));
        let mut trie = Self {
            nodes: Vec::new(),
            roots: Vec::new(),
        };
        // Groups of texts that are equal up to `depth`, and the node that they go on from.
        let mut groups = vec![(order, 0, None)];
        while let Some((group, depth, parent)) = groups.pop() {
            let mut rest = group.as_slice();
            while let Some(first) = rest.first() {
                let token = read(&texts[*first]).get(depth);
                let same = rest
                    .iter()
                    .take_while(|text| read(&texts[**text]).get(depth) == token)
                    .count();
                let (part, others) = rest.split_at(same);
                rest = others;
                if token.is_none() {
                    continue;
                }
                // In sorted order the first and the last share what all share.
                let (low, high) = (read(&texts[part[0]]), read(&texts[part[same - 1]]));
                let end = low.iter().zip(high).take_while(|(a, b)| a == b).count();
                let node = trie.nodes.len();
                trie.nodes.push(Node {
                    text: part[0],
                    end,
                    wants: wants(texts, part, depth, end),
                    children: Vec::new(),
                });
                match parent {
                    Some(parent) => {
                        let parent: &mut Node = &mut trie.nodes[parent];
                        parent.children.push(node);
                    }
                    None => trie.roots.push(node),
                }
                groups.push((part.to_vec(), end, Some(node)));
            }
        }
        trie
    }

    pub(super) fn roots(&self) -> &[usize] {
        &self.roots
    }

    pub(super) fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// How many tokens of the beginning of `tokens` are in it.
    pub(super) fn common(&self, texts: &[Scored], tokens: &[u32]) -> usize {
        let mut depth = 0;
        let mut below = &self.roots;
        loop {
            let of = |node: &usize| &texts[self.nodes[*node].text].tokens[depth..];
            let Some(wanted) = tokens.get(depth) else {
                return depth;
            };
            let Some(node) = below.iter().find(|node| of(node)[0] == *wanted) else {
                return depth;
            };
            let about = &self.nodes[*node];
            let stretch = of(node)[..about.end - depth].iter();
            let same = stretch.zip(&tokens[depth..]).take_while(|(a, b)| a == b);
            depth += same.count();
            if depth < about.end {
                return depth;
            }
            below = &about.children;
        }
    }
}

/// The tokens of a text that have to be read.
fn read(text: &Scored) -> &[u32] {
    &text.tokens[..text.tokens.len() - 1]
}

fn wants(texts: &[Scored], part: &[usize], from: usize, end: usize) -> Vec<Want> {
    (from..end)
        .filter_map(|row| {
            let asks = |text: &&usize| {
                let text = &texts[**text];
                row + 1 >= text.first && row + 1 < text.tokens.len()
            };
            let texts: Vec<usize> = part.iter().filter(asks).copied().collect();
            (!texts.is_empty()).then_some(Want { row, texts })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(tokens: &[u32], first: usize) -> Scored {
        Scored {
            tokens: tokens.to_vec(),
            first,
        }
    }

    #[test]
    fn every_token_is_read_once_and_every_score_is_asked_for_once() {
        let texts = [
            text(&[1, 2, 3, 4], 3),
            text(&[1, 2, 3, 5], 3),
            text(&[1, 2, 6, 7, 8], 2),
            text(&[9, 9], 1),
            text(&[1, 2, 3, 4], 1),
            text(&[5], 1),
        ];
        let trie = Trie::new(&texts);
        let mut asked = 0;
        let mut read = 0;
        let mut stack: Vec<(usize, usize)> = trie.roots().iter().map(|root| (*root, 0)).collect();
        while let Some((node, start)) = stack.pop() {
            let node = trie.node(node);
            assert!(node.end > start);
            read += node.end - start;
            asked += node
                .wants
                .iter()
                .map(|want| want.texts.len())
                .sum::<usize>();
            stack.extend(node.children.iter().map(|child| (*child, node.end)));
        }
        // 1 2 | 3, 6 7 | 9
        assert_eq!(read, 6);
        let common = |tokens: &[u32]| trie.common(&texts, tokens);
        assert_eq!(common(&[1, 2, 3, 4]), 3, "the last token is not read");
        assert_eq!(common(&[1, 2, 6, 8]), 3);
        assert_eq!((common(&[1]), common(&[9, 9])), (1, 1));
        assert_eq!((common(&[]), common(&[5])), (0, 0));
        assert_eq!(asked, 1 + 1 + 3 + 1 + 3);
    }
}
