//! The stable codes of this room's findings.

use crate::diagnostic::Code;

pub(super) const UNKNOWN_FIELD: Code = Code::new("config::unknown-field");
pub(super) const WRONG_TYPE: Code = Code::new("config::wrong-type");
pub(super) const INVALID_VALUE: Code = Code::new("config::invalid-value");
pub(super) const MISSING_FIELD: Code = Code::new("config::missing-field");
pub(super) const DUPLICATE_NAME: Code = Code::new("config::duplicate-name");
pub(super) const DUPLICATE_KEY: Code = Code::new("config::duplicate-key");
pub(super) const CONFLICT: Code = Code::new("config::conflict");
pub(super) const PORT_CLASH: Code = Code::new("config::port-clash");
pub(super) const UNKNOWN_MACHINE: Code = Code::new("config::unknown-machine");
pub(super) const DEPENDENCY_CYCLE: Code = Code::new("config::dependency-cycle");
pub(super) const MOVED_CYCLE: Code = Code::new("config::moved-cycle");
pub(super) const UNSUPPORTED_VERSION: Code = Code::new("config::unsupported-version");
pub(super) const NO_EFFECT: Code = Code::new("config::no-effect");
pub(super) const SYNTAX: Code = Code::new("config::syntax");
pub(super) const NOT_UTF8: Code = Code::new("config::not-utf8");
pub(super) const TOO_LARGE: Code = Code::new("config::too-large");
pub(super) const TOO_DEEP: Code = Code::new("config::too-deep");
pub(super) const TOO_MANY_FINDINGS: Code = Code::new("config::too-many-findings");
pub(super) const NOT_EDITABLE: Code = Code::new("config::not-editable");
