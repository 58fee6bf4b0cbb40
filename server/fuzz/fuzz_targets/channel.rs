//! Any bytes as a channel's header and as its verdict. What was read is written back as it came.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qvd_protocol::agent::SessionStream;
use qvd_protocol::channel::{Header, Verdict};

fuzz_target!(|data: &[u8]| {
    if let Ok(Some((header, used))) = Header::decode(data) {
        assert_eq!(header.encode(), data[..used]);
        let _ = header.parameters::<SessionStream>();
    }
    if let Ok(Some((verdict, used))) = Verdict::decode(data) {
        assert!(used <= data.len());
        // An acceptance has no text to keep, and what was no UTF-8 or is cut grows or shrinks.
        let code = match &verdict {
            Verdict::Accepted => 0,
            Verdict::Refused { code, .. } => code.code(),
        };
        assert_eq!(code.to_be_bytes(), data[..2]);
        let _ = verdict.encode();
    }
});
