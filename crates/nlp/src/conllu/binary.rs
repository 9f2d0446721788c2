//! What only CoNLL-U says of a document <-> the binary form of [`Doc`](crate::Doc).

use super::{Extras, Place};
use crate::doc::binary::{Read, Reader, Writer};

impl Extras {
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.string(&self.strings);
        writer.numbers(self.sentence_comment.iter().copied());
        for places in [&self.comments, &self.word_tail, &self.token_tail] {
            writer.numbers(places.iter().map(|place| place.start));
            writer.numbers(places.iter().map(|place| place.end));
        }
        writer.numbers(self.empty.iter().map(|node| node.0));
        writer.numbers(self.empty.iter().map(|node| node.1));
        writer.numbers(self.empty.iter().map(|node| node.2.start));
        writer.numbers(self.empty.iter().map(|node| node.2.end));
    }

    /// Reads them for a document of so many sentences, tokens and words.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        [sentences, tokens, words]: [usize; 3],
    ) -> Read<Self> {
        const BAD: &str = "what CoNLL-U says beside does not fit";
        let strings = reader.string()?.to_owned();
        if strings.contains('\n') {
            return Err(BAD);
        }
        // Each of them ends a line of CoNLL-U, whose reader takes a carriage return there for the line's end.
        let ends_a_line = |place: &Place| {
            strings
                .get(place.start as usize..place.end as usize)
                .is_some_and(|text| !text.ends_with('\r'))
        };
        let sentence_comment = reader.numbers()?;
        let mut places = || -> Read<Vec<Place>> {
            let (starts, ends) = (reader.numbers()?, reader.numbers()?);
            let places = starts.iter().zip(&ends);
            let places: Vec<_> = places.map(|(&start, &end)| Place { start, end }).collect();
            match starts.len() == ends.len() && places.iter().all(ends_a_line) {
                true => Ok(places),
                false => Err(BAD),
            }
        };
        let (comments, word_tail, token_tail) = (places()?, places()?, places()?);
        let (in_sentence, after) = (reader.numbers()?, reader.numbers()?);
        let (starts, ends) = (reader.numbers()?, reader.numbers()?);
        let empty: Vec<_> = in_sentence
            .iter()
            .zip(&after)
            .zip(starts.iter().zip(&ends))
            .map(|((&sentence, &after), (&start, &end))| (sentence, after, Place { start, end }))
            .collect();
        let fits = word_tail.len() == words
            && token_tail.len() == tokens
            && sentence_comment.len() == sentences + 1
            && sentence_comment.is_sorted()
            && sentence_comment
                .iter()
                .all(|at| *at as usize <= comments.len())
            && [after.len(), starts.len(), ends.len()] == [in_sentence.len(); 3]
            && empty.is_sorted_by_key(|node| node.0)
            && empty
                .iter()
                .all(|node| (node.0 as usize) < sentences && ends_a_line(&node.2));
        match fits {
            true => Ok(Self {
                strings,
                comments,
                sentence_comment,
                word_tail,
                token_tail,
                empty,
            }),
            false => Err(BAD),
        }
    }
}
