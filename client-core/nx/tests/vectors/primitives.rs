//! `primitives.json`: bits, caches and compressed blocks (format: NX part 2 §F). The coding layer is compiled into
//! this test, because it is no part of the crate's interface.

use std::collections::HashMap;

use serde_json::Value;

use crate::coding::bits::{BitReader, BitWriter, mask};
use crate::coding::block;
use crate::coding::cache::{ActionCache, BlockSet, CharCache, IntCache, OpcodeCache, XidCache};
use crate::coding::coder::{Coder, Decoder, Encoder};
use crate::coding::pass::{ByteOrder, NewIds, Pass, at32};
use crate::{Report, hex, list, load};

/// The caches of a case, by name.
#[derive(Default)]
struct Caches {
    ints: HashMap<String, IntCache>,
    chars: HashMap<String, CharCache>,
    opcodes: HashMap<String, OpcodeCache>,
    actions: HashMap<String, ActionCache>,
    xids: HashMap<String, XidCache>,
    variables: HashMap<String, u32>,
}

#[test]
fn captured_bits_are_written_and_read() {
    let file = load("primitives.json");
    let mut report = Report::default();
    for case in list(&file["cases"]) {
        let result = match case["type"].as_str().unwrap() {
            "bitstream" => bitstream(case),
            "block_cache_set" => block_set(case),
            "static_compressor" => compressed(case),
            "decode_error" => refused(case),
            // Whole messages are in `stores`; the rest never reaches the wire.
            _ => continue,
        };
        report.check(case["name"].as_str().unwrap(), result);
    }
    report.finish("primitives");
}

fn caches(case: &Value) -> Caches {
    let mut caches = Caches::default();
    for (name, cache) in case["caches"].as_object().unwrap() {
        let name = name.clone();
        match cache["kind"].as_str().unwrap() {
            "int" | "free" => {
                let size = cache["size"].as_u64().unwrap() as u8;
                caches.ints.insert(name, IntCache::new(size));
            }
            "char" => drop(caches.chars.insert(name, CharCache::default())),
            "opcode" => drop(caches.opcodes.insert(name, OpcodeCache::default())),
            "action" => drop(caches.actions.insert(name, ActionCache::default())),
            "xid" => drop(caches.xids.insert(name, XidCache::default())),
            "var" => drop(caches.variables.insert(name, cache["init"].as_u64().unwrap() as u32)),
            other => panic!("unknown cache {other}"),
        }
    }
    caches
}

fn bitstream(case: &Value) -> Result<(), String> {
    let mut ours = caches(case);
    let mut theirs = caches(case);
    for frame in list(&case["frames"]) {
        let payload = hex(&frame["payload"]);
        let mut writer = BitWriter::default();
        for op in list(&frame["ops"]) {
            perform(&mut Encoder(&mut writer), op, &mut ours).map_err(|e| e.to_string())?;
        }
        let written = writer.take();
        if written != payload {
            return Err(format!("wrote {written:02x?}, expected {payload:02x?}"));
        }
        let mut decoder = Decoder(BitReader::new(&payload, 0));
        let expected = list(&frame["decoded"]).iter().zip(list(&frame["bits_after"]));
        for (op, (decoded, bits)) in list(&frame["ops"]).iter().zip(expected) {
            let got = perform(&mut decoder, op, &mut theirs).map_err(|e| e.to_string())?;
            if got != *decoded {
                return Err(format!("{op} read {got}, expected {decoded}"));
            }
            if Some(decoder.0.position() as u64) != bits.as_u64() {
                return Err(format!("{op} ends at bit {}, expected {bits}", decoder.0.position()));
            }
        }
        if !decoder.0.at_end() {
            return Err("more than padding is left".to_owned());
        }
    }
    for (name, state) in case["final_state"].as_object().into_iter().flatten() {
        for caches in [&ours, &theirs] {
            compare(name, state, caches)?;
        }
    }
    Ok(())
}

/// Performs one operation; what a decoder must return for it.
fn perform<C: Coder>(coder: &mut C, op: &Value, caches: &mut Caches) -> Result<Value, crate::error::Error> {
    let number = |i: usize| op[i].as_u64().unwrap() as u32;
    let name = |i: usize| op[i].as_str().unwrap();
    let value = match name(0) {
        "value" => coder.value(number(1), number(2), number(3))?,
        "bool" => coder.value(number(1), 1, 0)?,
        "int" => coder.cached(number(2), number(3), caches.ints.get_mut(name(1)).unwrap(), number(4))?,
        "char" => {
            let v = number(2) & mask(number(3));
            let cache = caches.chars.get_mut(name(1)).unwrap();
            coder.cached_char(v as u8, number(3), cache, number(4))?.into()
        }
        "diff" => {
            let register = caches.variables.get_mut(name(2)).unwrap();
            let cache = caches.ints.get_mut(name(1)).unwrap();
            coder.relative(number(3), number(4), cache, number(5), register, 1)?
        }
        "opcode" => coder.opcode(number(2) as u8, caches.opcodes.get_mut(name(1)).unwrap())?.into(),
        "action" => {
            let cache = caches.actions.get_mut(name(1)).unwrap();
            let (action, slot) = coder.action(number(2) as u8, number(3) as u16, cache)?;
            return Ok(serde_json::json!([action, slot]));
        }
        "xid" => coder.xid(number(2), caches.xids.get_mut(name(1)).unwrap())?,
        "free" => coder.cached(number(2), 29, caches.ints.get_mut(name(1)).unwrap(), 0)?,
        kind @ ("newxid" | "newxid_int") => {
            let mut ids = NewIds { last: caches.variables[name(2)], cache: caches.ints[name(3)].clone() };
            let mut free = caches.ints[name(5)].clone();
            let mut message = if C::ENCODES { number(1).to_le_bytes().to_vec() } else { vec![0; 4] };
            let mut pass = Pass {
                coder,
                message: &mut message,
                order: ByteOrder::Lsb,
                limit: 4,
                stored: None,
                stored_order: ByteOrder::Lsb,
            };
            if kind == "newxid" {
                let target = caches.xids.get_mut(name(4)).unwrap();
                pass.new_xid(at32(0), &mut ids, target, &mut free)?;
            } else {
                let target = caches.ints.get_mut(name(4)).unwrap();
                pass.new_id(at32(0), &mut ids, target, &mut free)?;
            }
            let last = ids.last;
            caches.variables.insert(name(2).to_owned(), last);
            caches.ints.insert(name(3).to_owned(), ids.cache);
            caches.ints.insert(name(5).to_owned(), free);
            last
        }
        "memory" => {
            let mut bytes = hex(&op[1]);
            if !C::ENCODES {
                bytes.fill(0);
            }
            coder.memory(&mut bytes)?;
            // Equal to the operation's own text where the bytes are right.
            return Ok(if bytes == hex(&op[1]) { op[1].clone() } else { format!("{bytes:02x?}").into() });
        }
        other => panic!("unknown operation {other}"),
    };
    Ok(value.into())
}

fn int_state(cache: &IntCache) -> Value {
    serde_json::json!({
        "entries": cache.entries.as_slice(),
        "last_diff": cache.last_diff,
        "last_value": cache.last_value,
        "block": cache.predicted,
    })
}

/// Tables that hold entries, as the vectors list them.
fn used(caches: &[IntCache]) -> Value {
    let used = caches.iter().enumerate().filter(|(_, c)| !c.entries.as_slice().is_empty());
    Value::Object(used.map(|(slot, c)| (slot.to_string(), int_state(c))).collect())
}

fn compare(name: &str, state: &Value, caches: &Caches) -> Result<(), String> {
    let ours = if let Some(cache) = caches.ints.get(name) {
        int_state(cache)
    } else if let Some(cache) = caches.chars.get(name) {
        serde_json::json!({ "entries": cache.entries.as_slice() })
    } else if let Some(cache) = caches.opcodes.get(name) {
        let tables = cache.table.caches.iter().enumerate().filter(|(_, c)| !c.entries.as_slice().is_empty());
        let used: serde_json::Map<String, Value> =
            tables.map(|(slot, c)| (slot.to_string(), c.entries.as_slice().to_vec().into())).collect();
        serde_json::json!({ "slot": cache.slot, "used": used })
    } else if let Some(cache) = caches.xids.get(name) {
        serde_json::json!({ "slot": cache.slot, "last": cache.last, "used": used(&cache.table.caches) })
    } else if let Some(cache) = caches.actions.get(name) {
        serde_json::json!({ "slot": cache.last as u8, "last": cache.last, "used": used(&cache.table.caches) })
    } else {
        // The reference's encoder keeps variables wider than their fields.
        return Ok(());
    };
    if ours == *state { Ok(()) } else { Err(format!("{name} ends as {ours}, expected {state}")) }
}

fn block_set(case: &Value) -> Result<(), String> {
    let mut set = BlockSet::new(case["size"].as_u64().unwrap() as usize);
    for lookup in list(&case["lookups"]) {
        let block = hex(&lookup[0]);
        let found = set.find(&block);
        if found.map(|i| i as u64) != lookup[2].as_u64() {
            return Err(format!("found at {found:?}, expected {}", lookup[2]));
        }
        match found {
            Some(i) => assert_eq!(set.hit(i), Some(&block[..])),
            None => set.insert(block),
        }
    }
    let expected: Vec<Vec<u8>> = list(&case["final_state"]).iter().map(hex).collect();
    if set.blocks == expected { Ok(()) } else { Err("final state differs".to_owned()) }
}

/// A block between two set bits.
fn compressed(case: &Value) -> Result<(), String> {
    let payload = hex(&case["payload"]);
    let plain = hex(&case["plain"]);
    let mut decoder = Decoder(BitReader::new(&payload, 0));
    let mut message = vec![0; plain.len()];
    let result = (|| {
        let first = decoder.flag(false)?;
        let mut pass = Pass {
            coder: &mut decoder,
            message: &mut message,
            order: ByteOrder::Lsb,
            limit: plain.len(),
            stored: None,
            stored_order: ByteOrder::Lsb,
        };
        // The vectors code the bit and the bytes of an empty block too, which no message does.
        if plain.is_empty() {
            pass.coder.flag(false)?;
            pass.memory(0, 0)?;
        }
        block::code(&mut pass, 0)?;
        Ok::<_, crate::error::Error>(first && decoder.flag(false)?)
    })();
    match result {
        Ok(true) if message == plain => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Decoding must fail.
fn refused(case: &Value) -> Result<(), String> {
    let payload = hex(&case["payload"]);
    // Operations, and for some in words how many entries their cache holds.
    let text = case["decode"].as_str().unwrap();
    let end = text.rfind(']').unwrap_or(0) + 1;
    let ops: Value = serde_json::from_str(&format!("[{}]", &text[..end])).unwrap();
    let entries: u32 = text.rsplit_once("length ").map_or(0, |(_, n)| n.parse().unwrap());
    let mut ints = IntCache::new(8);
    let mut chars = CharCache::default();
    for v in 0..entries {
        ints.miss(v, 16);
        chars.miss(v as u8);
    }
    let mut decoder = Decoder(BitReader::new(&payload, 0));
    for op in list(&ops) {
        let number = |i: usize| op[i].as_u64().unwrap() as u32;
        let result = match op[0].as_str().unwrap() {
            "value" => decoder.value(0, number(1), number(2)).map(drop),
            "bool" => decoder.flag(false).map(drop),
            "memory" => decoder.0.memory(number(1) as usize).map(drop),
            "char" => decoder.cached_char(0, number(1), &mut chars, number(2)).map(drop),
            "int" => decoder.cached(0, number(1), &mut ints, number(2)).map(drop),
            other => panic!("unknown operation {other}"),
        };
        if result.is_err() {
            return Ok(());
        }
    }
    Err("was accepted".to_owned())
}
