//! What a change is called and why it is made, in words.

use std::fmt;

use jiff::Timestamp;

use crate::address::{Address, Kind};
use crate::plan::{Action, Change, DriftKind, Order, Reason};
use crate::render::page::Tone;
use crate::render::text::clean;
use crate::state::Status;

/// The sign of an action, three columns wide, with its tone.
pub(in crate::render) fn symbol(action: Action) -> (&'static str, Tone) {
    match action {
        Action::NoOp => ("   ", Tone::Faint),
        Action::Create => ("  +", Tone::Good),
        Action::Update => ("  ~", Tone::Changed),
        Action::Replace(Order::DestroyFirst) => ("-/+", Tone::Bad),
        Action::Replace(Order::CreateFirst) => ("+/-", Tone::Bad),
        Action::Delete => ("  -", Tone::Bad),
        Action::Forget => ("  .", Tone::Moved),
        Action::Adopt => ("  >", Tone::Moved),
    }
}

/// The action as the legend explains it.
pub(in crate::render) fn legend(action: Action) -> &'static str {
    match action {
        Action::NoOp => "nothing",
        Action::Create => "create",
        Action::Update => "update in-place",
        Action::Replace(Order::DestroyFirst) => "destroy and then create replacement",
        Action::Replace(Order::CreateFirst) => "create replacement and then destroy",
        Action::Delete => "destroy",
        Action::Forget => "forget (drop from the state, leave it be)",
        Action::Adopt => "adopt (take under management as it is)",
    }
}

/// What happens to a resource, after its address.
pub(in crate::render) fn headline(change: &Change) -> &'static str {
    if is_retained(change) {
        return "will be kept";
    }
    let is_pin = change.address.kind().is_pin();
    match change.action {
        Action::NoOp if change.previous_address.is_some() => "will be renamed",
        Action::NoOp => "stays as it is",
        Action::Create if is_pin => "will be pinned",
        Action::Create => "will be created",
        Action::Update | Action::Replace(_) if is_pin => "will be pinned anew",
        Action::Update => "will be updated in-place",
        Action::Replace(_) => "must be replaced",
        Action::Delete if is_pin => "will be unpinned",
        Action::Delete => "will be destroyed",
        Action::Forget if change.reason == Some(Reason::LetGo) => "will no longer be managed",
        Action::Forget => "will be forgotten, not destroyed",
        Action::Adopt if change.is_import() => "will be imported",
        Action::Adopt => "will be adopted",
    }
}

/// Whether the change is that a volume outlives its machine.
pub(in crate::render) fn is_retained(change: &Change) -> bool {
    change.reason == Some(Reason::Retained)
}

/// Whether a plan shows the change.
pub(in crate::render) fn is_shown(change: &Change) -> bool {
    change.action.acts() || is_retained(change) || change.previous_address.is_some()
}

/// Why a change is made, where the fields or the action don't already say it.
pub(in crate::render) fn reason(change: &Change) -> Option<String> {
    let text = match change.reason.as_ref()? {
        Reason::New | Reason::Changed | Reason::Destroyed => return None,
        Reason::Missing => "it is recorded, but no longer there",
        Reason::Forced { path } => {
            return Some(format!("{} can't be changed in place", clean(path)));
        }
        Reason::Reinstalled => "its manifest has an older version removed first",
        Reason::ByHand => "its manifest leaves upgrades to a person",
        Reason::NeverUpgraded => "its manifest says that it is never upgraded",
        Reason::Tainted => "it was left half made, or is marked with `taint`",
        Reason::Partial => return Some(partial(change)),
        Reason::Broken { tools } => {
            let tools = clean(&tools.join(", ")).into_owned();
            return Some(format!(
                "what doesn't work any more is brought anew: {tools}"
            ));
        }
        Reason::Requested => "--replace asks for it",
        // A machine is replaced because of a network or volume also where that was gone.
        Reason::Parent(address) if matches!(address.kind(), Kind::Network | Kind::Volume) => {
            return Some(format!("because {address} is made anew"));
        }
        Reason::Parent(address) => return Some(format!("because {address} is replaced")),
        Reason::NewRoot => "its machine starts from a new root file system",
        Reason::ImageMoved => "its image now stands for another digest",
        Reason::NotWanted => "the configuration no longer asks for it",
        Reason::UnknownValue => "its value isn't known here; it is delivered if it differs",
        Reason::Retained => "with its content, after its machine is gone; --volumes destroys it",
        Reason::TakenAgain => "kept from an earlier machine, with its content",
        Reason::AlreadySo => "it stands as wanted already; only the record is behind",
        Reason::LetGo => "it stays where it stands, as `removed` asks",
        Reason::Imported { id } => return Some(format!("from {}", clean(id.as_str()))),
        Reason::FoundOurs => "it belongs to this project, but isn't recorded",
        Reason::Power => power(change),
        Reason::Unreadable => "its provider couldn't say how it stands",
    };
    Some(text.to_owned())
}

fn power(change: &Change) -> &'static str {
    let wanted = change
        .fields
        .iter()
        .find(|field| field.path == "power")
        .and_then(|field| match &field.after {
            crate::plan::After::Known(value) => value.as_str(),
            crate::plan::After::Unknown | crate::plan::After::Unset => None,
        });
    match wanted {
        Some("running") => "it doesn't run, but should",
        Some("stopped") => "it runs, but shouldn't",
        _ => "it runs or rests against the configuration",
    }
}

fn partial(change: &Change) -> String {
    let parts: Vec<String> = match change.recorded.as_deref().map(|object| &object.status) {
        Some(Status::Partial { failed }) => failed
            .iter()
            .map(|failure| clean(&failure.part).into_owned())
            .collect(),
        Some(Status::Ready | Status::Tainted | Status::Deleting | Status::Retained) | None => {
            Vec::new()
        }
    };
    if parts.is_empty() {
        "what failed last time is tried again".to_owned()
    } else {
        format!("what failed last time is tried again: {}", parts.join(", "))
    }
}

/// A stable word for a reason, for machines.
pub(in crate::render) fn reason_word(reason: &Reason) -> &'static str {
    match reason {
        Reason::New => "new",
        Reason::Missing => "missing",
        Reason::Changed => "changed",
        Reason::Forced { .. } => "forced",
        Reason::Reinstalled => "reinstalled",
        Reason::ByHand => "by-hand",
        Reason::NeverUpgraded => "never-upgraded",
        Reason::Tainted => "tainted",
        Reason::Partial => "partial",
        Reason::Broken { .. } => "broken",
        Reason::Requested => "requested",
        Reason::Parent(_) => "parent",
        Reason::NewRoot => "new-root",
        Reason::ImageMoved => "image-moved",
        Reason::NotWanted => "not-wanted",
        Reason::Destroyed => "destroyed",
        Reason::UnknownValue => "unknown-value",
        Reason::Retained => "retained",
        Reason::TakenAgain => "taken-again",
        Reason::AlreadySo => "already-so",
        Reason::LetGo => "let-go",
        Reason::Imported { .. } => "imported",
        Reason::FoundOurs => "found-ours",
        Reason::Power => "power",
        Reason::Unreadable => "unreadable",
    }
}

/// A stable word for an action, for machines.
pub(in crate::render) fn action_word(action: Action) -> &'static str {
    match action {
        Action::NoOp => "no-op",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace(Order::DestroyFirst) => "destroy-then-create",
        Action::Replace(Order::CreateFirst) => "create-then-destroy",
        Action::Delete => "delete",
        Action::Forget => "forget",
        Action::Adopt => "adopt",
    }
}

/// What happened to a drifted resource, after its address.
pub(in crate::render) fn drifted(kind: &DriftKind) -> String {
    match kind {
        DriftKind::Missing => "is gone".to_owned(),
        DriftKind::Ended(at) => format!("is gone: it {}", ended(*at)),
        DriftKind::Changed => "has changed".to_owned(),
        DriftKind::Exchanged => "is another object now".to_owned(),
        DriftKind::Broken(parts) if parts.len() == 1 => {
            "has a tool that doesn't work any more".to_owned()
        }
        DriftKind::Broken(_) => "has tools that don't work any more".to_owned(),
        DriftKind::Unreadable(why) => format!("couldn't be read ({})", clean(why)),
    }
}

/// When something came to its end, to the minute.
pub(in crate::render) fn ended(at: Timestamp) -> String {
    format!("ended {}", at.strftime("%Y-%m-%d %H:%M UTC"))
}

/// The opening of a block: `machine "dev"`, `volume "dev" "workspace"`.
pub(in crate::render) struct BlockTitle<'a>(pub(in crate::render) &'a Address);

impl fmt::Display for BlockTitle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind().as_str())?;
        match self.0 {
            Address::Network(name)
            | Address::Image(name)
            | Address::Gpu(name)
            | Address::Machine(name) => write!(f, " \"{name}\""),
            Address::Volume(machine, name)
            | Address::Secret(machine, name)
            | Address::Extension(machine, name) => write!(f, " \"{machine}\" \"{name}\""),
        }
    }
}

/// What an object has that only its making tells.
pub(in crate::render) fn known_after(change: &Change) -> Option<&'static str> {
    match change.address.kind() {
        Kind::Image => {
            let recorded = change.recorded.as_ref().map(|object| &object.spec);
            let spec = change.desired.as_ref().or(recorded)?;
            let provider = spec.provider()?;
            provider.identifies_images().then_some("imageId")
        }
        Kind::Network | Kind::Volume | Kind::Machine => Some("id"),
        Kind::Gpu | Kind::Secret | Kind::Extension => None,
    }
}
