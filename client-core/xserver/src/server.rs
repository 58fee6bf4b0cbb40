//! The server: its state, its connections, and the loop that executes requests.

use std::collections::VecDeque;

use x11rb_protocol::x11_utils::{RequestHeader, Serialize};

use crate::atom::Atoms;
use crate::byte_order;
use crate::client::{Client, ClientId, CloseDown, Phase};
use crate::clipboard::Clipboard;
use crate::config::Config;
use crate::core_fonts::{FontPath, ScaledFont};
use crate::error::{Fault, Outcome, XError};
use crate::extension;
use crate::extension::randr::Randr;
use crate::extension::render::Render;
use crate::extension::sync::Sync;
use crate::extension::xfixes::Xfixes;
use crate::extension::xinput::Xinput;
use crate::extension::xkb::Xkb;
use crate::font::Catalogue;
use crate::inbox::{Inbox, PORTION};
use crate::input::{Input, Keyboard};
use crate::keymap::Description;
use crate::raster::Pixmap;
use crate::region::{Rect, Region};
use crate::resource::{Resources, Xid};
use crate::screen_saver::ScreenSaver;
use crate::selection::Selections;
use crate::setup;
use crate::surface::{SurfaceId, Surfaces};

/// Something the embedder may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A client rang the bell.
    Bell {
        /// Loudness, 0 to 100.
        percent: u8,
        /// In hertz.
        pitch: u16,
        /// In milliseconds.
        duration: u16,
    },
    /// [`Server::cursor`] has a new image.
    CursorChanged,
    /// A client took a selection (or gave it up): its text can be asked for with [`Server::request_text`].
    SelectionOwner {
        /// Which selection.
        selection: crate::Selection,
        /// Whether a client owns it now.
        owned: bool,
    },
    /// The answer to [`Server::request_text`].
    SelectionText {
        /// Which selection.
        selection: crate::Selection,
        /// The text; none if the owner refused or has no text.
        text: Option<String>,
    },
    /// The name of a top-level window changed (`_NET_WM_NAME` or `WM_NAME`).
    TopLevelTitle {
        /// The window.
        window: u32,
        /// Its name.
        title: String,
    },
    /// A client moved the pointer (`WarpPointer`); the embedder may move its own.
    PointerWarped {
        /// Column in pixels of the screen.
        x: i16,
        /// Row in pixels of the screen.
        y: i16,
    },
    /// A client gave the screen another size (RANDR), which it can only where [`Config::manage_top_levels`] is off.
    ScreenResized {
        /// Columns in pixels.
        width: u16,
        /// Rows in pixels.
        height: u16,
    },
    /// A connection has to be closed and [disconnected](Server::disconnect).
    ClientFault {
        /// The connection.
        client: ClientId,
        /// Why.
        fault: Fault,
    },
}

/// An X11 display server without I/O.
#[derive(Debug)]
pub struct Server {
    pub(crate) config: Config,
    /// The embedder's clock in milliseconds, modulo 2^32.
    pub(crate) time: u32,
    clients: Vec<Option<Box<Client>>>,
    /// How far an id is shifted to find its owner.
    pub(crate) id_shift: u32,
    pub(crate) resources: Resources,
    pub(crate) surfaces: Surfaces,
    pub(crate) atoms: Atoms,
    pub(crate) selections: Selections,
    pub(crate) clipboard: Clipboard,
    pub(crate) input: Input,
    pub(crate) fonts: Catalogue,
    pub(crate) font_path: FontPath,
    pub(crate) scaled_fonts: Vec<ScaledFont>,
    pub(crate) randr: Randr,
    pub(crate) xfixes: Xfixes,
    pub(crate) sync: Sync,
    pub(crate) xkb: Xkb,
    pub(crate) xinput: Xinput,
    pub(crate) render: Render,
    pub(crate) screen_saver: ScreenSaver,
    pub(crate) access: crate::access::Access,
    /// Ids of all DAMAGE objects.
    pub(crate) damages: Vec<Xid>,
    /// Bytes of all properties.
    pub(crate) property_bytes: usize,
    /// What of the screen has changed since it was last taken.
    pub(crate) damage: Region,
    /// Damage that is not in the region yet: many small requests would each walk all of it.
    new_damage: Vec<Rect>,
    pub(crate) events: VecDeque<ServerEvent>,
    /// Executes requests alone (`GrabServer`).
    pub(crate) grabbed_by: Option<ClientId>,
    /// The request being executed.
    major: u8,
    minor: u16,
    /// Clients whose waiting requests may go on.
    pub(crate) wake: bool,
    /// A client has gone with all it had: if nobody else is connected, the server starts over.
    spent: bool,
    /// Stands for the root window's id everywhere.
    pub(crate) root: Xid,
}

/// The largest screen, in pixels of a side: what a pixmap can hold.
pub(crate) const MAX_SIDE: u16 = 16_384;
/// Ids of the server's own resources (client 0).
pub(crate) const ROOT: Xid = 0x100;
/// The default colormap.
pub(crate) const DEFAULT_COLORMAP: Xid = 0x20;

impl Server {
    /// A server with an empty screen.
    pub fn new(mut config: Config) -> Self {
        config.width = config.width.clamp(1, MAX_SIDE);
        config.height = config.height.clamp(1, MAX_SIDE);
        config.dpi = config.dpi.clamp(10, 2000);
        config.limits.clients = config.limits.clients.clamp(1, 255);
        let bits = u32::BITS - u32::from(config.limits.clients).leading_zeros();
        let screen = blank_screen(config.width, config.height);
        let mut atoms = Atoms::new();
        let mut server = Self {
            time: 1,
            clients: (0..=config.limits.clients).map(|_| None).collect(),
            id_shift: 29 - bits,
            resources: Resources::default(),
            surfaces: Surfaces::new(screen),
            input: Input::new(ROOT, Keyboard::new(Description::built_in(&mut atoms))),
            atoms,
            selections: Selections::default(),
            clipboard: Clipboard::default(),
            fonts: Catalogue::default(),
            font_path: FontPath::default_of(&config),
            scaled_fonts: Vec::new(),
            randr: Randr::default(),
            xfixes: Xfixes::default(),
            sync: Sync::default(),
            xkb: Xkb::default(),
            xinput: Xinput::default(),
            render: Render::default(),
            screen_saver: ScreenSaver::default(),
            access: crate::access::Access::default(),
            damages: Vec::new(),
            property_bytes: 0,
            damage: Region::new(),
            new_damage: Vec::new(),
            events: VecDeque::new(),
            grabbed_by: None,
            major: 0,
            minor: 0,
            wake: false,
            spent: false,
            root: ROOT,
            config,
        };
        server.make_root();
        server.start_randr();
        extension::xkb::set_rules_names(&mut server);
        extension::xkb::load_first_keymap(&mut server);
        server
    }

    /// Opens a connection; none if there are too many.
    pub fn connect(&mut self) -> Option<ClientId> {
        let index = (1..self.clients.len()).find(|index| self.clients[*index].is_none())?;
        let id = ClientId(index as u32);
        let mut client = Client::new(id, self.config.limits.output_bytes);
        client.configurations = self.randr.configurations;
        self.clients[index] = Some(Box::new(client));
        Some(id)
    }

    /// Ends a connection: grabs, selections and resources go as the protocol says (X11 §12).
    pub fn disconnect(&mut self, id: ClientId) {
        if self.client(id).is_none_or(|client| client.phase == Phase::Retained) {
            return;
        }
        self.close_client(id);
        self.run_waiting();
    }

    /// Takes bytes from a client, in any portions, and executes every request that is complete.
    pub fn receive(&mut self, id: ClientId, bytes: &[u8]) -> Result<(), Fault> {
        if self.client(id).is_none_or(|client| client.phase == Phase::Retained) {
            return Err(Fault::UnknownClient);
        }
        self.take_input(id, bytes);
        self.run_waiting();
        self.state_of(id)
    }

    /// Where bytes of a client may be put so that nothing has to be copied: room for what is missing of its next request,
    /// and for a good deal more. Then [`Self::received`] tells how many there are. None for an unknown client.
    pub fn room(&mut self, id: ClientId) -> Option<&mut [u8]> {
        let limit = self.config.limits.request_bytes;
        let client = self.client_mut(id).filter(|client| client.phase != Phase::Retained)?;
        let expected = client.expects(limit);
        Some(client.input.room(expected))
    }

    /// Takes bytes that have been put into a client's [room](Self::room), and executes every request that is complete.
    pub fn received(&mut self, id: ClientId, count: usize) -> Result<(), Fault> {
        let client = self.client_mut(id).filter(|client| client.phase != Phase::Retained);
        client.ok_or(Fault::UnknownClient)?.input.filled(count);
        self.run_buffered(id);
        self.limit_input(id);
        self.run_waiting();
        self.state_of(id)
    }

    fn state_of(&self, id: ClientId) -> Result<(), Fault> {
        match self.client(id) {
            None => Err(Fault::UnknownClient),
            Some(client) => client.fault.clone().map_or(Ok(()), Err),
        }
    }

    /// The bytes for a client: the embedder sends them and drains what it has sent.
    pub fn output(&mut self, id: ClientId) -> Option<&mut Vec<u8>> {
        self.client_mut(id).map(|client| &mut client.output)
    }

    /// The clients for which [`Self::output`] is not empty.
    pub fn clients_with_output(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.clients.iter().flatten().filter(|client| !client.output.is_empty()).map(|client| client.id)
    }

    /// Tells the time: milliseconds that count up, from any start. Only differences matter to clients, and 0 is
    /// skipped because the protocol gives it a meaning.
    pub fn set_time(&mut self, milliseconds: u32) {
        self.time = milliseconds.max(1);
        self.run_alarms();
        self.run_keyboard();
        self.run_screen_saver();
        self.run_waiting();
        self.animate_cursor();
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front().or_else(|| {
            // One that does not read may never send again: nothing else would tell of it.
            let client = self.clients_mut().find(|client| client.fault.is_some() && !client.fault_told)?;
            client.fault_told = true;
            client.fault.clone().map(|fault| ServerEvent::ClientFault { client: client.id, fault })
        })
    }

    /// What of the screen has changed since the last call, in pixels.
    pub fn take_damage(&mut self) -> Region {
        self.gather_damage();
        std::mem::take(&mut self.damage)
    }

    /// Whether there is damage to take.
    pub fn has_damage(&self) -> bool {
        !self.damage.is_empty() || !self.new_damage.is_empty()
    }

    /// The pixels of the screen: rows of `0x??RRGGBB` words (BGRX in memory on little-endian machines), one after the
    /// other; the length of a row is the width.
    pub fn screen(&self) -> &[u32] {
        self.surfaces.get(SurfaceId::SCREEN).words().unwrap_or(&[])
    }

    /// Width and height of the screen in pixels.
    pub fn size(&self) -> (u16, u16) {
        (self.config.width, self.config.height)
    }

    /// Marks a part of the screen as changed.
    pub(crate) fn damage_screen(&mut self, rect: Rect) {
        let rect = rect.intersect(&self.screen_rect());
        if !rect.is_empty() {
            // Requests often go on where the last ones were.
            let known = |known: &Rect| known.contains_rect(&rect);
            if self.damage.as_rect().as_ref().is_some_and(known) || self.new_damage.iter().any(known) {
                return;
            }
            self.new_damage.push(rect);
            if self.new_damage.len() >= 16 {
                self.gather_damage();
            }
        }
    }

    fn gather_damage(&mut self) {
        if self.new_damage.is_empty() {
            return;
        }
        let added = Region::from_rects(&self.new_damage);
        self.new_damage.clear();
        self.damage = if self.damage.is_empty() { added } else { self.damage.union(&added) };
        // Many small boxes cost more to keep than their hull costs to upload.
        if self.damage.rects().len() > 64 {
            self.damage = Region::from_rect(self.damage.extents());
        }
    }

    pub(crate) fn screen_rect(&self) -> Rect {
        Rect::new(0, 0, i32::from(self.config.width), i32::from(self.config.height))
    }

    pub(crate) fn client(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(id.0 as usize)?.as_deref()
    }

    pub(crate) fn client_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.clients.get_mut(id.0 as usize)?.as_deref_mut()
    }

    pub(crate) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.iter().flatten().map(|client| &**client)
    }

    pub(crate) fn clients_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.clients.iter_mut().flatten().map(|client| &mut **client)
    }

    /// Answers the request being executed.
    pub(crate) fn reply(&mut self, id: ClientId, reply: &impl Serialize) {
        let (major, minor) = (self.major, self.minor as u8);
        if let Some(client) = self.client_mut(id) {
            client.reply(major, minor, reply);
        }
    }

    /// Sends a reply that ends with pixels, which `write` adds to the client's bytes.
    pub(crate) fn reply_pixels(
        &mut self,
        id: ClientId,
        reply: &impl Serialize,
        write: impl FnOnce(&Surfaces, &mut Vec<u8>),
    ) {
        let (major, minor) = (self.major, self.minor as u8);
        if let Some(Some(client)) = self.clients.get_mut(id.0 as usize) {
            client.reply_of(major, minor, |output| {
                reply.serialize_into(output);
                write(&self.surfaces, output);
            });
        }
    }

    /// Sends an event of 32 bytes to a client, whatever it has selected.
    pub(crate) fn send_event(&mut self, id: ClientId, event: &[u8]) {
        if let Some(client) = self.client_mut(id) {
            client.event(event);
        }
    }

    /// Ends a connection from the server's side, with all that follows at once; its number stays taken until the
    /// embedder has closed the transport.
    pub(crate) fn kill(&mut self, id: ClientId) {
        if self.client(id).is_none_or(|client| client.fault.is_some()) {
            return;
        }
        self.events.push_back(ServerEvent::ClientFault { client: id, fault: Fault::Killed });
        let destroyed = self.client(id).is_some_and(|client| client.close_down == CloseDown::Destroy);
        self.close_client(id);
        if destroyed {
            let mut gone = Client::new(id, 0);
            gone.fault = Some(Fault::Killed);
            gone.fault_told = true;
            if let Some(place) = self.clients.get_mut(id.0 as usize) {
                *place = Some(Box::new(gone));
            }
        }
        self.wake = true;
    }

    fn take_input(&mut self, id: ClientId, bytes: &[u8]) {
        let Some(client) = self.client_mut(id) else { return };
        if client.input.is_empty() {
            let used = self.run(id, bytes);
            let limit = self.config.limits.request_bytes;
            if let (Some(client), Some(rest @ [_, ..])) = (self.client_mut(id), bytes.get(used..)) {
                client.input.push(rest);
                // All of a long request at once, rather than again and again a little more.
                let expected = client.expects(limit);
                if expected > PORTION {
                    client.input.room(expected);
                }
            }
        } else {
            client.input.push(bytes);
            self.run_buffered(id);
        }
        self.limit_input(id);
    }

    /// A client that sends on and on while it has to wait is cut off.
    fn limit_input(&mut self, id: ClientId) {
        let limit = self.config.limits.input_bytes.max(self.config.limits.request_bytes);
        if let Some(client) = self.client_mut(id)
            && client.input.len() > limit
        {
            client.input = Inbox::default();
            client.fault = Some(Fault::TooMuchInput { limit });
        }
    }

    fn run_buffered(&mut self, id: ClientId) {
        let Some(client) = self.client_mut(id) else { return };
        let mut input = std::mem::take(&mut client.input);
        let used = self.run(id, input.waiting());
        input.used(used);
        if let Some(client) = self.client_mut(id) {
            client.input = input;
        }
    }

    /// Goes on with clients that had to wait, as long as something lets one of them go on. Once nobody is left, the
    /// server starts over.
    fn run_waiting(&mut self) {
        while std::mem::take(&mut self.wake) {
            for index in 1..self.clients.len() {
                let id = ClientId(index as u32);
                if self.client(id).is_some_and(|client| !client.input.is_empty()) && self.may_run(id) {
                    self.run_buffered(id);
                }
            }
        }
        if self.spent && self.config.starts_over && !self.clients().any(Client::is_connected) {
            self.start_over();
        }
    }

    /// X11 §10: with no connection left, all is as if the server had just been started. What the embedder has said and
    /// what the user does goes on: the size and monitors, texts offered, locks, the pointer's place.
    fn start_over(&mut self) {
        let mut fresh = Self::new(self.config.clone());
        fresh.time = self.time;
        fresh.events = std::mem::take(&mut self.events);
        // Numbers of connections that were ended from this side stay taken until the embedder has closed them.
        fresh.clients = std::mem::take(&mut self.clients);
        for client in &mut fresh.clients {
            client.take_if(|client| client.phase == Phase::Retained);
        }
        let monitors = self.embedders_monitors();
        fresh.set_monitors(&monitors);
        for (selection, text) in self.offered_texts() {
            fresh.set_text(selection, text);
        }
        fresh.sync.last_input = self.sync.last_input;
        let unlocked = fresh.input.keyboard.state;
        let locks = self.input.keyboard.users_locks;
        fresh.input.keyboard.users_locks = locks;
        fresh.input.keyboard.state.locked = locks;
        let cause = extension::xkb::Cause::key(0, 0);
        extension::xkb::state_may_have_changed(&mut fresh, &unlocked, cause);
        let pointer = &self.input.pointer;
        (fresh.input.pointer.x, fresh.input.pointer.y) = (pointer.x, pointer.y);
        fresh.input.pointer.device = pointer.device;
        fresh.damage_screen(fresh.screen_rect());
        *self = fresh;
    }

    fn may_run(&self, id: ClientId) -> bool {
        let free = self.grabbed_by.is_none_or(|holder| holder == id);
        self.client(id)
            .is_some_and(|client| (free || client.impervious) && !client.blocked && client.fault.is_none())
    }

    /// Executes what is complete in `bytes`; returns how much was used.
    fn run(&mut self, id: ClientId, bytes: &[u8]) -> usize {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..)
            && !rest.is_empty()
        {
            let Some(client) = self.client_mut(id) else { return bytes.len() };
            if client.fault.is_some() {
                return bytes.len();
            }
            if client.skip > 0 {
                let skipped = client.skip.min(rest.len());
                client.skip -= skipped;
                used += skipped;
                continue;
            }
            let phase = client.phase;
            let taken = match phase {
                Phase::Retained => return bytes.len(),
                Phase::Setup => setup::run(self, id, rest),
                Phase::Running if self.may_run(id) => self.run_one(id, rest),
                Phase::Running => return used,
            };
            if taken == 0 {
                return used;
            }
            used += taken;
        }
        used
    }

    /// Executes one request if it is complete; returns its length or 0.
    fn run_one(&mut self, id: ClientId, bytes: &[u8]) -> usize {
        let limit = self.config.limits.request_bytes;
        let Some(client) = self.client_mut(id) else { return 0 };
        let Some(&[major, minor, l0, l1]) = bytes.first_chunk::<4>() else { return 0 };
        let swapped = client.swapped;
        let mut words = u32::from(u16::from_ne_bytes([l0, l1]));
        if swapped {
            words = u32::from((words as u16).swap_bytes());
        }
        let mut header = 4;
        let mut malformed = false;
        if words == 0 && client.big_requests {
            let Some(&[_, _, _, _, a, b, c, d]) = bytes.first_chunk::<8>() else { return 0 };
            let long = u32::from_ne_bytes([a, b, c, d]);
            words = if swapped { long.swap_bytes() } else { long };
            header = 8;
            malformed = words < 2;
        } else if words == 0 {
            malformed = true;
        }
        let length = words as usize * 4;
        if malformed || length > limit {
            client.sequence = client.sequence.wrapping_add(1);
            client.error(major, u16::from(minor), XError::LENGTH);
            client.skip = length.max(header) - header;
            return header;
        }
        let Some(request) = bytes.get(..length) else { return 0 };
        client.sequence = client.sequence.wrapping_add(1);
        let body = &request[header..];
        let header = RequestHeader {
            major_opcode: major,
            minor_opcode: minor,
            remaining_length: (body.len() / 4) as u32,
        };
        self.major = major;
        self.minor = if major >= 128 { u16::from(minor) } else { 0 };
        let outcome = if swapped {
            let mut copy = body.to_vec();
            byte_order::swap_request(major, minor, &mut copy);
            self.execute(id, header, &copy)
        } else {
            self.execute(id, header, body)
        };
        if let Err(error) = outcome {
            let (major, minor) = (self.major, self.minor);
            tracing::debug!(client = id.0, major, minor, code = error.code, value = error.value, "X error");
            if let Some(client) = self.client_mut(id) {
                client.error(major, minor, error);
            }
        }
        length
    }

    fn execute(&mut self, id: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
        if header.major_opcode < 128 {
            crate::dispatch::core(self, id, header, body)
        } else {
            let extension = extension::by_major(header.major_opcode).ok_or(XError::REQUEST)?;
            (extension.dispatch)(self, id, header, body)
        }
    }

    /// X11 §12: what a connection leaves behind.
    fn close_client(&mut self, id: ClientId) {
        // In the protocol's order, in which events that waited for the end of its grabs may still activate others of its own.
        self.forget_event_selections(id);
        self.xinput.client_gone(id);
        self.xi_release_grabs(id);
        self.xi_forget_touches(|listener| listener.client == id);
        self.release_grabs(id);
        if self.grabbed_by == Some(id) {
            self.grabbed_by = None;
            self.wake = true;
        }
        self.forget_save_set(id);
        self.forget_selections(id);
        if self.client(id).is_some_and(|client| client.close_down == CloseDown::Destroy) {
            self.forget_colors(id);
        }
        extension::sync::client_gone(self, id);
        self.xfixes.client_gone(id);
        self.randr.client_gone(id);
        extension::xkb::client_gone(self, id);
        self.forget_screen_saver(id);
        let Some(client) = self.client_mut(id) else { return };
        client.output = Vec::new();
        client.input = Inbox::default();
        let running = client.phase == Phase::Running;
        if client.close_down == CloseDown::Destroy {
            self.destroy_resources(id);
            self.clients[id.0 as usize] = None;
            self.spent |= running;
        } else {
            client.phase = Phase::Retained;
            self.spent = false;
        }
    }

    /// Frees all that a client owns.
    pub(crate) fn destroy_resources(&mut self, id: ClientId) {
        let mut owned: Vec<Xid> =
            self.resources.keys().copied().filter(|xid| self.owner(*xid) == id).collect();
        owned.sort_unstable();
        // Windows first: clips are computed once for all that go, not for each.
        self.destroy_windows(&owned);
        for xid in owned {
            self.free_resource(xid);
        }
    }

    /// Frees what a client that has gone had retained.
    pub(crate) fn destroy_retained(&mut self, id: ClientId) {
        self.forget_colors(id);
        if self.client(id).is_some_and(|client| client.phase == Phase::Retained) {
            self.destroy_resources(id);
            self.clients[id.0 as usize] = None;
        }
    }

    /// Clients that have gone and left resources which `KillClient(AllTemporary)` frees.
    pub(crate) fn temporarily_retained(&self) -> Vec<ClientId> {
        self.clients()
            .filter(|client| {
                client.phase == Phase::Retained && client.close_down == CloseDown::RetainTemporary
            })
            .map(|client| client.id)
            .collect()
    }
}

/// A black screen of depth 24.
pub(crate) fn blank_screen(width: u16, height: u16) -> Pixmap {
    Pixmap::new(u32::from(width), u32::from(height), setup::ROOT_DEPTH).unwrap_or_else(|error| {
        unreachable!("a screen of {width}x{height} is within the bounds of a pixmap: {error}")
    })
}

/// Turns a structure of the protocol into the 32 bytes of an event.
pub(crate) fn wire<E: Serialize<Bytes: AsRef<[u8]>>>(event: &E) -> [u8; 32] {
    let bytes = event.serialize();
    let mut wire = [0; 32];
    for (to, from) in wire.iter_mut().zip(bytes.as_ref()) {
        *to = *from;
    }
    wire
}
