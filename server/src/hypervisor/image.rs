//! An image directory, as `image.toml` in it describes it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::StartError;

/// The one version of `image.toml` that there is.
const FORMAT: u32 = 1;

/// An image: absolute paths of its parts. The parts were not looked at, except by [`existing`].
#[derive(Debug)]
pub(super) struct Image {
    /// The agent's program.
    pub(super) agent: PathBuf,
    /// What a container needs, if the image is made for them.
    pub(super) container: Option<ContainerImage>,
    /// What QEMU needs, if the image is made for it.
    pub(super) qemu: Option<QemuImage>,
}

/// `[container]` of `image.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContainerImage {
    /// Directory with the root file system.
    pub(super) rootfs: PathBuf,
}

/// `[qemu]` of `image.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QemuImage {
    /// Base of the system disk, qcow2.
    pub(super) disk: PathBuf,
    /// Kernel.
    pub(super) kernel: PathBuf,
    /// Initial ramdisk.
    pub(super) initrd: PathBuf,
    /// Kernel parameters.
    pub(super) append: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    agent: PathBuf,
    container: Option<ContainerImage>,
    qemu: Option<QemuImage>,
}

impl Image {
    /// Reads `image.toml` of `directory`.
    pub(super) fn read(directory: &Path) -> Result<Self, StartError> {
        let path = directory.join("image.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                StartError::ImageMissing(format!("{} does not exist", path.display()))
            }
            _ => StartError::ImageBroken(format!("{} cannot be read: {error}", path.display())),
        })?;
        let file: File = toml::from_str(&text).map_err(|error| {
            StartError::ImageBroken(format!("{} is not valid: {}", path.display(), error.message()))
        })?;
        if file.format != FORMAT {
            return Err(StartError::ImageBroken(format!(
                "{} is of format {}, expected {FORMAT}",
                path.display(),
                file.format
            )));
        }
        let at = |part: &Path| directory.join(part);
        Ok(Self {
            agent: at(&file.agent),
            container: file.container.map(|part| ContainerImage { rootfs: at(&part.rootfs) }),
            qemu: file.qemu.map(|part| QemuImage {
                disk: at(&part.disk),
                kernel: at(&part.kernel),
                initrd: at(&part.initrd),
                append: part.append,
            }),
        })
    }
}

/// Refuses a part of an image that is not there, or that is empty.
pub(super) fn existing(path: &Path) -> Result<(), StartError> {
    match std::fs::metadata(path) {
        Ok(data) if data.is_file() && data.len() == 0 => {
            Err(StartError::ImageBroken(format!("{} is empty", path.display())))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(StartError::ImageMissing(format!("{} does not exist", path.display())))
        }
        Err(error) => Err(StartError::ImageBroken(format!("{} cannot be read: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<Image, StartError> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("image.toml"), text).unwrap();
        Image::read(directory.path())
    }

    #[test]
    fn the_demo_image_is_understood() {
        let image = written(include_str!("../../../installer/images/image.toml")).unwrap();
        assert!(image.agent.ends_with("qvd-vma"));
        assert!(image.container.unwrap().rootfs.ends_with("rootfs"));
        assert!(image.qemu.unwrap().kernel.is_absolute());
    }

    #[test]
    fn a_directory_without_image_toml_is_a_missing_image() {
        let directory = tempfile::tempdir().unwrap();
        let error = Image::read(&directory.path().join("nothing")).unwrap_err();
        assert!(matches!(error, StartError::ImageMissing(_)), "{error}");
    }

    #[test]
    fn an_image_of_another_format_or_with_nonsense_is_broken() {
        for text in ["format = 2\nagent = 'a'", "nonsense", "format = 1\nagent = 'a'\nsurprise = 1"] {
            assert!(matches!(written(text), Err(StartError::ImageBroken(_))), "{text}");
        }
    }

    #[test]
    fn an_empty_part_is_broken() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(existing(file.path()), Err(StartError::ImageBroken(_))));
    }
}
