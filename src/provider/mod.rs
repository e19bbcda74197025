//! The provider contract, and one folder for each provider.
