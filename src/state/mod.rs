//! The state: model, format, journal entries, integrity; pure.
