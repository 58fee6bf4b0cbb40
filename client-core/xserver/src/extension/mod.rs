//! The extensions: one module each, entered through one table.
//!
//! An extension is answered by `QueryExtension` exactly when it is in [`EXTENSIONS`]; what is not there is absent.
//! Its opcode, first event and first error are fixed numbers, so that events and errors can be made without asking.

use x11rb_protocol::x11_utils::RequestHeader;

use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::Outcome;
use crate::server::Server;

pub(crate) mod big_requests;
pub(crate) mod damage;
pub(crate) mod generic_event;
mod message;
pub(crate) mod randr;
pub(crate) mod render;
pub(crate) mod screen_saver;
pub(crate) mod shape;
pub(crate) mod sync;
pub(crate) mod xc_misc;
pub(crate) mod xfixes;
pub(crate) mod xinerama;
pub(crate) mod xinput;
pub(crate) mod xkb;
pub(crate) mod xtest;

/// One extension: its name, its numbers, and the function that executes its requests.
pub(crate) struct Extension {
    /// The name `QueryExtension` is asked for.
    pub(crate) name: &'static str,
    pub(crate) major: u8,
    /// 0 if it has no events.
    pub(crate) first_event: u8,
    /// 0 if it has no errors.
    pub(crate) first_error: u8,
    /// Executes the request whose minor opcode is in the header; `body` is what follows the header, its length
    /// already known to be `header.remaining_length` words. An unknown minor opcode is [`crate::error::XError::REQUEST`].
    pub(crate) dispatch: fn(&mut Server, ClientId, RequestHeader, &[u8]) -> Outcome,
    /// How to turn its messages around for a client of the other byte order.
    pub(crate) layouts: &'static Layouts,
}

/// The numbers of each extension.
pub(crate) mod number {
    pub(crate) const BIG_REQUESTS: u8 = 128;
    pub(crate) const XC_MISC: u8 = 129;
    pub(crate) const SHAPE: u8 = 130;
    pub(crate) const SHAPE_EVENT: u8 = 64;
    pub(crate) const XFIXES: u8 = 131;
    pub(crate) const XFIXES_EVENT: u8 = 66;
    pub(crate) const XFIXES_ERROR: u8 = 130;
    pub(crate) const RANDR: u8 = 132;
    pub(crate) const RANDR_EVENT: u8 = 70;
    pub(crate) const RANDR_ERROR: u8 = 133;
    pub(crate) const DAMAGE: u8 = 133;
    pub(crate) const DAMAGE_EVENT: u8 = 74;
    pub(crate) const DAMAGE_ERROR: u8 = 138;
    pub(crate) const XTEST: u8 = 134;
    pub(crate) const SYNC: u8 = 135;
    pub(crate) const SYNC_EVENT: u8 = 76;
    pub(crate) const SYNC_ERROR: u8 = 140;
    pub(crate) const XINERAMA: u8 = 136;
    pub(crate) const GENERIC_EVENT: u8 = 137;
    pub(crate) const RENDER: u8 = 138;
    pub(crate) const RENDER_ERROR: u8 = 144;
    pub(crate) const XKEYBOARD: u8 = 139;
    pub(crate) const XKEYBOARD_EVENT: u8 = 80;
    pub(crate) const XKEYBOARD_ERROR: u8 = 150;
    pub(crate) const SCREEN_SAVER: u8 = 141;
    pub(crate) const SCREEN_SAVER_EVENT: u8 = 108;
    pub(crate) const XINPUT: u8 = 140;
    pub(crate) const XINPUT_EVENT: u8 = 90;
    pub(crate) const XINPUT_ERROR: u8 = 152;
}

/// What is offered, in the order of the opcodes.
pub(crate) static EXTENSIONS: &[Extension] = &[
    big_requests::EXTENSION,
    xc_misc::EXTENSION,
    shape::EXTENSION,
    xfixes::EXTENSION,
    randr::EXTENSION,
    damage::EXTENSION,
    xtest::EXTENSION,
    sync::EXTENSION,
    xinerama::EXTENSION,
    generic_event::EXTENSION,
    render::EXTENSION,
    xkb::EXTENSION,
    xinput::EXTENSION,
    screen_saver::EXTENSION,
];

/// The extension of a major opcode.
pub(crate) fn by_major(major: u8) -> Option<&'static Extension> {
    EXTENSIONS.iter().find(|extension| extension.major == major)
}

/// The extension of a name.
pub(crate) fn by_name(name: &[u8]) -> Option<&'static Extension> {
    EXTENSIONS.iter().find(|extension| extension.name.as_bytes() == name)
}
