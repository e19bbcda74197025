//! Files fetched inside the machine, verified by checksum and put in place.

use super::quote::{self, add, quote};
use super::step::Unbuilt;
use crate::catalog::{Download, DownloadSource, Extract};

const CACHE: &str = include_str!("shell/cache.sh");

/// What every download's script starts with.
const FUNCTIONS: &str = "\
work=$SINDRI_JOB/work
rm -rf \"$work\" && mkdir -p \"$work/into\" || exit
# verify SHA256
verify() {
  sum=$(sha256sum <\"$work/file\") || exit
  [ \"${sum%% *}\" = \"$1\" ] && return
  echo \"checksum mismatch: expected $1, got ${sum%% *}\"
  exit 1
}
# members NAME: what an archive holds.
members() {
  case $1 in
    *.zip | *.whl) python3 -m zipfile -l \"$work/file\" | sed '1d; s/ *[0-9-]* [0-9:]* *[0-9]*$//' ;;
    *) tar -tf \"$work/file\" ;;
  esac
}
# unpack NAME: nothing leaves the folder it is unpacked into.
unpack() {
  members \"$1\" >\"$work/members\" || exit
  if grep -Eq '^/|(^|/)[.][.](/|$)' \"$work/members\"; then
    echo \"unsafe archive: it holds a path that leads out of it\"
    exit 1
  fi
  case $1 in
    *.zip | *.whl) python3 -m zipfile -e \"$work/file\" \"$work/into\" || exit ;;
    *) tar -xf \"$work/file\" -C \"$work/into\" || exit ;;
  esac
  top=$(cd \"$work/into\" && pwd -P)
  find \"$work/into\" -type l >\"$work/links\"
  while read -r link; do
    case $(readlink -f \"$link\") in
      \"$top\"/*) ;;
      *) echo \"unsafe archive: a link leads out of it\" && exit 1 ;;
    esac
  done <\"$work/links\" || exit
}
# place FILE NAME DESTINATION: puts one executable file in place, whole or not at all.
place() {
  if [ ! -f \"$1\" ] || [ -L \"$1\" ]; then
    echo \"the download doesn't hold ${1#\"$work/into/\"}\"
    exit 1
  fi
  target=$3
  case $target in
    */) target=$target$2 ;;
    *) [ ! -d \"$target\" ] || target=$target/$2 ;;
  esac
  mkdir -p \"$(dirname \"$target\")\" && cp \"$1\" \"$target.sindri\" && chmod 755 \"$target.sindri\" \\
    && mv -f \"$target.sindri\" \"$target\" || exit
}
";

/// The script that fetches all of them, those for other architectures left out.
pub(super) fn script(downloads: &[Download]) -> Result<String, Unbuilt> {
    let mut text = format!("{FUNCTIONS}{CACHE}");
    text.push_str("arch=$(uname -m)\n");
    for download in downloads {
        let one = one(download)?;
        match download.arch {
            Some(arch) => add(
                &mut text,
                &format!(
                    "if [ \"$arch\" = {} ]; then\n{one}took=1\nfi\n",
                    arch.as_str()
                ),
            ),
            None => add(&mut text, &format!("{one}took=1\n")),
        }
    }
    text.push_str(
        "rm -rf \"$work\"
[ -n \"${took:-}\" ] || { echo \"no download is meant for $arch\" && exit 126; }
",
    );
    Ok(text)
}

fn one(download: &Download) -> Result<String, Unbuilt> {
    let sum = download
        .sha256
        .as_deref()
        .ok_or_else(|| Unbuilt::Checksum(download.name.clone()))?;
    let (fetch, name) = source(download)?;
    let destination = download
        .destination
        .as_deref()
        .map_or_else(|| "\"$HOME\"/.local/bin/".to_owned(), quote::path);
    let tool = quote(&download.name);
    let put = match &download.extract {
        Extract::No => format!("place \"$work/file\" {tool} {destination}\n"),
        Extract::Member(member) => format!(
            "unpack {}\nplace \"$work/into/\"{} {tool} {destination}\n",
            quote(&name),
            quote(member)
        ),
        Extract::All => {
            let destination = match download.destination {
                Some(_) => destination,
                None => format!("\"$HOME\"/.local/share/sindri/opt/{tool}"),
            };
            format!(
                "unpack {}\nmkdir -p {destination} && cp -R \"$work/into/.\" {destination}/ || exit\n",
                quote(&name)
            )
        }
    };
    Ok(format!(
        "rm -rf \"$work\" && mkdir -p \"$work/into\" || exit\nstored {sum} || {{\n{fetch}\n}}\nverify {sum}\nstore {sum}\n{put}",
        sum = quote(sum)
    ))
}

/// The commands that leave the download at `$work/file`, and the name that tells its format.
fn source(download: &Download) -> Result<(String, String), Unbuilt> {
    match &download.source {
        DownloadSource::Url(url) => {
            let path = url.split(['?', '#']).next().unwrap_or(url);
            Ok((fetch(url, "\"$work/file\""), path.to_owned()))
        }
        DownloadSource::GithubRelease { .. } => Err(Unbuilt::Source(download.name.clone())),
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

/// Fetches a URL into a file (a shell word), with what the machine has.
pub(super) fn fetch(url: &str, into: &str) -> String {
    let url = quote(url);
    format!(
        "if command -v curl >/dev/null; then
  curl -fsSL --connect-timeout 20 --speed-limit 1 --speed-time 60 -o {into} -- {url} || exit
elif command -v wget >/dev/null; then
  wget -nv -T 60 -t 1 -O {into} -- {url} || exit
else
  echo 'neither curl nor wget is on this machine' && exit 127
fi"
    )
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
