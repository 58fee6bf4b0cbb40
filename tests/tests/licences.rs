//! Every crate that is linked into what we ship has a licence that goes with MIT OR Apache-2.0.

use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// Permissive licences, by their SPDX names. MPL-2.0 asks for its own files' sources only.
const COMPATIBLE: [&str; 14] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "MPL-2.0",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
    "MIT-0",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
];
/// Licences of the fonts that one crate carries beside its code; their texts go into the packages.
const FONTS: [&str; 2] = ["OFL-1.1", "Ubuntu-font-1.0"];

#[test]
fn every_dependency_has_a_compatible_licence() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .expect("cargo metadata runs");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo metadata is json");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100, "only {} packages: is this the workspace?", packages.len());
    let odd: Vec<_> = packages
        .iter()
        .filter_map(|package| {
            let name = package["name"].as_str().unwrap_or_default();
            let licence = package["license"].as_str().unwrap_or_default();
            (!compatible(name, licence)).then(|| format!("{name}: {licence:?}"))
        })
        .collect();
    assert!(odd.is_empty(), "not known to be compatible:\n{}", odd.join("\n"));
}

/// Whether the SPDX expression can be met with compatible licences only.
fn compatible(name: &str, licence: &str) -> bool {
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else { return false };
    expression.evaluate(|requirement| {
        let term = requirement.license.to_string();
        COMPATIBLE.contains(&term.as_str())
            || (name == "epaint_default_fonts" && FONTS.contains(&term.as_str()))
    })
}

#[test]
fn a_copyleft_licence_is_noticed() {
    assert!(compatible("x", "MIT OR Apache-2.0"));
    assert!(compatible("x", "Apache-2.0 OR GPL-2.0-only"));
    assert!(compatible("x", "(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!compatible("x", "GPL-3.0-only"));
    assert!(!compatible("x", "(MIT OR Apache-2.0) AND GPL-3.0-only"));
    assert!(!compatible("x", "MIT AND GPL-3.0-only"));
    assert!(!compatible("x", "OFL-1.1"));
    assert!(!compatible("x", ""));
}
