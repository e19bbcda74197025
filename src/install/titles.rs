//! What the steps of a job are called, so that its output can be told apart by tool.

use std::collections::BTreeMap;

/// What one step is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Title {
    /// Its number among the steps that bring a tool, from 1; none for what runs around them.
    pub(super) number: Option<usize>,
    /// The tool, or what is done.
    pub(super) tool: String,
    /// How.
    pub(super) method: String,
}

/// The titles of a job's steps, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Titles {
    by_id: BTreeMap<String, Title>,
    total: usize,
}

impl Titles {
    /// Adds a step that brings a tool.
    pub(super) fn tool(&mut self, id: &str, tool: &str, method: &str) {
        self.total += 1;
        self.add(id, Some(self.total), tool, method);
    }

    /// Adds a step that runs around the others.
    pub(super) fn around(&mut self, id: &str, what: &str, method: &str) {
        self.add(id, None, what, method);
    }

    fn add(&mut self, id: &str, number: Option<usize>, tool: &str, method: &str) {
        let title = Title {
            number,
            tool: tool.to_owned(),
            method: method.to_owned(),
        };
        self.by_id.insert(id.to_owned(), title);
    }

    /// What a step is called.
    pub(super) fn get(&self, id: &str) -> Option<&Title> {
        self.by_id.get(id)
    }

    /// How many steps bring a tool.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// As lines of a file in the job's folder: id, number, method, tool.
    pub(super) fn to_text(&self) -> String {
        let line = |(id, title): (&String, &Title)| {
            let number = title.number.unwrap_or(0);
            let tool = title.tool.replace(char::is_control, " ");
            format!("{id}\t{number}\t{}\t{tool}\n", title.method)
        };
        self.by_id.iter().map(line).collect()
    }

    /// Reads such a file; a line that is none is skipped.
    pub(super) fn from_text(text: &str) -> Self {
        let mut titles = Self::default();
        for line in text.lines() {
            let mut parts = line.splitn(4, '\t');
            if let (Some(id), Some(number), Some(method), Some(tool)) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            {
                let number = number.parse().ok().filter(|number| *number > 0);
                titles.total += usize::from(number.is_some());
                titles.add(id, number, tool, method);
            }
        }
        titles
    }
}

#[cfg(test)]
mod tests {
    use super::Titles;

    #[test]
    fn titles_survive_their_file() {
        let mut titles = Titles::default();
        titles.around("configure", "configuration", "configure");
        titles.tool("2", "a tool of two words", "npm");
        titles.tool("10", "x", "script");
        assert_eq!(Titles::from_text(&titles.to_text()), titles);
        assert_eq!(titles.total(), 2);
        assert_eq!(Titles::from_text("nothing\nof it\n"), Titles::default());
    }
}
