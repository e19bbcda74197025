//! `sindri.yaml`: what was typed, and what it means; the only reader of it.
