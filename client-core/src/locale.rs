//! What this computer is called, which language it speaks and where its clock stands.

use qvd_protocol::api::ClientInfo;

/// This client, as it introduces itself at login.
pub fn client_info() -> ClientInfo {
    ClientInfo { host: host(), os: std::env::consts::OS.into(), release: env!("CARGO_PKG_VERSION").into() }
}

/// The computer's own name; empty if it has none.
pub fn host() -> String {
    #[cfg(unix)]
    let name = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    // The limit of `ClientInfo::host`; the systems' own are lower.
    name[..name.floor_char_boundary(255)].into()
}

/// POSIX locale without encoding, such as `es_ES`; empty if none is set.
pub fn locale() -> String {
    sys_locale::get_locale().map(|tag| posix(&tag)).unwrap_or_default()
}

/// IANA time zone, such as `Europe/Madrid`; empty if it cannot be told.
pub fn timezone() -> String {
    let name = iana_time_zone::get_timezone().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
    if name.len() <= 64 && name.chars().all(plain) { name } else { String::new() }
}

/// Turns a BCP 47 tag such as `es-ES` or `zh-Hant-TW` into language and territory.
fn posix(tag: &str) -> String {
    let mut parts = tag.split(['-', '_', '.', '@']);
    let language = parts.next().unwrap_or_default();
    let known = (2..=3).contains(&language.len()) && language.chars().all(|c| c.is_ascii_alphabetic());
    if !known {
        // `C` and `POSIX` say "none".
        return String::new();
    }
    let territory = parts.find(|part| part.len() == 2 && part.chars().all(|c| c.is_ascii_alphabetic()));
    match territory {
        Some(territory) => format!("{}_{}", language.to_lowercase(), territory.to_uppercase()),
        None => language.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_tag_becomes_a_posix_locale() {
        for (tag, locale) in
            [("es-ES", "es_ES"), ("zh-Hant-TW", "zh_TW"), ("eo", "eo"), ("en-US.UTF-8", "en_US")]
        {
            assert_eq!(posix(tag), locale);
        }
    }

    #[test]
    fn no_language_is_an_empty_locale() {
        for tag in ["C", "POSIX", "", "C-UTF-8"] {
            assert_eq!(posix(tag), "");
        }
    }
}
