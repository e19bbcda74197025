//! A call of the Machines API as a value.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

/// How long a call that only looks, or makes one object, may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether a call changes anything, and so whether its failure may leave doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider::fly) enum Effect {
    /// It only looks, or repeating it does no harm.
    Reads,
    /// It makes or changes something.
    Acts,
}

/// What is counted together against Fly's limits, apart for each app or machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::provider::fly) enum Action {
    /// Pages of an organization, and what is known of the platform.
    Look,
    /// Looking at one machine.
    GetMachine,
    /// Looking at an app or what belongs to it.
    GetApp,
    /// Making an app.
    CreateApp,
    /// Deleting an app.
    DeleteApp,
    /// Giving an app an address.
    AssignAddress,
    /// Changing secrets.
    Secrets,
    /// Making a volume.
    CreateVolume,
    /// Changing a volume.
    UpdateVolume,
    /// Deleting a volume.
    DeleteVolume,
    /// Making a machine.
    CreateMachine,
    /// Changing a machine.
    UpdateMachine,
    /// Deleting a machine.
    DeleteMachine,
    /// Starting, stopping or suspending one.
    Power,
    /// Waiting for one.
    Wait,
    /// Taking, keeping or giving back the lease of one.
    Lease,
    /// Writing what is known of one.
    Metadata,
    /// Running a command in one.
    Exec,
}

/// What a call sends.
#[derive(Clone)]
pub(in crate::provider::fly) enum Body {
    /// Anything.
    Plain(Value),
    /// Values of secrets; wiped when dropped, shown to nobody.
    Secret(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => write!(f, "{value}"),
            Self::Secret(_) => f.write_str("(secret)"),
        }
    }
}

/// One call.
#[derive(Clone, Debug)]
pub(in crate::provider::fly) struct Call {
    /// What it counts as.
    pub(in crate::provider::fly) action: Action,
    /// The app or machine it counts for; empty where it is neither's.
    pub(in crate::provider::fly) subject: String,
    /// Whether its failure may leave doubt.
    pub(in crate::provider::fly) effect: Effect,
    /// What it does, as in "could not …".
    pub(in crate::provider::fly) doing: String,
    /// The method.
    pub(in crate::provider::fly) method: &'static str,
    /// The path below `/v1`.
    pub(in crate::provider::fly) path: String,
    /// The query.
    pub(in crate::provider::fly) query: Vec<(&'static str, String)>,
    /// The nonce of the lease under which it is done.
    pub(in crate::provider::fly) nonce: Option<String>,
    /// What it sends.
    pub(in crate::provider::fly) body: Option<Body>,
    /// How long it may take.
    pub(in crate::provider::fly) patience: Duration,
}

impl Call {
    fn new(action: Action, subject: &str, method: &'static str, path: String) -> Self {
        Self {
            action,
            subject: subject.to_owned(),
            effect: Effect::Acts,
            doing: String::new(),
            method,
            path,
            query: Vec::new(),
            nonce: None,
            body: None,
            patience: PATIENCE,
        }
    }

    /// A call that only looks.
    pub(super) fn get(action: Action, subject: &str, path: String) -> Self {
        Self {
            effect: Effect::Reads,
            ..Self::new(action, subject, "GET", path)
        }
    }

    /// A call that makes or changes something.
    pub(super) fn post(action: Action, subject: &str, path: String) -> Self {
        Self::new(action, subject, "POST", path)
    }

    /// A call that puts something.
    pub(super) fn put(action: Action, subject: &str, path: String) -> Self {
        Self::new(action, subject, "PUT", path)
    }

    /// A call that merges something in.
    pub(super) fn patch(action: Action, subject: &str, path: String) -> Self {
        Self::new(action, subject, "PATCH", path)
    }

    /// A call that deletes something; repeating it does no harm.
    pub(super) fn delete(action: Action, subject: &str, path: String) -> Self {
        Self::new(action, subject, "DELETE", path).repeatable()
    }

    /// The same, known to do no harm when repeated.
    pub(super) fn repeatable(mut self) -> Self {
        self.effect = Effect::Reads;
        self
    }

    /// The same with a body.
    pub(super) fn with(mut self, body: Value) -> Self {
        self.body = Some(Body::Plain(body));
        self
    }

    /// The same with one more word in its query.
    pub(super) fn query(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// The same, said in words.
    pub(super) fn doing(mut self, doing: impl Into<String>) -> Self {
        self.doing = doing.into();
        self
    }

    /// The same under a lease.
    pub(in crate::provider::fly) fn under(mut self, nonce: Option<&str>) -> Self {
        self.nonce = nonce.map(str::to_owned);
        self
    }

    /// The path and the query as they are sent.
    pub(in crate::provider::fly) fn target(&self) -> String {
        let mut target = format!("/v1{}", self.path);
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.push_str(&encoded(value));
        }
        target
    }

    /// The bytes of its body.
    pub(in crate::provider::fly) fn bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self.body.as_ref()? {
            Body::Plain(value) => Some(Zeroizing::new(value.to_string().into_bytes())),
            Body::Secret(bytes) => Some(bytes.clone()),
        }
    }
}

/// A text as part of a URL.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&crate::digest::hex(&[byte]).to_uppercase());
        }
    }
    out
}
