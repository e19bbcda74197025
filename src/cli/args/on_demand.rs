//! Options that the parser learns of when their command is typed.

use std::ops::Deref;

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

/// Options of one command, made known to the parser only where that command is typed or told about.
///
/// There are about a thousand of them: making all known takes nearly half of the instructions that
/// `--version` runs.
#[derive(Debug)]
pub(crate) struct OnDemand<T>(pub(crate) T);

impl<T> Deref for OnDemand<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: FromArgMatches> FromArgMatches for OnDemand<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Args> Args for OnDemand<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| described_as_before(command, T::augment_args))
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(|command| described_as_before(command, T::augment_args_for_update))
    }
}

/// Adds options to a command whose own words stay: the parser would take those of grouped options for it.
fn described_as_before(command: Command, add: fn(Command) -> Command) -> Command {
    let (about, long_about) = (
        command.get_about().cloned(),
        command.get_long_about().cloned(),
    );
    add(command)
        .about(Resettable::from(about))
        .long_about(Resettable::from(long_about))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Arguments;

    fn abouts(command: &Command, found: &mut Vec<(String, String)>) {
        for one in command.get_subcommands() {
            let about = one.get_about().map(ToString::to_string);
            found.push((one.get_name().to_owned(), about.unwrap_or_default()));
            abouts(one, found);
        }
    }

    #[test]
    fn commands_keep_their_own_words() {
        let unbuilt = Arguments::command();
        let mut built = Arguments::command();
        built.build();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        abouts(&unbuilt, &mut before);
        abouts(&built, &mut after);
        assert!(
            before.len() > 50,
            "there are more commands than {}",
            before.len()
        );
        assert_eq!(after, before);
    }

    #[test]
    fn the_parser_finds_nothing_wrong_with_any_command() {
        Arguments::command().debug_assert();
    }
}
