//! The fixture itself: what is typed on a screen is seen on it.

use std::time::Duration;

use anyhow::Result;
use qvd_tests::process::Program;
use qvd_tests::screen::Screen;

#[test]
fn what_is_typed_into_a_terminal_is_seen_on_the_screen() -> Result<()> {
    let screen = Screen::start(640, 480)?;
    let _terminal = Program::start(screen.command("xterm").args([
        "-bg",
        "#102030",
        "-fg",
        "#ffffff",
        "-geometry",
        "60x20",
        "-e",
        "cat",
    ]))?;
    let (x, y, _, _) = screen.wait_for("a terminal", Duration::from_secs(20), |picture| {
        picture.extent(0x0010_2030).filter(|(_, _, width, height)| *width > 300 && *height > 200)
    })?;
    let letters = |picture: &qvd_tests::screen::Picture| picture.count(0x00ff_ffff);
    screen.click(1, x as i16 + 50, y as i16 + 50)?;
    let before = letters(&screen.picture()?);
    screen.type_text("MMMMMMMMMMMMMMMMMMMM\n")?;
    screen.wait_for("typed letters", Duration::from_secs(20), |picture| {
        (letters(picture) > before + 500).then_some(())
    })
}
