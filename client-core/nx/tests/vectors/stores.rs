//! `primitives.json`: whole messages through the stores, and what makes two of them equal (format: NX part 2 §F).

use serde_json::Value;

use crate::coding::bits::{BitReader, BitWriter};
use crate::coding::coder::{Decoder, Encoder};
use crate::coding::pass::ByteOrder;
use crate::coding::store::Action;
use crate::reply::{ReplyCodec, stored::ReplyStore};
use crate::request::{Opcodes, RequestCodec, RequestState};
use crate::{Report, hex, list, load};

/// What the cases take for the learned opcodes, told by their messages.
const SHAPE: &str = "ShapeExtension";
const RENDER: &str = "RenderExtension";

fn reply_store(name: &str) -> Option<ReplyStore> {
    Some(match name {
        "GenericReply" => ReplyStore::Generic,
        "GetPropertyReply" => ReplyStore::GetProperty,
        "QueryFontReply" => ReplyStore::QueryFont,
        "ListFontsReply" => ReplyStore::ListFonts,
        "GetImageReply" => ReplyStore::GetImage,
        _ => return None,
    })
}

#[test]
fn messages_go_through_the_stores_as_captured() {
    let file = load("primitives.json");
    let mut report = Report::default();
    for case in list(&file["cases"]).iter().filter(|c| c["type"] == "message_store") {
        report.check(case["name"].as_str().unwrap(), stored(case));
    }
    report.finish("messages in stores");
}

/// One direction of a link.
struct Codecs {
    requests: RequestCodec,
    replies: ReplyCodec,
    state: RequestState,
}

impl Codecs {
    fn new(case: &Value, order: ByteOrder) -> Self {
        let delta = case["name"] != "store_delta_disabled";
        let limit = case["storage_limit"].as_u64().unwrap();
        let mut requests = RequestCodec::new(delta, limit, false);
        for frame in list(&case["frames"]) {
            for message in list(&frame["messages"]) {
                let major = hex(&message["message"])[0];
                match message["store"].as_str().unwrap() {
                    SHAPE => requests.opcodes = Opcodes { shape: major, ..requests.opcodes },
                    RENDER => requests.opcodes = Opcodes { render: major, ..requests.opcodes },
                    _ => {}
                }
            }
        }
        let state = RequestState { order, ..RequestState::default() };
        Self { requests, replies: ReplyCodec::new(delta, limit), state }
    }
}

fn stored(case: &Value) -> Result<(), String> {
    let order = if case["big_endian"] == 1 { ByteOrder::Msb } else { ByteOrder::Lsb };
    let mut ours = Codecs::new(case, order);
    let mut theirs = Codecs::new(case, order);
    for (f, frame) in list(&case["frames"]).iter().enumerate() {
        let mut writer = BitWriter::default();
        let payload = hex(&frame["payload"]);
        let mut position = 0;
        for (i, vector) in list(&frame["messages"]).iter().enumerate() {
            let at = |what: String| format!("frame {f}, message {i} ({}): {what}", vector["store"]);
            let original = hex(&vector["message"]);
            let mut message = original.clone();
            let store = reply_store(vector["store"].as_str().unwrap());
            let action = match store {
                Some(id) => ours.replies.remembered(id, &mut Encoder(&mut writer), order, &mut message),
                None => {
                    ours.requests.encode_body(&mut writer, original[0], &mut message, &mut ours.state, true)
                }
            };
            let (name, slot) = match action.map_err(|e| at(e.to_string()))? {
                Action::Hit(slot) => ("hit", slot),
                Action::Added(slot) => ("added", slot),
                Action::Discarded => ("discarded", 0),
            };
            if vector["action"] != name || vector["position"] != slot {
                return Err(at(format!(
                    "{name} {slot}, expected {} {}",
                    vector["action"], vector["position"]
                )));
            }
            if vector["bits_after"] != writer.bit_len() {
                return Err(at(format!(
                    "ends at bit {}, expected {}",
                    writer.bit_len(),
                    vector["bits_after"]
                )));
            }
            let mut decoder = Decoder(BitReader::new(&payload, position));
            let mut decoded = Vec::new();
            match store {
                Some(id) => {
                    decoded.resize(32, 0);
                    theirs.replies.remembered(id, &mut decoder, order, &mut decoded).map(drop)
                }
                None => {
                    theirs.requests.decode_body(&mut decoder, original[0], &mut theirs.state, &mut decoded)
                }
            }
            .map_err(|e| at(e.to_string()))?;
            position = decoder.0.position();
            // The opcode, the length and, in replies, the sequence number travel outside; zero where nothing does.
            let skipped = if store.is_some() { 8 } else { 4 };
            if decoded.len() != message.len() {
                return Err(at(format!("{} bytes, expected {}", decoded.len(), message.len())));
            }
            if decoded[skipped..] != message[skipped..] {
                return Err(at(format!("decoded {decoded:02x?}, expected {message:02x?}")));
            }
        }
        let written = writer.take();
        if written != payload {
            return Err(format!("frame {f}: wrote {written:02x?}, expected {payload:02x?}"));
        }
    }
    Ok(())
}

/// The reference erases what follows the first item of such a text request, and the parameters of picture filters; we
/// do not.
const ERASED: [&str; 2] = ["md5_poly_text8_two_items_second_zeroed", "md5_render_set_picture_filter_pads"];

#[test]
fn bytes_without_meaning_do_not_make_messages_different() {
    let file = load("primitives.json");
    let mut report = Report::default();
    for case in list(&file["cases"]).iter().filter(|c| c["type"] == "identity_md5") {
        let name = case["name"].as_str().unwrap();
        if !ERASED.contains(&name) {
            report.check(name, canonical(case));
        }
    }
    report.finish("canonical forms");
}

fn canonical(case: &Value) -> Result<(), String> {
    let order = if case["big_endian"] == 1 { ByteOrder::Msb } else { ByteOrder::Lsb };
    let mut message = hex(&case["message"]);
    let store = case["store"].as_str().unwrap();
    let identity = if let Some(id) = reply_store(store) {
        id.clean(order, &mut message);
        id.identity()
    } else {
        let mut codec = RequestCodec::new(true, 8 << 20, false);
        match store {
            SHAPE => codec.opcodes.shape = message[0],
            RENDER => codec.opcodes.render = message[0],
            _ => {}
        }
        codec.canonical(order, &mut message).ok_or("has no store")?
    };
    let expected = hex(&case["canonical"]);
    if message != expected {
        return Err(format!("cleaned to {message:02x?}, expected {expected:02x?}"));
    }
    // In a message without data the identity is all of it.
    let size = case["identity_size"].as_u64().unwrap() as usize;
    if identity.data.min(message.len()) != size.min(message.len()) {
        return Err(format!("its identity has {} bytes, expected {size}", identity.data));
    }
    Ok(())
}
