//! Files fetched inside the machine, verified by checksum and put in place.

use super::quote::{self, add, quote};
use super::step::Unbuilt;
use crate::catalog::{Checksums, Download, DownloadSource, Extract};

/// What every download's script starts with.
const FUNCTIONS: &str = concat!(
    "root=$SINDRI_JOB/work\nrm -rf \"$root\" && mkdir -p \"$root\" || exit\n",
    include_str!("shell/fetch.sh"),
    include_str!("shell/cache.sh"),
    include_str!("shell/download.sh")
);

/// The script that fetches all of them, those for other architectures left out; nothing is put in
/// place before everything is verified.
pub(super) fn script(downloads: &[Download]) -> Result<String, Unbuilt> {
    let mut fetching = String::new();
    let mut placing = String::new();
    for (index, download) in downloads.iter().enumerate() {
        let one = one(download, index)?;
        let put = put(download, index);
        if let Some(arch) = download.arch {
            let fits = format!("if [ \"$arch\" = {} ]; then\n", quote(arch.as_str()));
            add(&mut fetching, &format!("{fits}{one}took=1\nfi\n"));
            add(&mut placing, &format!("{fits}{put}fi\n"));
        } else {
            add(&mut fetching, &format!("{one}took=1\n"));
            placing.push_str(&put);
        }
    }
    Ok(format!(
        "{FUNCTIONS}arch=$(uname -m)
[ \"$arch\" != arm64 ] || arch=aarch64
{fetching}[ -n \"${{took:-}}\" ] || {{ echo \"no download is meant for $arch\" && exit 126; }}
{placing}rm -rf \"$root\"
"
    ))
}

/// The lines that fetch, verify and unpack one download.
fn one(download: &Download, index: usize) -> Result<String, Unbuilt> {
    let (fetch, name) = source(download)?;
    let mut text = format!("begin {index}\n");
    match (&download.sha256, &download.checksums) {
        (Some(sum), _) => {
            let (tool, sum) = (quote(&download.name), quote(sum));
            let kept = format!("stored {sum} || {{\n{fetch}\n}}\n");
            add(
                &mut text,
                &format!("{kept}verify {sum} {tool}\nstore {sum}\n"),
            );
        }
        (None, Some(list)) => {
            let url = match list {
                Checksums::Url(url) => url.clone(),
                Checksums::Asset(asset) => asset_url(download, asset)?,
            };
            add(
                &mut text,
                &format!(
                    "{fetch}\nfetch {} \"$work/sums\"\nlisted {}\nverify \"$wanted\" {}\n",
                    quote(&url),
                    quote(name.rsplit('/').next().unwrap_or(&name)),
                    quote(&download.name)
                ),
            );
        }
        (None, None) => return Err(Unbuilt::Checksum(download.name.clone())),
    }
    match &download.extract {
        Extract::No => {}
        Extract::Member(member) => add(
            &mut text,
            &format!("unpack {}\nmember {}\n", quote(&name), quote(member)),
        ),
        Extract::All => add(&mut text, &format!("unpack {}\n", quote(&name))),
    }
    Ok(text)
}

/// The lines that put one download in place.
fn put(download: &Download, index: usize) -> String {
    let tool = quote(&download.name);
    let work = format!("\"$root\"/{index}");
    let destination = download.destination.as_deref().map(quote::path);
    let place = |file: &str, to: &str| format!("place {work}/{file} {tool} {to}\n");
    let bin = "\"$HOME\"/.local/bin/";
    match (&download.extract, &destination) {
        (Extract::No, to) => place("file", to.as_deref().unwrap_or(bin)),
        (Extract::Member(_), to) => place("single", to.as_deref().unwrap_or(bin)),
        // One compressed file is the tool itself.
        (Extract::All, to) => {
            let spread = match to {
                Some(to) => format!("spread {work}/into {to}"),
                None => format!("renew {work}/into \"$HOME\"/.local/share/sindri/opt/{tool}"),
            };
            format!(
                "if [ -f {work}/single ]; then\n{}else\n{spread}\nfi\n",
                place("single", to.as_deref().unwrap_or(bin))
            )
        }
    }
}

/// The URL of a release's asset.
fn asset_url(download: &Download, asset: &str) -> Result<String, Unbuilt> {
    match &download.source {
        DownloadSource::GithubRelease { url, version, .. } if version != "latest" => {
            Ok(format!("{url}/releases/download/{version}/{asset}"))
        }
        DownloadSource::GithubRelease { .. }
        | DownloadSource::Url(_)
        | DownloadSource::Npm { .. }
        | DownloadSource::Pypi { .. } => Err(Unbuilt::Release(download.name.clone())),
    }
}

/// The commands that leave the download at `$work/file`, and the name that tells its format.
fn source(download: &Download) -> Result<(String, String), Unbuilt> {
    match &download.source {
        DownloadSource::Url(url) => {
            let path = url.split(['?', '#']).next().unwrap_or(url);
            Ok((fetch(url), path.to_owned()))
        }
        DownloadSource::GithubRelease { asset, .. } => {
            let asset = asset
                .as_deref()
                .ok_or_else(|| Unbuilt::Release(download.name.clone()))?;
            Ok((fetch(&asset_url(download, asset)?), asset.to_owned()))
        }
        DownloadSource::Npm { package, version } => Ok((
            format!(
                "command -v npm >/dev/null || {{ echo \"npm isn't on this machine's PATH\" && exit 127; }}
npm pack --silent --fetch-retries=0 --pack-destination \"$work/into\" -- {} >/dev/null || exit
mv \"$work/into/\"*.tgz \"$work/file\" || exit",
                quote(&format!("{package}@{version}"))
            ),
            "package.tgz".to_owned(),
        )),
        DownloadSource::Pypi {
            package,
            version,
            file,
        } => Ok((
            format!(
                "python3 -m pip --version >/dev/null || exit 127
python3 -m pip download --quiet --no-input --disable-pip-version-check --no-deps --retries 1 \\
  {} --dest \"$work/into\" -- {} || exit
mv \"$work/into/\"{} \"$work/file\" || exit",
                choice(file),
                quote(&format!("{package}=={version}")),
                quote(file)
            ),
            file.clone(),
        )),
    }
}

/// The flags that make pip choose one file of a release, whatever the machine it runs on.
fn choice(file: &str) -> String {
    let Some(stem) = file.strip_suffix(".whl") else {
        return "--no-binary :all:".to_owned();
    };
    let mut tags = stem.rsplitn(4, '-');
    let (Some(platform), Some(abi), Some(python)) = (tags.next(), tags.next(), tags.next()) else {
        return "--only-binary :all:".to_owned();
    };
    let python = python.rsplit('.').next().unwrap_or(python);
    let digits = python.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let implementation = &python[..python.len() - digits.len()];
    let mut flags = vec!["--only-binary".to_owned(), ":all:".to_owned()];
    if platform != "any" {
        for one in platform.split('.') {
            flags.extend(["--platform".to_owned(), one.to_owned()]);
        }
    }
    // A pure wheel is for any Python; naming version 3 would mean 3.0.
    if digits.len() > 1 {
        flags.extend(["--implementation".to_owned(), implementation.to_owned()]);
        flags.extend(["--python-version".to_owned(), digits.to_owned()]);
    }
    for one in abi.split('.') {
        flags.extend(["--abi".to_owned(), one.to_owned()]);
    }
    quote::words(flags)
}

/// The line that fetches a URL to where a download is verified.
fn fetch(url: &str) -> String {
    format!("fetch {} \"$work/file\"", quote(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_is_chosen_by_its_tags() {
        assert_eq!(
            choice("ruff-0.1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
            "--only-binary :all: --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
             --abi none"
        );
        assert_eq!(
            choice("x-1-cp311-cp311-any.whl"),
            "--only-binary :all: --implementation cp --python-version 311 --abi cp311"
        );
        assert_eq!(choice("x-1.tar.gz"), "--no-binary :all:");
    }
}
