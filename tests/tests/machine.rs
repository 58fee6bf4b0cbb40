//! The main job in a real virtual machine: QEMU with a kernel and a disk of its own, emulated where there is no KVM.

use std::time::Duration;

use anyhow::Result;
use qvd_tests::desktop::Desktop;
use qvd_tests::screen::Screen;
use qvd_tests::world::World;

/// Longest for a desktop in a machine whose processor is emulated on a busy host: booting alone takes a minute there.
const EMULATED: Duration = Duration::from_mins(5);

#[test]
fn a_desktop_in_a_virtual_machine_is_used_left_and_found_again() -> Result<()> {
    let screen = Screen::start(1280, 900)?;
    let mut world = World::start("qemu")?;
    world.add_machine("desk", "debian", &[])?;
    let desktop = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], EMULATED)?;
    desktop.terminal(EMULATED)?;
    // A container has the host's kernel and no disk of its own.
    desktop.paints_if("[ -b /dev/vda ]", 0x0012_4536)?;
    desktop.close()?;

    let again = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], EMULATED)?;
    again.sees(0x0012_4536)?;
    again.close()
}
