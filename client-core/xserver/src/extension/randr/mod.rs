//! RANDR 1.5: the size of the screen, its outputs, what shows on them, and its monitors.
//!
//! The embedder says which monitors there are ([`Server::set_monitors`]): each is an output with a CRTC and a preferred
//! mode. Clients may show other parts of the screen on them, add modes, name monitors and give outputs properties; the
//! size of the screen is theirs to change only where the embedder does not manage windows to fill it. Outputs stay when
//! their monitor goes, disconnected.

use x11rb_protocol::protocol::randr::{
    Connection, CrtcChange, ModeFlag, ModeInfo, MonitorInfo, Notify, NotifyData, NotifyEvent, OutputChange,
    ResourceChange, Rotation, ScreenChangeNotifyEvent,
};
use x11rb_protocol::protocol::render::SubPixel;
use x11rb_protocol::protocol::xproto::{self, NoExposureEvent};

use super::message::Message;
use super::{Extension, number};
use crate::byte_order::{self, Layouts};
use crate::client::ClientId;
use crate::error::XError;
use crate::event::mask;
use crate::resource::Xid;
use crate::server::{MAX_SIDE, ROOT, Server, blank_screen, wire};
use crate::setup::millimetres;
use crate::surface::SurfaceId;
use crate::value_list::{half, word};

mod crtcs;
mod modes;
mod monitors;
mod properties;
mod requests;

use properties::OutputProperty;

pub(crate) const EXTENSION: Extension = Extension {
    name: "RANDR",
    major: number::RANDR,
    first_event: number::RANDR_EVENT,
    first_error: number::RANDR_ERROR,
    dispatch: requests::dispatch,
    layouts: &Layouts {
        #[rustfmt::skip]
        requests: &[
            "44", "", "444222", "", "42", "4", "4", "42244", "4", "44", "4", "44", "44112*4", "", "44", "444441",
            "44224222222224", "4", "44", "44", "44", "44422422*4", "4", "4", "42*2", "4", "4444444444", "4", "4",
            "44222222222222", "44", "4", "4", "44", "444", "444", "4", "44", "44", "44", "44", "44", "41", "44112222244*4",
            "44",
        ],
        #[rustfmt::skip]
        replies: &[
            "44", "", "4442", "", "", "444222222*2", "2222", "", "", "", "2@*4", "@*4", "", "", "",
            "", "4", "", "", "", "4222242222@*4", "4", "2", "2@*2", "", "", "", "4444444441111444444444",
            "4222222222222", "4", "", "4", "42@*4", "", "", "", "", "", "", "", "", "", "",
        ],
        events: &["44442222222", ""],
    },
};

/// A monitor of the embedder, in pixels of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// Left edge.
    pub x: i16,
    /// Upper edge.
    pub y: i16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Pixels per inch.
    pub dpi: u16,
}

/// What a screen can show on an output.
#[derive(Debug, Clone)]
struct Mode {
    info: ModeInfo,
    name: Vec<u8>,
    /// A client made it (`CreateMode`).
    by_client: bool,
}

/// Where a monitor can be.
#[derive(Debug, Clone, Default)]
struct Output {
    connected: bool,
    /// Size in millimetres.
    size: (u32, u32),
    /// The preferred one.
    mode: Xid,
    /// Modes that clients have added.
    added: Vec<Xid>,
    properties: Vec<(crate::atom::Atom, OutputProperty)>,
    changed: bool,
}

impl Output {
    /// The modes it can show, the preferred one first.
    fn modes(&self) -> Vec<Xid> {
        let preferred = Some(self.mode).filter(|mode| *mode != 0);
        preferred.into_iter().chain(self.added.iter().copied()).collect()
    }
}

/// A part of the screen that is shown.
#[derive(Debug, Clone, Default)]
struct Crtc {
    x: i16,
    y: i16,
    /// 0 while it shows nothing.
    mode: Xid,
    /// Indices of the outputs it is shown on.
    outputs: Vec<usize>,
    /// What clients want of brightness: red, green and blue. It is kept for those who ask; what the pixels look like is
    /// the embedder's affair.
    gamma: Option<[Vec<u16>; 3]>,
    changed: bool,
}

/// What RANDR remembers.
#[derive(Debug, Default)]
pub(crate) struct Randr {
    modes: Vec<Mode>,
    outputs: Vec<Output>,
    /// As many as outputs: each can be shown by the CRTC of its number.
    crtcs: Vec<Crtc>,
    /// Monitors that clients described.
    named: Vec<MonitorInfo>,
    /// Client, window, events.
    listeners: Vec<(ClientId, Xid, u16)>,
    /// Index of an output.
    primary: Option<usize>,
    last_mode: Xid,
    resources_changed: bool,
    /// Another size, or another output is the first.
    layout_changed: bool,
    /// Size of the screen in millimetres, where a client has said one.
    size: Option<(u16, u16)>,
    /// When what there is last changed.
    changed: u32,
    /// When what is shown was last set.
    set: u32,
    /// How often one of both has happened.
    pub(crate) configurations: u32,
    /// What the embedder has said of its monitors; none if they follow the screen.
    monitors: Vec<Monitor>,
}

/// Steps of a gamma ramp.
const GAMMA_SIZE: u16 = 256;
/// More monitors than this nobody has.
const MAX_MONITORS: usize = 32;
/// More modes than this nobody makes.
const MAX_MODES: usize = 1024;
const CRTC: Xid = 0x40;
const OUTPUT: Xid = 0x60;
/// The first mode's id; they count up.
const MODE: Xid = 0x1000;

const SCREEN_CHANGE: u16 = 1;
const CRTC_CHANGE: u16 = 2;
const OUTPUT_CHANGE: u16 = 4;
const OUTPUT_PROPERTY: u16 = 8;
const RESOURCE_CHANGE: u16 = 64;

impl Randr {
    pub(crate) fn window_gone(&mut self, window: Xid) {
        self.listeners.retain(|(_, id, _)| *id != window);
    }

    pub(crate) fn client_gone(&mut self, client: ClientId) {
        self.listeners.retain(|(id, ..)| *id != client);
    }

    /// What there is has changed.
    fn change(&mut self, time: u32) {
        self.changed = time;
        self.configurations = self.configurations.wrapping_add(1);
    }

    /// What is shown has been set.
    fn configure(&mut self, time: u32) {
        self.set = time;
        self.configurations = self.configurations.wrapping_add(1);
    }

    fn output_index(&self, id: Xid) -> Option<usize> {
        let index = id.checked_sub(OUTPUT)? as usize;
        (index < self.outputs.len()).then_some(index)
    }

    fn crtc_index(&self, id: Xid) -> Option<usize> {
        let index = id.checked_sub(CRTC)? as usize;
        (index < self.crtcs.len()).then_some(index)
    }

    fn mode(&self, id: Xid) -> Option<&Mode> {
        self.modes.iter().find(|mode| mode.info.id == id)
    }

    /// The part of the screen that a CRTC shows: x, y, width, height; none if it shows nothing.
    fn shown(&self, crtc: &Crtc) -> Option<(i16, i16, u16, u16)> {
        let mode = self.mode(crtc.mode)?;
        Some((crtc.x, crtc.y, mode.info.width, mode.info.height))
    }

    /// The CRTC that shows on an output.
    fn crtc_of(&self, output: usize) -> Option<usize> {
        self.crtcs.iter().position(|crtc| crtc.mode != 0 && crtc.outputs.contains(&output))
    }

    /// The mode of the embedder's for a size, made if there is none.
    fn mode_of_size(&mut self, width: u16, height: u16) -> Xid {
        let known = self
            .modes
            .iter()
            .find(|mode| !mode.by_client && (mode.info.width, mode.info.height) == (width, height));
        if let Some(mode) = known {
            return mode.info.id;
        }
        let name = format!("{width}x{height}").into_bytes();
        let info = ModeInfo {
            id: 0,
            width,
            height,
            // 60 frames a second
            dot_clock: u32::from(width) * u32::from(height) * 60,
            hsync_start: width,
            hsync_end: width,
            htotal: width,
            hskew: 0,
            vsync_start: height,
            vsync_end: height,
            vtotal: height,
            name_len: name.len() as u16,
            mode_flags: ModeFlag::from(0_u32),
        };
        self.add_mode(info, name, false)
    }

    fn add_mode(&mut self, info: ModeInfo, name: Vec<u8>, by_client: bool) -> Xid {
        let id = self.last_mode.max(MODE - 1) + 1;
        self.last_mode = id;
        self.modes.push(Mode { info: ModeInfo { id, ..info }, name, by_client });
        self.resources_changed = true;
        id
    }
}

fn bad_output(id: Xid) -> XError {
    XError { code: number::RANDR_ERROR, value: id }
}

fn bad_crtc(id: Xid) -> XError {
    XError { code: number::RANDR_ERROR + 1, value: id }
}

fn bad_mode(id: Xid) -> XError {
    XError { code: number::RANDR_ERROR + 2, value: id }
}

fn bad_provider(id: Xid) -> XError {
    XError { code: number::RANDR_ERROR + 3, value: id }
}

fn name(index: usize) -> Vec<u8> {
    format!("screen-{index}").into_bytes()
}

fn ids(base: Xid, indices: impl IntoIterator<Item = usize>) -> Vec<Xid> {
    indices.into_iter().map(|index| base + index as Xid).collect()
}

/// Turns around the one request whose layout depends on what is in it; whether this is it.
pub(crate) fn swap_request(minor: u8, body: &mut [u8]) -> bool {
    // ChangeOutputProperty
    if minor != 13 {
        return false;
    }
    let format = body.get(12).copied().unwrap_or(8);
    byte_order::swap_fields(body, 0, "44411114");
    byte_order::swap_fields(
        body,
        20,
        if format == 16 {
            "*2"
        } else if format == 32 {
            "*4"
        } else {
            ""
        },
    );
    true
}

/// Turns around a reply whose lists depend on its counts, but for the header.
pub(crate) fn swap_reply(minor: u8, reply: &mut [u8]) -> bool {
    const MODE: &str = "4224222222224";
    let count = |reply: &[u8], at: usize| half(reply, at).map_or(0, usize::from);
    match minor {
        // GetScreenResources: CRTCs, outputs, modes
        8 | 25 => {
            let (ids, modes) = (count(reply, 16) + count(reply, 18), count(reply, 20));
            byte_order::swap_fields(reply, 8, "442222");
            swap_words(reply, 32, ids);
            for mode in 0..modes {
                byte_order::swap_fields(reply, 32 + 4 * ids + 32 * mode, MODE);
            }
        }
        // GetOutputInfo: CRTCs, modes, clones
        9 => {
            let ids = count(reply, 26) + count(reply, 28) + count(reply, 32);
            byte_order::swap_fields(reply, 8, "44441122222");
            swap_words(reply, 36, ids);
        }
        // GetOutputProperty: items by format
        15 => {
            let format = reply.get(1).copied().unwrap_or(8);
            byte_order::swap_fields(reply, 8, "444");
            let items = match format {
                16 => "*2",
                32 => "*4",
                _ => "",
            };
            byte_order::swap_fields(reply, 32, items);
        }
        // GetMonitors: each with its outputs
        42 => {
            let monitors = word(reply, 12).unwrap_or(0);
            byte_order::swap_fields(reply, 8, "444");
            let mut at = 32;
            for _ in 0..monitors {
                let outputs = count(reply, at + 6);
                byte_order::swap_fields(reply, at, "4112222244");
                swap_words(reply, at + 24, outputs);
                at += 24 + 4 * outputs;
            }
        }
        _ => return false,
    }
    true
}

fn swap_words(bytes: &mut [u8], start: usize, count: usize) {
    if let Some(words) = bytes.get_mut(start..start + 4 * count) {
        byte_order::swap_fields(words, 0, "*4");
    }
}

/// Turns around what is in an `RRNotify` event: that depends on what it is about.
pub(crate) fn swap_notify(event: &mut [u8]) {
    let layout = match event.get(1) {
        Some(0) => "4444222222",
        Some(1) => "4444442",
        Some(2) => "4444",
        _ => "44",
    };
    byte_order::swap_fields(event, 4, layout);
}

impl Server {
    pub(crate) fn start_randr(&mut self) {
        self.randr.changed = self.time;
        self.randr.set = self.time;
        let whole = self.whole_screen();
        self.connect_monitors(&[whole]);
        // Nobody is there yet to be told.
        self.tell_configuration();
    }

    fn whole_screen(&self) -> Monitor {
        let (width, height) = self.size();
        Monitor { x: 0, y: 0, width, height, dpi: self.config.dpi }
    }

    /// The size of the screen in millimetres.
    pub(crate) fn size_in_millimetres(&self) -> (u16, u16) {
        let (width, height) = self.size();
        let by_density = (millimetres(width, self.config.dpi), millimetres(height, self.config.dpi));
        self.randr.size.unwrap_or(by_density)
    }

    /// Makes outputs show what the embedder's monitors do.
    fn connect_monitors(&mut self, monitors: &[Monitor]) {
        let randr = &mut self.randr;
        let count = randr.outputs.len().max(monitors.len());
        randr.resources_changed |= count != randr.outputs.len();
        randr.outputs.resize_with(count, Output::default);
        randr.crtcs.resize_with(count, Crtc::default);
        for index in 0..count {
            let (output, crtc) = match monitors.get(index) {
                Some(monitor) => {
                    let (width, height) = (monitor.width.max(1), monitor.height.max(1));
                    let mode = randr.mode_of_size(width, height);
                    let dpi = monitor.dpi.clamp(10, 2000);
                    let size = (millimetres(width, dpi).into(), millimetres(height, dpi).into());
                    (
                        (true, size, mode),
                        Crtc { x: monitor.x, y: monitor.y, mode, outputs: vec![index], ..Crtc::default() },
                    )
                }
                None => ((false, (0, 0), 0), Crtc::default()),
            };
            let old = &mut randr.outputs[index];
            if (old.connected, old.size, old.mode) != output {
                (old.connected, old.size, old.mode) = output;
                old.changed = true;
            }
            let old = &mut randr.crtcs[index];
            if (old.x, old.y, old.mode, &old.outputs) != (crtc.x, crtc.y, crtc.mode, &crtc.outputs) {
                *old = Crtc { gamma: old.gamma.take(), changed: true, ..crtc };
                randr.outputs[index].changed = true;
            }
        }
        randr.primary = Some(0);
        let outputs = &randr.outputs;
        let before = randr.modes.len();
        let used = |mode: &Mode| mode.by_client || outputs.iter().any(|output| output.mode == mode.info.id);
        randr.modes.retain(used);
        randr.resources_changed |= randr.modes.len() != before;
    }

    /// Gives the screen another size, in pixels, and density, in pixels per inch: one monitor covers it. What was in
    /// the upper left stays, windows are exposed, clients are told, and managed windows follow.
    pub fn resize(&mut self, width: u16, height: u16, dpi: u16) {
        let (width, height) = (width.clamp(1, MAX_SIDE), height.clamp(1, MAX_SIDE));
        let dpi = dpi.clamp(10, 2000);
        if (width, height, dpi) == (self.config.width, self.config.height, self.config.dpi) {
            return;
        }
        self.resize_screen(width, height, dpi);
        self.randr.monitors.clear();
        self.randr.size = None;
        self.randr.change(self.time);
        let whole = self.whole_screen();
        self.connect_monitors(&[whole]);
        self.tell_configuration();
        self.follow_screen();
    }

    /// As [`Self::resize`], with the monitors as they are.
    fn resize_screen(&mut self, width: u16, height: u16, dpi: u16) {
        let old_width = usize::from(self.config.width);
        let mut screen = blank_screen(width, height);
        if let (Some(old), Some(new)) = (self.surfaces.get(SurfaceId::SCREEN).words(), screen.words_mut()) {
            let columns = old_width.min(usize::from(width));
            for (from, to) in old.chunks_exact(old_width).zip(new.chunks_exact_mut(usize::from(width))) {
                to[..columns].copy_from_slice(&from[..columns]);
            }
        }
        self.surfaces.replace(SurfaceId::SCREEN, screen);
        (self.config.width, self.config.height, self.config.dpi) = (width, height, dpi);
        if let Ok(root) = self.window_mut(ROOT) {
            (root.width, root.height) = (width, height);
        }
        self.take_damage();
        self.damage_screen(self.screen_rect());
        self.revalidate(ROOT);
        self.randr.layout_changed = true;
    }

    /// The screen has another size: the pointer stays on it, and managed windows fill it.
    fn follow_screen(&mut self) {
        let (x, y) = (self.input.pointer.x as i16, self.input.pointer.y as i16);
        if !self.screen_rect().contains(i32::from(x), i32::from(y)) {
            self.pointer_motion(x, y);
        }
        let tops = self.window(ROOT).map(|root| root.children.clone()).unwrap_or_default();
        for top in tops {
            if self.is_managed(top) && self.window(top).is_ok_and(|window| window.mapped) {
                self.fill_screen(top);
                // nxagent waits for one more event after a ConfigureNotify before it acts on it.
                let event = NoExposureEvent {
                    response_type: xproto::NO_EXPOSURE_EVENT,
                    sequence: 0,
                    drawable: top,
                    minor_opcode: 0,
                    major_opcode: 0,
                };
                self.deliver(top, mask::STRUCTURE_NOTIFY, &wire(&event));
            }
        }
    }

    /// Says which monitors show the screen, the first one being primary. None at all is one that covers it. What clients
    /// had shown otherwise is as the embedder says again.
    pub fn set_monitors(&mut self, monitors: &[Monitor]) {
        let whole = [self.whole_screen()];
        let monitors =
            monitors.get(..monitors.len().min(MAX_MONITORS)).filter(|monitors| !monitors.is_empty());
        self.randr.monitors = monitors.unwrap_or_default().to_vec();
        self.connect_monitors(monitors.unwrap_or(&whole));
        let randr = &self.randr;
        let changed =
            randr.crtcs.iter().any(|crtc| crtc.changed) || randr.outputs.iter().any(|it| it.changed);
        if changed || randr.resources_changed {
            self.randr.change(self.time);
            self.tell_configuration();
        }
    }

    /// The monitors that the embedder has [set](Self::set_monitors).
    pub(crate) fn embedders_monitors(&self) -> Vec<Monitor> {
        self.randr.monitors.clone()
    }

    /// Tells clients what is another way now; what is where, also those who know nothing of RANDR but hear of the root.
    fn tell_configuration(&mut self) {
        let resources_changed = std::mem::take(&mut self.randr.resources_changed);
        let crtcs: Vec<bool> =
            self.randr.crtcs.iter_mut().map(|crtc| std::mem::take(&mut crtc.changed)).collect();
        let outputs: Vec<bool> =
            self.randr.outputs.iter_mut().map(|output| std::mem::take(&mut output.changed)).collect();
        let layout_changed = std::mem::take(&mut self.randr.layout_changed) || crtcs.contains(&true);
        for listener in self.randr.listeners.clone() {
            self.tell_listener(listener, &crtcs, &outputs);
            let (client, window, events) = listener;
            if events & RESOURCE_CHANGE != 0 && resources_changed {
                let data = ResourceChange { timestamp: self.randr.set, window };
                self.send_randr_notify(client, Notify::RESOURCE_CHANGE, data.into());
            }
        }
        if layout_changed {
            self.notify_configure(ROOT);
        }
    }

    /// Tells one who listens of the screen, and of CRTCs and outputs that have changed.
    fn tell_listener(
        &mut self,
        (client, window, events): (ClientId, Xid, u16),
        crtcs: &[bool],
        outputs: &[bool],
    ) {
        let timestamp = self.randr.set;
        if events & SCREEN_CHANGE != 0 {
            let ((width, height), (mwidth, mheight)) = (self.size(), self.size_in_millimetres());
            let event = ScreenChangeNotifyEvent {
                response_type: number::RANDR_EVENT,
                rotation: Rotation::ROTATE0,
                sequence: 0,
                timestamp,
                config_timestamp: self.randr.changed,
                root: ROOT,
                request_window: window,
                size_id: 0,
                subpixel_order: SubPixel::UNKNOWN,
                width,
                height,
                mwidth,
                mheight,
            };
            self.send_event(client, &wire(&event));
        }
        if events & CRTC_CHANGE != 0 {
            for (index, _) in crtcs.iter().enumerate().filter(|(_, changed)| **changed) {
                let data = self.crtc_change(index, window);
                self.send_randr_notify(client, Notify::CRTC_CHANGE, data.into());
            }
        }
        if events & OUTPUT_CHANGE != 0 {
            for (index, _) in outputs.iter().enumerate().filter(|(_, changed)| **changed) {
                let data = self.output_change(index, window);
                self.send_randr_notify(client, Notify::OUTPUT_CHANGE, data.into());
            }
        }
    }

    fn crtc_change(&self, index: usize, window: Xid) -> CrtcChange {
        let crtc = &self.randr.crtcs[index];
        let (x, y, width, height) = self.randr.shown(crtc).unwrap_or_default();
        CrtcChange {
            timestamp: self.randr.set,
            window,
            crtc: CRTC + index as Xid,
            mode: crtc.mode,
            rotation: Rotation::ROTATE0,
            x,
            y,
            width,
            height,
        }
    }

    fn output_change(&self, index: usize, window: Xid) -> OutputChange {
        let crtc = self.randr.crtc_of(index);
        OutputChange {
            timestamp: self.randr.set,
            config_timestamp: self.randr.changed,
            window,
            output: OUTPUT + index as Xid,
            crtc: crtc.map_or(0, |crtc| CRTC + crtc as Xid),
            mode: crtc.map_or(0, |crtc| self.randr.crtcs[crtc].mode),
            rotation: Rotation::ROTATE0,
            connection: self.connection(index),
            subpixel_order: SubPixel::UNKNOWN,
        }
    }

    fn connection(&self, output: usize) -> Connection {
        if self.randr.outputs[output].connected { Connection::CONNECTED } else { Connection::DISCONNECTED }
    }

    fn send_randr_notify(&mut self, client: ClientId, sub_code: Notify, u: NotifyData) {
        let event = NotifyEvent { response_type: number::RANDR_EVENT + 1, sub_code, sequence: 0, u };
        self.send_event(client, &wire(&event));
    }

    fn randr_reply(&mut self, client: ClientId, message: &Message) {
        if let Some(client) = self.client_mut(client) {
            client.marked_reply(&message.bytes, &message.fields);
        }
    }
}
