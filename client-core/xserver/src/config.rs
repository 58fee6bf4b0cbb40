//! How a server is set up by the program that embeds it.

/// The shape of the screen and the rules of the house.
#[derive(Debug, Clone)]
pub struct Config {
    /// Width of the screen in pixels, 1 to 32767.
    pub width: u16,
    /// Height of the screen in pixels, 1 to 32767.
    pub height: u16,
    /// Pixels per inch, from which the physical size is computed.
    pub dpi: u16,
    /// The vendor string of the connection setup.
    pub vendor: String,
    /// What a client may use.
    pub limits: Limits,
    /// How many fingers the embedder's touchscreen tells apart at most; 0 where it has none, and then clients find none.
    pub touches: u8,
    /// The embedder acts as window manager: selecting `SubstructureRedirect` on the root is answered with
    /// `BadAccess`, as if a window manager were running; a mapped top-level window that is not
    /// override-redirect is placed at 0,0, given the size of the screen and the focus, and follows
    /// [`crate::Server::resize`].
    pub manage_top_levels: bool,
    /// What the user's keyboard is called.
    pub keyboard: KeyboardNames,
    /// What keymaps are compiled from: those that clients load by name, and the first one. With none the keyboard begins as
    /// a US one, whatever [`Self::keyboard`] calls it, and clients that name a keymap are told that it does not exist.
    pub keymaps: Option<KeymapFiles>,
    /// Directories of fonts that clients may name (`SetFontPath`); none offers the built-in fonts alone.
    pub font_files: Option<FontFiles>,
    /// Those of them that clients find fonts in without naming them, before the built-in ones. What is no such directory
    /// is left out.
    pub font_path: Vec<String>,
    /// When the last connection closes, and its client has not asked that anything be retained, all is as if the server
    /// had just been started (X11 §10). Where this is off, settings, atoms and properties of the root outlive those who
    /// made them.
    pub starts_over: bool,
}

/// How the embedder gives the server the keymap database that X installations share, from which it compiles keymaps.
/// Both functions are called while a request is executed.
#[derive(Debug, Clone, Copy)]
pub struct KeymapFiles {
    /// A file by its path within the database, `symbols/us` or `rules/evdev` for instance; none if there is no such file.
    /// The path has no step upwards and does not begin with a slash, but names a file as a client wants it otherwise.
    pub read: fn(path: &str) -> Option<Vec<u8>>,
    /// The keysym of a name, `Adiaeresis` for instance. Digits and code points (`U0416`) the server knows itself.
    pub keysym: fn(name: &str) -> Option<u32>,
}

/// Names of fonts, each with the file it is in.
pub type FontNames = Vec<(String, String)>;

/// How the embedder gives clients the fonts of a directory. Both functions are called while a request is executed.
#[derive(Debug, Clone, Copy)]
pub struct FontFiles {
    /// The names of the fonts in a directory (aliases too) with the file each is in; none if it is no such directory.
    pub list: fn(directory: &str) -> Option<FontNames>,
    /// The contents of a file of a directory: PCF, compressed or not.
    pub read: fn(directory: &str, file: &str) -> Option<Vec<u8>>,
}

/// A keyboard in the words of XKB's rules, as the root window tells it (`_XKB_RULES_NAMES`): what a client that compiles
/// keymaps itself makes its own of. The rules should be `evdev`, since keys have evdev codes (plus 8). NUL is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyboardNames {
    /// The rules, which say what the other names mean.
    pub rules: String,
    /// The make, `pc105` for instance.
    pub model: String,
    /// Layouts, with commas between.
    pub layout: String,
    /// A variant of each layout, with commas between.
    pub variant: String,
    /// Options, with commas between.
    pub options: String,
}

impl Default for KeyboardNames {
    fn default() -> Self {
        Self {
            rules: "evdev".to_owned(),
            model: "pc105".to_owned(),
            layout: "us".to_owned(),
            variant: String::new(),
            options: String::new(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 800,
            dpi: 96,
            vendor: "QVD xserver".to_owned(),
            limits: Limits::default(),
            touches: 0,
            manage_top_levels: false,
            keyboard: KeyboardNames::default(),
            keymaps: None,
            font_files: None,
            font_path: Vec::new(),
            starts_over: true,
        }
    }
}

/// Bounds on what clients may use, so that none of them can exhaust the memory of the embedder.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at a time, 1 to 255. Fewer connections leave each more resource ids: a client has
    /// 2^(29 - bits of (this + 1)) of them.
    pub clients: u16,
    /// Resources per client.
    pub resources: usize,
    /// Bytes of pixmaps per client.
    pub pixmap_bytes: usize,
    /// Bytes of properties on all windows.
    pub property_bytes: usize,
    /// Atoms in the server.
    pub atoms: usize,
    /// Bytes a client may leave unread before it is cut off.
    pub output_bytes: usize,
    /// Bytes a client may send ahead while its requests have to wait.
    pub input_bytes: usize,
    /// The largest request, in bytes (BIG-REQUESTS).
    pub request_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 255,
            resources: 200_000,
            pixmap_bytes: 1 << 30,
            property_bytes: 64 << 20,
            atoms: 100_000,
            output_bytes: 64 << 20,
            input_bytes: 64 << 20,
            request_bytes: 16 << 20,
        }
    }
}
