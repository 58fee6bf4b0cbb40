//! What can go wrong: [`Fault`] ends a connection, [`XError`] is an X11 error sent to the client.
//!
//! Every X error carries the code and the value of X11 §4 ("Errors"); the major and minor opcode and the
//! sequence number are those of the request that is being executed and are filled in by the dispatcher.

use x11rb_protocol::protocol::xproto;

/// Why a connection cannot go on. The embedder closes the transport and calls [`crate::Server::disconnect`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The client id names no connection (any more).
    #[error("no such client")]
    UnknownClient,
    /// The first byte was neither `B` nor `l` (X11 §8).
    #[error("byte order mark expected, found {0:#04x}")]
    ByteOrder(u8),
    /// The setup request was refused; the refusal is in the output.
    #[error("connection setup refused: {0}")]
    SetupRefused(&'static str),
    /// The client does not read what it is sent.
    #[error("client left more than {limit} bytes unread")]
    SlowReader {
        /// The limit that was passed, in bytes.
        limit: usize,
    },
    /// The client sends while its requests cannot be executed (another client holds the server).
    #[error("client sent more than {limit} bytes ahead")]
    TooMuchInput {
        /// The limit that was passed, in bytes.
        limit: usize,
    },
    /// The connection was ended by the server, for instance by `KillClient`.
    #[error("connection was killed")]
    Killed,
}

/// An X11 error: the code and the offending value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct XError {
    /// The error code (extension errors include their base).
    pub(crate) code: u8,
    /// The resource, atom or value at fault; 0 where the protocol defines none.
    pub(crate) value: u32,
}

/// The result of executing a request.
pub(crate) type Outcome<T = ()> = Result<T, XError>;

macro_rules! constructors {
    ($($name:ident = $code:ident),* $(,)?) => {
        impl XError {
            $(
                #[doc = concat!("`", stringify!($code), "` for this value.")]
                pub(crate) const fn $name(value: u32) -> Self {
                    Self { code: xproto::$code, value }
                }
            )*
        }
    };
}

constructors! {
    access = ACCESS_ERROR,
    alloc = ALLOC_ERROR,
    atom = ATOM_ERROR,
    colormap = COLORMAP_ERROR,
    cursor = CURSOR_ERROR,
    drawable = DRAWABLE_ERROR,
    font = FONT_ERROR,
    gc = G_CONTEXT_ERROR,
    id_choice = ID_CHOICE_ERROR,
    matching = MATCH_ERROR,
    name = NAME_ERROR,
    pixmap = PIXMAP_ERROR,
    value = VALUE_ERROR,
    window = WINDOW_ERROR,
}

impl XError {
    /// The opcode is not offered.
    pub(crate) const REQUEST: Self = Self { code: xproto::REQUEST_ERROR, value: 0 };
    /// The request is shorter or longer than it has to be.
    pub(crate) const LENGTH: Self = Self { code: xproto::LENGTH_ERROR, value: 0 };
    /// A limit was reached.
    pub(crate) const ALLOC: Self = Self::alloc(0);
    /// The arguments do not fit each other.
    pub(crate) const MATCH: Self = Self::matching(0);
    /// The name does not exist.
    pub(crate) const NAME: Self = Self::name(0);
}

impl From<x11rb_protocol::errors::ParseError> for XError {
    fn from(_: x11rb_protocol::errors::ParseError) -> Self {
        Self::LENGTH
    }
}

impl XError {
    /// Somebody else has it, or it may not be changed.
    pub(crate) const ACCESS: Self = Self::access(0);
}
