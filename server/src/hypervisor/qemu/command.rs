//! QEMU's command line.
//!
//! QEMU runs with the machine's directory as its working directory, so that sockets are named by short paths. Nothing
//! secret is an argument: the agent's configuration comes from a file that only root can read.

use std::ffi::OsString;
use std::path::Path;

use qvd_protocol::agent::{CREDENTIAL, VIRTIO_PORT};

use super::super::MachineSpec;
use super::super::image::QemuImage;

/// Identifier of the virtio port and of its character device.
pub(super) const LINK: &str = "link";
/// Identifier of the character device that keeps the end of the guest's console.
pub(super) const CONSOLE: &str = "console";
/// How much of the console is kept, in bytes; a power of two.
pub(super) const CONSOLE_SIZE: u32 = 16384;
/// The control socket, in the machine's directory.
pub(super) const CONTROL: &str = "qmp.sock";
/// The node's socket, in the machine's directory.
pub(super) const NODE: &str = "link/node.sock";

/// What executes the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accelerator {
    /// The processor.
    Kvm,
    /// QEMU's translator: a tenth of the speed.
    Tcg,
}

/// The arguments for a machine whose system disk is `overlay` and whose home is the file `home`.
pub(super) fn arguments(
    spec: &MachineSpec,
    image: &QemuImage,
    accelerator: Accelerator,
    overlay: &Path,
    home: &Path,
) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: OsString| arguments.extend([OsString::from(name), value]);
    let (accelerate, processor, kernel_extra) = match accelerator {
        Accelerator::Kvm => ("kvm", "host", ""),
        // Five levels of page tables and guards against processor faults only cost time here.
        Accelerator::Tcg => ("tcg", "max", " no5lvl mitigations=off"),
    };
    add("-name", spec.host_name().into());
    add("-nodefaults", "-no-user-config".into());
    add("-display", "none".into());
    add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny".into());
    add("-machine", "q35,usb=off,hpet=on".into());
    add("-accel", accelerate.into());
    add("-cpu", processor.into());
    add("-smp", spec.cpus.max(1).to_string().into());
    add("-m", format!("{}M", spec.memory_mib).into());
    add("-kernel", image.kernel.clone().into());
    add("-initrd", image.initrd.clone().into());
    let append =
        format!("{} console=ttyS0 systemd.hostname={}{kernel_extra}", image.append, spec.host_name());
    add("-append", append.into());

    // The overlay is thrown away with the machine, so nothing of it has to be safe from a power cut; the home has.
    add("-drive", option("if=none,id=system,format=qcow2,cache=unsafe,discard=unmap,file=", overlay));
    add("-device", "virtio-blk-pci,drive=system".into());
    add("-drive", option("if=none,id=home,format=raw,cache=writeback,discard=unmap,file=", home));
    add("-device", "virtio-blk-pci,drive=home".into());
    add("-device", "virtio-rng-pci".into());

    add("-device", "virtio-serial-pci".into());
    add("-chardev", format!("socket,id={LINK},path={NODE},reconnect=1").into());
    add("-device", format!("virtserialport,id={LINK},chardev={LINK},name={VIRTIO_PORT}").into());
    add("-fw_cfg", format!("name=opt/io.systemd.credentials/{CREDENTIAL},file=link/agent.json").into());

    add("-chardev", format!("ringbuf,id={CONSOLE},size={CONSOLE_SIZE}").into());
    add("-serial", format!("chardev:{CONSOLE}").into());
    add("-chardev", format!("socket,id=control,path={CONTROL},reconnect=1").into());
    add("-mon", "chardev=control,mode=control".into());
    // At its end the guest stays, stopped, until its last words have been read.
    add("-action", "reboot=shutdown,shutdown=pause,panic=shutdown".into());
    arguments
}

/// An option that ends with a path; commas in a path are doubled (QEMU, "Standard options").
fn option(front: &str, path: &Path) -> OsString {
    let mut text = OsString::from(front);
    text.push(path.to_string_lossy().replace(',', ",,"));
    text
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::spec;
    use super::*;

    fn line(accelerator: Accelerator) -> String {
        let spec = spec(Path::new("/machines/1"));
        let image = QemuImage {
            disk: "/image/disk.qcow2".into(),
            kernel: "/image/vmlinux".into(),
            initrd: "/image/initrd".into(),
            append: "quiet".into(),
        };
        let arguments = arguments(
            &spec,
            &image,
            accelerator,
            Path::new("/machines/1/a,b.qcow2"),
            Path::new("/machines/1/home"),
        );
        arguments.join(&OsString::from(" ")).into_string().unwrap()
    }

    #[test]
    fn the_secret_is_not_on_the_command_line() {
        assert!(!line(Accelerator::Kvm).contains("a secret"));
    }

    #[test]
    fn the_guest_has_the_machines_limits_and_name() {
        let line = line(Accelerator::Kvm);
        for part in
            ["-accel kvm", "-m 512M", "-smp 1", "systemd.hostname=demo-desktop", "name=org.qvd.agent.0"]
        {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(!line.contains("mitigations=off"));
    }

    #[test]
    fn a_comma_in_a_path_does_not_end_the_option() {
        assert!(line(Accelerator::Tcg).contains("file=/machines/1/a,,b.qcow2"));
    }
}
