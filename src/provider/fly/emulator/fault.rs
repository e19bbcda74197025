//! What goes wrong on demand.

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// A web page instead of an answer.
    Page,
    /// An answer cut in the middle, after everything was done.
    Cut,
    /// A field of another type.
    WrongType,
    /// A status, and whether everything was done all the same.
    Status(u16, bool),
    /// No answer at all, after everything was done.
    Silence,
}

/// Something that goes wrong, so many times.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The method.
    pub(crate) method: String,
    /// What the path ends with or contains.
    pub(crate) path: String,
    /// What goes wrong.
    pub(crate) trouble: Trouble,
    /// How many times.
    pub(crate) times: usize,
    /// How many such requests it lets by first.
    pub(crate) after: usize,
}

/// The trouble a request meets, which then is used up by one.
pub(super) fn meet(faults: &mut [Fault], method: &str, path: &str) -> Option<Trouble> {
    let fault = faults
        .iter_mut()
        .find(|fault| fault.times > 0 && fault.method == method && path.contains(&fault.path))?;
    if fault.after > 0 {
        fault.after -= 1;
        return None;
    }
    fault.times -= 1;
    Some(fault.trouble.clone())
}
