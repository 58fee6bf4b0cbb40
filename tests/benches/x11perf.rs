//! `cargo bench -p qvd-tests --bench x11perf`: the client's X server beside Xvfb, by x11perf, in one run.
//!
//! Prints operations per second on both servers, over Unix sockets, and the ratio ours / Xvfb, for 20 operations that
//! desktops consist of, and the geometric mean of the ratios. Other operations can be named as arguments, as x11perf
//! names them (`-- -rect500 -line10`); `-- -all` runs all of them, which takes an hour.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use qvd_tests::process::Program;

const USUAL: [&str; 20] = [
    "-rect1",
    "-rect10",
    "-rect100",
    "-rect500",
    "-line10",
    "-line100",
    "-seg100",
    "-ftext",
    "-f8text",
    "-aa10text",
    "-scroll500",
    "-copywinwin100",
    "-copypixwin500",
    "-putimage100",
    "-putimage500",
    "-getimage100",
    "-fcircle100",
    "-triangle100",
    "-move",
    "-create",
];

fn main() -> Result<()> {
    let named: Vec<String> =
        std::env::args().skip(1).filter(|a| a.starts_with('-') && a != "--bench").collect();
    let operations = if named.is_empty() { USUAL.map(String::from).to_vec() } else { named };

    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "xserver", "--example", "headless"])
        .status()?;
    ensure!(built.success(), "the headless example does not build");

    let xvfb = Program::start(Command::new("Xvfb").args([
        "-displayfd",
        "1",
        "-nolisten",
        "tcp",
        "-noreset",
        "-screen",
        "0",
        "1280x1024x24",
    ]))?;
    let number =
        xvfb.wait_for("its display number", Duration::from_secs(20), |line| line.trim().parse::<u16>().ok())?;
    let theirs = format!(":{number}");
    let ours = format!(":{}", number + 40);
    let headless = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/examples/headless");
    let server = Program::start(Command::new(headless).args([ours.as_str(), "1280x1024"]))?;
    server.wait_for_line("listening", Duration::from_secs(20))?;

    println!("{:<16} {:>14} {:>14} {:>7}", "operation", "ours /s", "Xvfb /s", "ratio");
    let mut logarithms = Vec::new();
    for operation in &operations {
        // One after the other, so that both meet the same weather on the machine.
        let runs = [rates(&ours, operation)?, rates(&theirs, operation)?];
        for ((name, mine), (_, peer)) in runs[0].iter().zip(&runs[1]) {
            let ratio = mine / peer;
            logarithms.push(ratio.ln());
            println!("{name:<16} {mine:>14.0} {peer:>14.0} {ratio:>7.2}");
        }
    }
    let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
    println!("{:<16} {:>14} {:>14} {mean:>7.2}", "geometric mean", "", "");
    Ok(())
}

/// Operations and their rates per second that x11perf prints for `operation`: the better of two runs of one second.
fn rates(display: &str, operation: &str) -> Result<Vec<(String, f64)>> {
    let output = Command::new("x11perf")
        .args(["-display", display, "-repeat", "2", "-time", "1", operation])
        .output()
        .context("cannot run x11perf")?;
    let text = String::from_utf8_lossy(&output.stdout);
    // 40000 reps @   0.0250 msec ( 40000.0/sec): 100x100 rectangle
    let mut found: Vec<(String, f64)> = Vec::new();
    for line in text.lines().filter(|line| line.contains(" reps @ ")) {
        let rate = line.split('(').nth(1).and_then(|rest| rest.split('/').next()).map(str::trim);
        let rate: f64 = rate.context("a line without a rate")?.parse()?;
        let name = line.split("): ").nth(1).unwrap_or(operation).trim();
        let name =
            if operation == "-all" { name.to_owned() } else { operation.trim_start_matches('-').to_owned() };
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, best)) => *best = best.max(rate),
            None => found.push((name, rate)),
        }
    }
    ensure!(
        !found.is_empty(),
        "x11perf {operation} on {display} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(found)
}
