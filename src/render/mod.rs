//! Plan, drift, status and events as human text, JSON and Markdown; no I/O.
