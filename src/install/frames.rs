//! What our scripts print, taken apart: `@sindri WORDS… LENGTH`, then that many bytes.

/// The longest content a frame may announce; our scripts send less.
const LONGEST: usize = 16 << 20;

/// The longest header line that is looked at.
const HEADER: usize = 4096;

/// One piece of a script's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// What it is: `check`, `output`…
    pub(super) words: Vec<String>,
    /// Its content.
    pub(super) body: Vec<u8>,
}

/// Reads frames from chunks; lines between frames, as a login shell may print, are skipped.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: Vec<u8>,
    open: Option<(Vec<String>, usize)>,
}

impl Frames {
    /// Takes a chunk and gives out the frames it completes.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Vec<Frame> {
        self.held.extend_from_slice(chunk);
        let mut frames = Vec::new();
        let mut at = 0;
        loop {
            let rest = &self.held[at..];
            if let Some((words, length)) = self.open.take() {
                if rest.len() < length {
                    self.open = Some((words, length));
                    break;
                }
                let body = rest[..length].to_vec();
                frames.push(Frame { words, body });
                at += length;
                continue;
            }
            let Some(end) = rest.iter().position(|b| *b == b'\n') else {
                // A line this long is no header; its end will be skipped like the rest of it.
                if rest.len() > HEADER {
                    at = self.held.len();
                }
                break;
            };
            self.open = header(&rest[..end]);
            at += end + 1;
        }
        self.held.drain(..at);
        frames
    }
}

fn header(line: &[u8]) -> Option<(Vec<String>, usize)> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix("@sindri ")?;
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let length = words.pop()?.parse().ok().filter(|n| *n <= LONGEST)?;
    Some((words, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_come_whole_at_any_chunking(
            bodies in proptest::collection::vec(any::<Vec<u8>>(), 0..5),
            cut in 1..30usize,
        ) {
            let mut text = b"motd line\n".to_vec();
            for (index, body) in bodies.iter().enumerate() {
                text.extend(format!("@sindri output {index} {}\n", body.len()).bytes());
                text.extend(body);
                text.push(b'\n');
            }
            let mut reader = Frames::default();
            let frames: Vec<Frame> = text.chunks(cut).flat_map(|chunk| reader.push(chunk)).collect();
            prop_assert_eq!(frames.len(), bodies.len());
            for (index, (frame, body)) in frames.iter().zip(&bodies).enumerate() {
                prop_assert_eq!(&frame.words, &["output".to_owned(), index.to_string()]);
                prop_assert_eq!(&frame.body, body);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            Frames::default().push(&bytes);
        }
    }
}
