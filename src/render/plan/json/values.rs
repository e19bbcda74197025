//! Attributes as nested JSON, sensitive ones left out and marked instead.

use serde_json::{Map, Value};

use crate::plan::{After, FieldChange};
use crate::render::sensitive::is_sensitive;
use crate::resource::Attributes;

/// The members of one side of a change.
#[derive(Default)]
pub(super) struct Side {
    /// What may be read.
    pub(super) values: Map<String, Value>,
    /// What is left out: `true` at each sensitive path.
    pub(super) sensitive: Map<String, Value>,
    /// What isn't known yet: `true` at each such path.
    pub(super) unknown: Map<String, Value>,
}

impl Side {
    /// Takes attributes as they are.
    pub(super) fn of(attributes: Attributes) -> Self {
        let mut side = Self::default();
        for (path, value) in attributes.0 {
            side.set(&path, value);
        }
        side
    }

    /// The side before: recorded, with what was observed to differ.
    pub(super) fn before(attributes: Attributes, fields: &[FieldChange]) -> Self {
        let mut side = Self::of(attributes);
        for field in fields {
            match &field.before {
                Some(value) => side.set(&field.path, value.clone()),
                None => side.unset(&field.path),
            }
        }
        side
    }

    /// The side after: desired, with what only the plan knows.
    pub(super) fn after(attributes: Attributes, fields: &[FieldChange]) -> Self {
        let mut side = Self::of(attributes);
        for field in fields {
            match &field.after {
                After::Known(value) => side.set(&field.path, value.clone()),
                After::Unset => side.unset(&field.path),
                After::Unknown => side.set_unknown(&field.path),
            }
        }
        side
    }

    pub(super) fn set(&mut self, path: &str, value: Value) {
        if is_sensitive(path, Some(&value)) {
            remove(&mut self.values, path);
            insert(&mut self.sensitive, path, Value::Bool(true));
        } else {
            insert(&mut self.values, path, value);
        }
    }

    pub(super) fn set_unknown(&mut self, path: &str) {
        self.unset(path);
        insert(&mut self.unknown, path, Value::Bool(true));
        if is_sensitive(path, None) {
            insert(&mut self.sensitive, path, Value::Bool(true));
        }
    }

    fn unset(&mut self, path: &str) {
        remove(&mut self.values, path);
        remove(&mut self.sensitive, path);
    }
}

/// The members a path goes through: `docker.ports` → `docker`, `ports`.
pub(super) fn segments(path: &str) -> Vec<&str> {
    path.splitn(2, '.').collect()
}

fn insert(members: &mut Map<String, Value>, path: &str, value: Value) {
    if let Some((outer, inner)) = path.split_once('.') {
        let nested = members
            .entry(outer)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(nested) = nested {
            nested.insert(inner.to_owned(), value);
            return;
        }
    }
    members.insert(path.to_owned(), value);
}

fn remove(members: &mut Map<String, Value>, path: &str) {
    if let Some((outer, inner)) = path.split_once('.')
        && let Some(Value::Object(nested)) = members.get_mut(outer)
    {
        nested.remove(inner);
        return;
    }
    members.remove(path);
}
