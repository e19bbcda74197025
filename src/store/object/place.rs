//! Which bucket, and how it is reached; credentials only from the environment.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::store::StoreError;
use crate::sys::Environment;
use crate::sys::http::choose_cryptography;

/// How long one request may take, its retries not counted.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Whose protocol a bucket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectProtocol {
    /// Amazon S3, and the many that speak it.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

/// A prefix in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPlace {
    /// Whose protocol it speaks.
    pub protocol: ObjectProtocol,
    /// The bucket; for Azure, the container.
    pub bucket: String,
    /// Where in it, without slashes at its ends; may be empty.
    pub prefix: String,
    /// Another server than the protocol's own.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
}

impl ObjectPlace {
    /// Its address, as people write it; never with credentials.
    pub fn address(&self) -> String {
        let scheme = match self.protocol {
            ObjectProtocol::S3 => "s3",
            ObjectProtocol::Gcs => "gs",
            ObjectProtocol::Azure => "az",
        };
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("{scheme}://{}{slash}{}", self.bucket, self.prefix)
    }

    /// The client that reaches it, with credentials from the environment.
    pub(in crate::store) fn client(
        &self,
        environment: &Environment,
    ) -> Result<Arc<dyn ObjectStore>, StoreError> {
        choose_cryptography();
        let plain = self
            .endpoint
            .as_ref()
            .is_some_and(|e| e.starts_with("http://"));
        let options = ClientOptions::new()
            .with_timeout(PATIENCE)
            .with_connect_timeout(CONNECT)
            .with_allow_http(plain);
        // What is safe to repeat is repeated by the client; what isn't, by us, who look first.
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: 3,
            retry_timeout: Duration::from_secs(30),
        };
        let built = match self.protocol {
            ObjectProtocol::S3 => self.s3(environment, options, retry),
            ObjectProtocol::Gcs => self.gcs(environment, options, retry),
            ObjectProtocol::Azure => self.azure(environment, options, retry),
        };
        built.map_err(|error| StoreError::Denied {
            store: self.address(),
            source: Box::new(error),
        })
    }

    fn s3(
        &self,
        environment: &Environment,
        options: ClientOptions,
        retry: RetryConfig,
    ) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut builder = AmazonS3Builder::new().with_region("us-east-1");
        for (name, value) in environment.iter().filter(|(_, value)| !value.is_empty()) {
            if name.starts_with("AWS_")
                && let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>()
                && !matches!(
                    key,
                    AmazonS3ConfigKey::Client(_) | AmazonS3ConfigKey::Bucket
                )
            {
                builder = builder.with_config(key, value);
            }
        }
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        let client = builder
            .with_bucket_name(&self.bucket)
            .with_client_options(options)
            .with_retry(retry)
            .build()?;
        Ok(Arc::new(client))
    }

    fn gcs(
        &self,
        environment: &Environment,
        options: ClientOptions,
        retry: RetryConfig,
    ) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut builder = GoogleCloudStorageBuilder::new();
        for (name, value) in environment.iter().filter(|(_, value)| !value.is_empty()) {
            if (name.starts_with("GOOGLE_") || name == "SERVICE_ACCOUNT")
                && let Ok(key) = name.to_ascii_lowercase().parse::<GoogleConfigKey>()
                && !matches!(key, GoogleConfigKey::Client(_) | GoogleConfigKey::Bucket)
            {
                builder = builder.with_config(key, value);
            }
        }
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_base_url(endpoint);
        }
        let client = builder
            .with_bucket_name(&self.bucket)
            .with_client_options(options)
            .with_retry(retry)
            .build()?;
        Ok(Arc::new(client))
    }

    fn azure(
        &self,
        environment: &Environment,
        options: ClientOptions,
        retry: RetryConfig,
    ) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut builder = MicrosoftAzureBuilder::new();
        for (name, value) in environment.iter().filter(|(_, value)| !value.is_empty()) {
            if name.starts_with("AZURE_")
                && let Ok(key) = name.to_ascii_lowercase().parse::<AzureConfigKey>()
                && !matches!(
                    key,
                    AzureConfigKey::Client(_) | AzureConfigKey::ContainerName
                )
            {
                builder = builder.with_config(key, value);
            }
        }
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        let client = builder
            .with_container_name(&self.bucket)
            .with_client_options(options)
            .with_retry(retry)
            .build()?;
        Ok(Arc::new(client))
    }
}
