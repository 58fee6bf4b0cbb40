//! `cargo bench -p qvd-tests --bench x11perf`: the client's X server beside Xvfb, by x11perf, in one run.
//!
//! Prints operations per second on both servers, over Unix sockets, and the ratio ours / Xvfb, for 20 operations that
//! desktops consist of, and the geometric mean of the ratios. Other operations can be named as arguments, as x11perf
//! names them (`-- -rect500 -line10`); `-- -all` runs all of them (but those of MIT-SHM, which needs memory shared with
//! the client), which takes an hour. What is slower than half of Xvfb is listed again at the end.

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
    let operations = match named.as_slice() {
        [] => USUAL.map(String::from).to_vec(),
        [all] if all == "-all" => every_operation()?,
        _ => named,
    };

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
    let server = Program::start(Command::new(headless).args([ours.as_str(), "1280x1024", "--no-reset"]))?;
    server.wait_for_line("listening", Duration::from_secs(20))?;

    println!("{:<60} {:>14} {:>14} {:>7}", "operation", "ours /s", "Xvfb /s", "ratio");
    let mut logarithms = Vec::new();
    let mut slow = Vec::new();
    for part in operations.chunks(AT_ONCE) {
        // One after the other, so that both meet the same weather on the machine.
        let (ours, theirs) = (rates(&ours, part)?, rates(&theirs, part)?);
        for (name, mine) in &ours {
            // Windows beyond what one server could make, formats that only one has: there is nothing to compare.
            let Some((_, peer)) = theirs.iter().find(|(other, _)| other == name) else { continue };
            let ratio = mine / peer;
            logarithms.push(ratio.ln());
            let line = format!("{name:<60} {mine:>14.0} {peer:>14.0} {ratio:>7.2}");
            println!("{line}");
            if ratio < 0.5 {
                slow.push(line);
            }
        }
    }
    ensure!(!logarithms.is_empty(), "x11perf ran none of {operations:?} on both servers");
    let mean = (logarithms.iter().sum::<f64>() / logarithms.len().max(1) as f64).exp();
    println!("{:<60} {:>14} {:>14} {mean:>7.2}", "geometric mean", logarithms.len(), "");
    if !slow.is_empty() {
        println!("\nslower than half of Xvfb:\n{}", slow.join("\n"));
    }
    Ok(())
}

/// Operations per run of x11perf, which takes its time to begin.
const AT_ONCE: usize = 10;

/// The names of all operations, as x11perf lists them.
fn every_operation() -> Result<Vec<String>> {
    let output = Command::new("x11perf").arg("-help").output().context("cannot run x11perf")?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let names = text.lines().filter_map(|line| line.trim_start().split_once("  ")).map(|(name, _)| name);
    // Options come first, operations from the dot on.
    let all: Vec<String> = names
        .skip_while(|name| *name != "-dot")
        .filter(|name| !name.starts_with("-shm"))
        .map(String::from)
        .collect();
    ensure!(all.len() > 200, "x11perf lists {} operations, expected more than 200", all.len());
    Ok(all)
}

/// Operations in words, and their rates per second, that x11perf prints: the better of two runs of one second.
fn rates(display: &str, operations: &[String]) -> Result<Vec<(String, f64)>> {
    let output = Command::new("x11perf")
        .args(["-display", display, "-repeat", "2", "-time", "1"])
        .args(operations)
        .output()
        .context("cannot run x11perf")?;
    let text = String::from_utf8_lossy(&output.stdout);
    // 40000 reps @   0.0250 msec ( 40000.0/sec): 100x100 rectangle
    let mut found: Vec<(String, f64)> = Vec::new();
    for line in text.lines().filter(|line| line.contains(" reps @ ")) {
        let rate = line.split('(').nth(1).and_then(|rest| rest.split('/').next()).map(str::trim);
        let rate: f64 = rate.context("a line without a rate")?.parse()?;
        let Some((_, name)) = line.split_once("/sec): ") else { continue };
        match found.iter_mut().find(|(known, _)| known == name.trim()) {
            Some((_, best)) => *best = best.max(rate),
            None => found.push((name.trim().to_owned(), rate)),
        }
    }
    if found.is_empty() {
        // Fonts that are not installed, formats that a server lacks: the rest goes on.
        eprintln!("x11perf {operations:?} on {display}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(found)
}
