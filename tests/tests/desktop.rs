//! The main job: a person logs in and uses a Linux desktop, through every component of the system.

use std::time::Duration;

use anyhow::{Result, ensure};
use qvd_tests::desktop::{Desktop, clipboard, set_clipboard};
use qvd_tests::screen::{CAPS_LOCK, KEYPAD_1, NUM_LOCK, Screen};
use qvd_tests::world::{SOON, World};

/// Longest for a container's first desktop on a busy two-core host.
const CONTAINER: Duration = Duration::from_mins(1);

#[test]
fn a_person_types_resizes_disconnects_and_finds_everything_as_it_was() -> Result<()> {
    let screen = Screen::start(1400, 1000)?;
    let mut world = World::start("container")?;
    world.add_machine("desk", "debian", &[])?;

    let desktop = Desktop::connect(&world, &screen, "desk", &[], CONTAINER)?;
    desktop.terminal(CONTAINER)?;
    desktop.paints_if("true", 0x0012_3456)?;

    screen.resize(screen.window("desk")?, 1300, 900)?;
    spans(&screen, 1300)?;
    desktop.paints_if("true", 0x0021_4365)?;
    desktop.close()?;
    world.daemon()?.wait_for_line("disconnected", SOON)?;

    let again = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    again.sees(0x0021_4365)?;
    spans(&screen, 1400)?;
    again.hears("printf '\\e]11;#543210\\a'", 0x0054_3210)?;
    again.close()?;
    world.daemon()?.wait_for_line("disconnected", SOON)?;

    let smaller = Desktop::connect(&world, &screen, "desk", &[], CONTAINER)?;
    smaller.sees(0x0054_3210)?;
    spans(&screen, 1024)?;
    smaller.close()
}

/// Waits until the desktop's panel, along its bottom edge, is as wide as the window that shows it.
fn spans(screen: &Screen, width: usize) -> Result<()> {
    // Dark, but not the black of a screen that nothing was drawn on.
    let dark = |pixel: u32| {
        let [_, red, green, blue] = pixel.to_be_bytes();
        (0x08..0x40).contains(&red) && (0x08..0x40).contains(&green) && (0x10..0x40).contains(&blue)
    };
    screen.wait_for(&format!("a panel of {width} pixels"), SOON, |picture| {
        let dark_in = |y| (0..picture.width).filter(|x| picture.pixel(*x, y).is_some_and(dark)).count();
        (0..picture.height).any(|y| (width * 7 / 8..=width).contains(&dark_in(y))).then_some(())
    })
}

#[test]
fn text_is_copied_and_pasted_both_ways() -> Result<()> {
    let screen = Screen::start(1400, 1000)?;
    let mut world = World::start("container")?;
    world.add_machine("desk", "debian", &[])?;
    let desktop = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    desktop.terminal(CONTAINER)?;

    let _owner = set_clipboard(&screen, "from this computer: ñ€")?;
    // The text is on its way to the session.
    let arrived = "[ \"$(xclip -selection clipboard -o)\" = \"$(printf 'from this computer: \\303\\261\\342\\202\\254')\" ]";
    desktop.paints_if(&format!("until {arrived}; do sleep 0.1; done"), 0x0031_5f2a)?;

    desktop.run("printf 'from the desktop: \\303\\261' | xclip -selection clipboard")?;
    screen.wait_for_clipboard_owner(SOON)?;
    let pasted = clipboard(&screen)?;
    ensure!(pasted == "from the desktop: ñ", "pasted {pasted:?}");
    desktop.close()
}

#[test]
fn a_second_client_takes_the_session_over_and_the_first_is_told() -> Result<()> {
    let screens = [Screen::start(1200, 900)?, Screen::start(1200, 900)?];
    let mut world = World::start("container")?;
    world.add_machine("desk", "debian", &[])?;
    let first = Desktop::connect(&world, &screens[0], "desk", &["--fullscreen"], CONTAINER)?;
    first.terminal(CONTAINER)?;
    first.paints_if("true", 0x0061_2233)?;
    let before = screens[0].picture()?;

    let second = Desktop::connect(&world, &screens[1], "desk", &["--fullscreen"], CONTAINER)?;
    let told = first.client().wait_for_line("session ended", SOON)?;
    ensure!(told.contains("TakenOver") && told.contains("127.0.0.1"), "the first client was told {told:?}");
    second.sees(0x0061_2233)?;
    // All of it is there again, wallpaper and window frames too; a terminal's cursor and a clock may differ.
    screens[1].wait_for("the picture that the first one had", SOON, |picture| {
        let same = |&(x, y): &(usize, usize)| picture.pixel(x, y) == before.pixel(x, y);
        let all = (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| (x, y)));
        let differ = all.filter(|at| !same(at)).count();
        (differ * 200 < picture.width * picture.height).then_some(())
    })?;
    second.close()
}

#[test]
fn a_slow_line_carries_what_both_ends_have_kept_once() -> Result<()> {
    let screen = Screen::start(1000, 800)?;
    let mut world = World::start("container")?;
    world.add_machine("desk", "debian", &[])?;
    let settings = world.data().join("client");
    std::fs::create_dir(&settings)?;
    std::fs::write(settings.join("client.toml"), "link = \"modem\"\n")?;
    let connect = |says: &str| {
        let client = world.client_with(&screen, "desk", &settings)?;
        client.wait_for_line(says, CONTAINER)?;
        anyhow::Ok(Desktop::of(&screen, client))
    };

    let cold = connect("connected")?;
    cold.terminal(CONTAINER)?;
    cold.paints_if("true", 0x0031_4151)?;
    ensure!(!cold.client().output().contains("what is kept"), "the first session began warm");
    cold.close()?;
    world.daemon()?.wait_for_line("disconnected", SOON)?;

    // The display may begin before the window knows that it is connected.
    let warm = connect("begins with what is kept")?;
    warm.sees(0x0031_4151)?;
    warm.close()
}

#[test]
fn the_keyboard_is_the_one_in_front_of_the_person_at_every_connect() -> Result<()> {
    let [small, capital, digit, german, z] =
        [0x0055_4433, 0x0033_5544, 0x0045_3645, 0x0044_5566, 0x0066_4455];
    let screen = Screen::start(1200, 900)?;
    screen.tap(NUM_LOCK)?;
    let mut world = World::start("container")?;
    world.add_machine("desk", "debian", &[])?;
    let desktop = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    desktop.terminal(CONTAINER)?;
    desktop.paints_if("true", 0x0011_2233)?;
    for (name, colour) in [("a", small), ("A", capital), ("z", z)] {
        desktop.run(&format!("{name}() {{ printf '\\e]11;#{colour:06x}\\a'; }}"))?;
    }
    for colour in [capital, small] {
        screen.tap(CAPS_LOCK)?;
        desktop.run("a")?;
        desktop.sees(colour)?;
    }

    // What was switched on before the session began is on in it as well.
    desktop.run(&format!("A; read k; [ \"$k\" = 1 ] && printf '\\e]11;#{digit:06x}\\a'"))?;
    desktop.sees(capital)?;
    screen.tap(KEYPAD_1)?;
    desktop.run("")?;
    desktop.sees(digit)?;

    // The session changes its keyboard a moment after it is back.
    desktop.run(&format!(
        "z; until setxkbmap -print | grep -q pc+de; do sleep 0.1; done; printf '\\e]11;#{german:06x}\\a'"
    ))?;
    desktop.sees(z)?;
    desktop.close()?;
    world.daemon()?.wait_for_line("disconnected", SOON)?;
    screen.set_layout("de")?;
    let again = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    again.sees(german)?;
    again.hears("z", z)?;
    again.close()
}
