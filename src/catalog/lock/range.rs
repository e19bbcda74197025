//! Names of machines in a lock: those of a counted fleet as `dev-1..100`, so that one line says them.

use crate::address::{Name, NameRule};

/// From how many on names that are counted become a range.
const WORTH_A_RANGE: usize = 3;

/// The most machines a range may stand for.
const RANGE_MAX: u32 = 100_000;

/// Names as a lock writes them, sorted: numbers by their value.
pub(super) fn shorten(names: &[&Name]) -> Vec<String> {
    let mut parts: Vec<(&str, Option<u32>, &str)> = names
        .iter()
        .map(|name| {
            let (stem, number) = split(name.as_str());
            (stem, number, name.as_str())
        })
        .collect();
    parts.sort_unstable();
    let mut written = Vec::new();
    let mut rest = &parts[..];
    while let Some(((stem, number, whole), after)) = rest.split_first() {
        let mut run = 0;
        if let Some(first) = number {
            let follows = |(index, (other, n, _)): (usize, &(&str, Option<u32>, &str))| {
                let next = u32::try_from(index + 1)
                    .ok()
                    .and_then(|i| first.checked_add(i));
                *other == *stem && n.is_some() && *n == next
            };
            run = after
                .iter()
                .enumerate()
                .take_while(|one| follows(*one))
                .count();
        }
        if run + 1 >= WORTH_A_RANGE
            && let Some((_, Some(last), _)) = after.get(run - 1)
        {
            written.push(format!("{whole}..{last}"));
            rest = &after[run..];
        } else {
            written.push((*whole).to_owned());
            rest = after;
        }
    }
    written
}

/// The names that a lock's word stands for; none where it stands for none.
pub(super) fn names(word: &str) -> Option<Vec<Name>> {
    let parse = |text: &str| Name::parse(NameRule::Label, text).ok();
    let Some((first, last)) = word.split_once("..") else {
        return Some(vec![parse(word)?]);
    };
    let (stem, Some(from)) = split(first) else {
        return None;
    };
    let to: u32 = last
        .parse()
        .ok()
        .filter(|to: &u32| to.to_string() == last)?;
    if to < from || to - from >= RANGE_MAX {
        return None;
    }
    (from..=to).map(|n| parse(&format!("{stem}-{n}"))).collect()
}

/// A counted name's stem and number: `dev-12`, not `dev-012`.
fn split(name: &str) -> (&str, Option<u32>) {
    let counted = name.rsplit_once('-').and_then(|(stem, digits)| {
        let number: u32 = digits.parse().ok()?;
        (number.to_string() == digits && !stem.is_empty()).then_some((stem, number))
    });
    counted.map_or((name, None), |(stem, number)| (stem, Some(number)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counted_machines_are_one_line() {
        let all: Vec<Name> = [
            "web-9", "web-10", "web-11", "db", "web-1", "web-2", "a-01", "x-1-2",
        ]
        .iter()
        .map(|name| Name::parse(NameRule::Label, name).unwrap())
        .collect();
        let refs: Vec<&Name> = all.iter().collect();
        assert_eq!(
            shorten(&refs),
            ["a-01", "db", "web-1", "web-2", "web-9..11", "x-1-2"]
        );
        assert_eq!(names("web-9..11").unwrap().len(), 3);
        for wrong in [
            "web..3",
            "web-3..1",
            "web-1..01",
            "web-1..4000000000",
            "..",
            "Web",
            "web-1..2..3",
        ] {
            assert_eq!(names(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_set_of_names_comes_back(picked in prop::collection::btree_set("[ab](-[0-9]{1,2}){0,2}", 1..30)) {
            let all: Vec<Name> = picked.iter().map(|name| Name::parse(NameRule::Label, name).unwrap()).collect();
            let refs: Vec<&Name> = all.iter().collect();
            let mut back: Vec<Name> = shorten(&refs).iter().flat_map(|word| names(word).unwrap()).collect();
            back.sort();
            prop_assert_eq!(back, all);
        }
    }
}
