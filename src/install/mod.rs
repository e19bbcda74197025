//! How an extension gets into a machine: steps, jobs, retries, the ledger.
