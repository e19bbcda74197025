//! An image that is built and pushed, as lines for machines.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event_json::Log;

/// A step of the Dockerfile that begins; `number` of `of`, from 1.
pub fn image_step_event_json(number: u64, of: u64, text: &str, timestamp: Timestamp) -> String {
    let message = format!("step {number} of {of}: {text}");
    let step = json!({"number": number, "of": of, "text": text});
    one("image_step", &message, json!({"step": step}), timestamp)
}

/// A line that a step printed.
pub fn image_output_event_json(line: &str, timestamp: Timestamp) -> String {
    one("image_output", line, json!({"line": line}), timestamp)
}

/// How many bytes have come from a registry, or gone to one.
pub fn image_moved_event_json(
    text: &str,
    share: Option<(u64, u64)>,
    timestamp: Timestamp,
) -> String {
    let (done, total) = share.unzip();
    let members = json!({"done": done, "total": total});
    one("image_moved", text, members, timestamp)
}

/// The image that was built, as `sindri image build` describes it.
pub fn image_complete_event_json(text: &str, image: &Value, timestamp: Timestamp) -> String {
    one("image_complete", text, json!({"image": image}), timestamp)
}

fn one(kind: &str, message: &str, members: Value, timestamp: Timestamp) -> String {
    let mut log = Log::at(timestamp);
    log.line("info", message, kind, members);
    log.text
}
