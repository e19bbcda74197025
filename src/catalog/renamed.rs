//! Names of earlier documents that stand for something else today.

use crate::address::{Name, NameRule};

/// Each earlier name with today's; used only where no shelf has the earlier one.
const RENAMED: [(&str, &str); 2] = [
    ("claude-flow", "ruflo"),
    ("workspace-structure", "workspace-layout"),
];

/// Today's name of an extension, where it had another one.
pub(super) fn successor(name: &Name) -> Option<Name> {
    let (_, now) = RENAMED.iter().find(|(was, _)| *was == name.as_str())?;
    Name::parse(NameRule::Extension, now).ok()
}

#[cfg(test)]
mod tests {
    use super::{NameRule, RENAMED, successor};
    use crate::address::Name;

    #[test]
    fn every_name_is_one_and_leads_to_one_that_stays() {
        for (was, now) in RENAMED {
            let was = Name::parse(NameRule::Extension, was).unwrap();
            let found = successor(&was).unwrap();
            assert_eq!(found.as_str(), now);
            assert_eq!(successor(&found), None, "{now} is renamed again");
        }
    }
}
