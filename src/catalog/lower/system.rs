//! System packages.

use super::super::step::{Action, AptRepository, RpmPackages, RpmRepository, Step};
use super::super::text::{AptText, RpmText};
use super::Lowering;
use super::install::Frame;

impl Lowering {
    pub(super) fn apt(&mut self, at: &str, text: AptText, frame: &Frame) -> Vec<Step> {
        let packages = self.words(&format!("{at}/packages"), text.packages);
        if packages.is_empty() && text.repositories.is_empty() {
            return Vec::new();
        }
        let mut repositories = Vec::new();
        for (index, repository) in text.repositories.into_iter().enumerate() {
            let at = format!("{at}/repositories/{index}");
            if let Some(name) = &repository.name {
                self.file_name(&format!("{at}/name"), name);
            }
            self.no_nul(&format!("{at}/gpgKey"), &repository.gpg_key);
            self.no_nul(&format!("{at}/sources"), &repository.sources);
            repositories.push(AptRepository {
                name: repository.name,
                gpg_key: repository.gpg_key,
                sources: repository.sources,
            });
        }
        let tool = packages.join(" ");
        vec![frame.step(
            tool,
            Action::Apt {
                packages,
                repositories,
                update_first: text.update_first,
            },
        )]
    }

    pub(super) fn rpm(&mut self, at: &str, text: RpmText) -> RpmPackages {
        RpmPackages {
            names: self.words(&format!("{at}/packages"), text.packages),
            repositories: text
                .repositories
                .into_iter()
                .map(|repository| RpmRepository {
                    name: repository.name,
                    gpg_key: repository.gpg_key,
                    base_url: repository.base_url,
                })
                .collect(),
            groups: text.groups.into_iter().chain(text.patterns).collect(),
            update_first: text.update_first,
        }
    }
}
