//! An answer that comes in parts.

use std::time::Duration;

use reqwest::Response;

use super::HttpError;

/// An answer that comes in parts; dropping it hangs up.
#[derive(Debug)]
pub struct HttpStream {
    /// The status.
    pub status: u16,
    answer: Response,
    patience: Duration,
}

impl HttpStream {
    pub(super) fn new(answer: Response, patience: Duration) -> Self {
        Self {
            status: answer.status().as_u16(),
            answer,
            patience,
        }
    }

    /// The next part; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, HttpError> {
        let part = tokio::time::timeout(self.patience, self.answer.chunk())
            .await
            .map_err(|_| HttpError::Silent(self.patience))?
            .map_err(HttpError::of)?;
        Ok(part.map(|part| part.to_vec()))
    }
}
