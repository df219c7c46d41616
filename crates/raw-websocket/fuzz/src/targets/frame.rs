//! One frame: its header read and written, masking, and the body of a Close.
//!
//! Input: an octet that picks (bit 0: read by a client; bit 1: permessage-deflate agreed on), then the frame.

use bytes::BytesMut;

use crate::close::{CloseCode, CloseReason, MAX_REASON_BYTES};
use crate::failure::Failure;
use crate::frame::{
    FrameHeader, MAX_HEADER_BYTES, Opcode, Role, encode_frame, parse_length, parse_masking_key, parse_start,
};
use crate::mask::apply_mask;
use crate::model::wire::{Anything, Header, Reader, frame, header, masked, shortest};
use crate::script::Script;
use crate::targets::role;

/// Checks one input.
pub fn check(data: &[u8]) {
    let mut script = Script::new(data);
    let picks = script.octet();
    let octets = script.rest();
    let reader = Reader { server: picks & 1 == 0, deflate: picks & 2 != 0 };
    reads_as_the_model(octets, reader);
    writes_what_reads_back(picks, octets);
    masks_octet_by_octet(octets);
    judges_close_bodies(octets);
}

/// Our reading of what has come of a frame.
fn read(octets: &[u8], deflate: bool, role: Role) -> Result<Option<(FrameHeader, usize)>, Failure> {
    let Some(start) = parse_start(octets, deflate)? else { return Ok(None) };
    let Some(length) = parse_length(octets, start, role)? else { return Ok(None) };
    Ok(parse_masking_key(octets, start, length))
}

/// The same verdict at each octet, and what is accepted is written as it was read.
fn reads_as_the_model(octets: &[u8], reader: Reader) {
    for len in 0..=octets.len().min(MAX_HEADER_BYTES + 1) {
        let ours = read(&octets[..len], reader.deflate, role(reader.server));
        let model = header(&octets[..len], reader, &mut Anything);
        match (&ours, &model) {
            (Ok(None), Ok(None)) => {}
            (Ok(Some((ours, ours_len))), Ok(Some(model))) => {
                assert_eq!((in_model_words(ours), *ours_len), (*model, model.len));
                let mut written = BytesMut::new();
                ours.encode(&mut written);
                assert_eq!(written, octets[..model.len], "written as it was read");
            }
            (Err(failure), Err(breach)) => {
                assert_eq!(failure.code().get(), breach.code);
                assert_eq!(breach.at, len, "refused with the octet that shows it");
                return;
            }
            _ => panic!("{:x?}: {ours:?}, the model {model:?}", &octets[..len]),
        }
    }
}

fn in_model_words(header: &FrameHeader) -> Header {
    let mut octets = BytesMut::new();
    header.encode(&mut octets);
    Header {
        fin: header.fin,
        rsv1: header.rsv1,
        opcode: header.opcode as u8,
        key: header.masking_key,
        payload_len: header.payload_len,
        len: octets.len(),
    }
}

/// A header and a frame of our making are what the model makes, and read back.
fn writes_what_reads_back(picks: u8, octets: &[u8]) {
    let mut script = Script::new(octets);
    let first = script.octet();
    let Some(opcode) = Opcode::parse(first & 0xf) else { return };
    let fin = first & 0x80 != 0 || opcode.is_control();
    let rsv1 = first & 0x40 != 0 && matches!(opcode, Opcode::Text | Opcode::Binary);
    let key = (picks & 1 == 0).then(|| [script.octet(), script.octet(), script.octet(), script.octet()]);
    // Each power of two, and what is around it.
    let power = 1_u64 << (script.octet() % 63);
    let payload_len = power.saturating_add_signed(i64::from(script.octet().cast_signed()));
    let payload_len = if opcode.is_control() { payload_len % 126 } else { payload_len % (1 << 63) };
    let header = FrameHeader { fin, rsv1, opcode, payload_len, masking_key: key };
    let mut written = BytesMut::new();
    header.encode(&mut written);
    assert!(written.len() <= MAX_HEADER_BYTES);
    let read_back = read(&written, true, role(key.is_some()));
    assert_eq!(read_back, Ok(Some((header, written.len()))));

    let payload = script.rest();
    if !opcode.is_control() || payload.len() <= 125 {
        let mut written = BytesMut::new();
        encode_frame(opcode, payload, key, &mut written);
        assert_eq!(written, frame(0x80 | opcode as u8, shortest(payload.len()), key, payload));
    }
}

/// In one piece and in any two.
fn masks_octet_by_octet(octets: &[u8]) {
    let mut script = Script::new(octets);
    let key = [script.octet(), script.octet(), script.octet(), script.octet()];
    let cut = usize::from(script.octet());
    let payload = script.rest();
    let expected = masked(payload, Some(key));
    let mut whole = payload.to_vec();
    apply_mask(&mut whole, key, 0);
    assert_eq!(whole, expected);
    let mut pieces = payload.to_vec();
    let (left, right) = pieces.split_at_mut(cut.min(payload.len()));
    apply_mask(left, key, 0);
    apply_mask(right, key, left.len());
    assert_eq!(pieces, expected);
}

/// The body of a Close is judged as the RFC has it, written as it was read, and cut at a code point.
fn judges_close_bodies(octets: &[u8]) {
    let body = &octets[..octets.len().min(125)];
    let code = body.first_chunk().map(|code| u16::from_be_bytes(*code));
    let right = code.is_some_and(|code| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999));
    match CloseReason::parse(body) {
        Ok(None) => assert!(body.is_empty()),
        Ok(Some(reason)) => {
            assert!(right && std::str::from_utf8(&body[2..]).is_ok());
            let mut written = BytesMut::new();
            reason.encode(&mut written);
            assert_eq!(written, body);
        }
        Err(Failure::CloseReasonNotUtf8) => assert!(right && std::str::from_utf8(&body[2..]).is_err()),
        Err(failure) => assert!(!right && !body.is_empty() && failure.code().get() == 1002),
    }
    let text = String::from_utf8_lossy(octets).into_owned();
    let cut = CloseReason::new(CloseCode::NORMAL_CLOSURE, text.clone());
    assert!(text.starts_with(cut.reason()) && cut.reason().len() <= MAX_REASON_BYTES);
    assert!(cut.reason() == text || cut.reason().len() > MAX_REASON_BYTES - 4, "cut no shorter than needed");
}
