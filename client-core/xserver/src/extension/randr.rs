//! RANDR 1.5: the size of the screen and its monitors.
//!
//! The embedder decides both ([`Server::resize`], [`Server::set_monitors`]); clients can ask, are told of changes, and
//! may set what already is. Each monitor is an output with a CRTC and one mode.

use std::collections::HashMap;

use x11rb_protocol::protocol::randr::{
    Connection, CrtcChange, GetCrtcGammaReply, GetCrtcGammaSizeReply, GetCrtcInfoReply,
    GetCrtcTransformReply, GetMonitorsReply, GetOutputInfoReply, GetOutputPrimaryReply,
    GetOutputPropertyReply, GetPanningReply, GetProvidersReply, GetScreenInfoReply, GetScreenResourcesReply,
    GetScreenSizeRangeReply, ListOutputPropertiesReply, ModeFlag, ModeInfo, MonitorInfo, Notify, NotifyEvent,
    OutputChange, QueryVersionReply, QueryVersionRequest, RefreshRates, Rotation, ScreenChangeNotifyEvent,
    ScreenSize, SetConfig, SetCrtcConfigReply, SetCrtcConfigRequest, SetMonitorRequest, SetPanningReply,
    SetScreenConfigReply, SetScreenConfigRequest, SetScreenSizeRequest,
};
use x11rb_protocol::protocol::render::{SubPixel, Transform};
use x11rb_protocol::protocol::xproto::{self, NoExposureEvent};
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::atom::Atom;
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::resource::Xid;
use crate::selection::is_before;
use crate::server::{MAX_SIDE, ROOT, Server, blank_screen, wire};
use crate::setup::millimetres;
use crate::surface::SurfaceId;
use crate::value_list::{half, tail, word};

pub(crate) const EXTENSION: Extension = Extension {
    name: "RANDR",
    major: number::RANDR,
    first_event: number::RANDR_EVENT,
    first_error: number::RANDR_ERROR,
    dispatch,
    layouts: &Layouts {
        #[rustfmt::skip]
        requests: &[
            "44", "", "444222", "", "42", "4", "4", "42244", "4", "44", "4", "44", "4411*4", "44411114", "44", "444441",
            "4422422222222", "4", "44", "44", "44", "4442242*4", "4", "4", "42*2", "4", "4444444444", "4", "4",
            "44222222222222", "44", "4", "4", "44", "444", "444", "4", "44", "44", "44", "44", "44", "41", "4411222244*4",
            "44",
        ],
        #[rustfmt::skip]
        replies: &[
            "44", "", "4442", "", "", "444222222*2", "2222", "", "442222@", "444441122222", "2@*4", "@*4", "", "", "",
            "444@", "4", "", "", "", "422224222@*4", "4", "2", "2@*2", "", "442222@", "", "4444444441111444444444",
            "4222222222222", "4", "", "4", "42@*4", "", "", "", "", "", "", "", "", "", "444@",
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

/// A monitor that a client described (`SetMonitor`).
#[derive(Debug, Clone)]
struct NamedMonitor {
    info: MonitorInfo,
}

/// What RANDR remembers.
#[derive(Debug, Default)]
pub(crate) struct Randr {
    monitors: Vec<Monitor>,
    named: Vec<NamedMonitor>,
    /// Client, window, events.
    listeners: Vec<(ClientId, Xid, u16)>,
    primary: usize,
    /// What clients want of brightness by CRTC: red, green and blue. It is kept for those who ask; what the pixels look
    /// like is the embedder's affair.
    gamma: HashMap<Xid, [Vec<u16>; 3]>,
    /// When the configuration last changed.
    changed: u32,
}

/// Steps of a gamma ramp.
const GAMMA_SIZE: u16 = 256;
/// More monitors than this nobody has.
const MAX_MONITORS: usize = 32;
const CRTC: Xid = 0x40;
const OUTPUT: Xid = 0x60;
const MODE: Xid = 0x80;

const SCREEN_CHANGE: u16 = 1;
const CRTC_CHANGE: u16 = 2;
const OUTPUT_CHANGE: u16 = 4;

impl Randr {
    pub(crate) fn window_gone(&mut self, window: Xid) {
        self.listeners.retain(|(_, id, _)| *id != window);
    }

    pub(crate) fn client_gone(&mut self, client: ClientId) {
        self.listeners.retain(|(id, ..)| *id != client);
    }

    pub(crate) fn monitors(&self) -> &[Monitor] {
        &self.monitors
    }

    /// Index of an output, CRTC or mode of this id.
    fn index(&self, base: Xid, id: Xid) -> Option<usize> {
        let index = id.checked_sub(base)? as usize;
        (index < self.monitors.len()).then_some(index)
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

impl Server {
    pub(crate) fn start_randr(&mut self) {
        self.randr.changed = self.time;
        self.randr.monitors = vec![self.whole_screen()];
    }

    fn whole_screen(&self) -> Monitor {
        let (width, height) = self.size();
        Monitor { x: 0, y: 0, width, height, dpi: self.config.dpi }
    }

    /// Gives the screen another size, in pixels, and density, in pixels per inch: one monitor covers it. What was in
    /// the upper left stays, windows are exposed, clients are told, and managed windows follow.
    pub fn resize(&mut self, width: u16, height: u16, dpi: u16) {
        let (width, height) = (width.clamp(1, MAX_SIDE), height.clamp(1, MAX_SIDE));
        let dpi = dpi.clamp(10, 2000);
        if (width, height, dpi) == (self.config.width, self.config.height, self.config.dpi) {
            return;
        }
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
        self.randr.monitors = vec![self.whole_screen()];
        self.randr.primary = 0;
        self.randr.changed = self.time;
        if let Ok(root) = self.window_mut(ROOT) {
            (root.width, root.height) = (width, height);
        }
        self.take_damage();
        self.damage_screen(self.screen_rect());
        self.revalidate(ROOT);
        self.notify_configure(ROOT);
        self.tell_configuration();
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

    /// Gives the screen another density, in pixels per inch.
    fn set_density(&mut self, dpi: u16) {
        if dpi == self.config.dpi {
            return;
        }
        self.config.dpi = dpi;
        for monitor in &mut self.randr.monitors {
            monitor.dpi = dpi;
        }
        self.randr.changed = self.time;
        self.tell_configuration();
    }

    /// Says which monitors show the screen, the first one being primary. None at all is one that covers it.
    pub fn set_monitors(&mut self, monitors: &[Monitor]) {
        let mut monitors: Vec<Monitor> = monitors.iter().take(MAX_MONITORS).cloned().collect();
        if monitors.is_empty() {
            monitors.push(self.whole_screen());
        }
        if monitors != self.randr.monitors {
            self.randr.monitors = monitors;
            self.randr.primary = 0;
            self.randr.changed = self.time;
            self.tell_configuration();
        }
    }

    fn tell_configuration(&mut self) {
        let (width, height) = self.size();
        let (mwidth, mheight) = (millimetres(width, self.config.dpi), millimetres(height, self.config.dpi));
        let time = self.randr.changed;
        for (client, window, events) in self.randr.listeners.clone() {
            if events & SCREEN_CHANGE != 0 {
                let event = ScreenChangeNotifyEvent {
                    response_type: number::RANDR_EVENT,
                    rotation: Rotation::ROTATE0,
                    sequence: 0,
                    timestamp: time,
                    config_timestamp: time,
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
            for (index, monitor) in self.randr.monitors.clone().iter().enumerate() {
                let index = index as Xid;
                if events & CRTC_CHANGE != 0 {
                    let data = CrtcChange {
                        timestamp: time,
                        window,
                        crtc: CRTC + index,
                        mode: MODE + index,
                        rotation: Rotation::ROTATE0,
                        x: monitor.x,
                        y: monitor.y,
                        width: monitor.width,
                        height: monitor.height,
                    };
                    self.send_randr_notify(client, Notify::CRTC_CHANGE, data.into());
                }
                if events & OUTPUT_CHANGE != 0 {
                    let data = OutputChange {
                        timestamp: time,
                        config_timestamp: time,
                        window,
                        output: OUTPUT + index,
                        crtc: CRTC + index,
                        mode: MODE + index,
                        rotation: Rotation::ROTATE0,
                        connection: Connection::CONNECTED,
                        subpixel_order: SubPixel::UNKNOWN,
                    };
                    self.send_randr_notify(client, Notify::OUTPUT_CHANGE, data.into());
                }
            }
        }
    }

    fn send_randr_notify(
        &mut self,
        client: ClientId,
        sub_code: Notify,
        u: x11rb_protocol::protocol::randr::NotifyData,
    ) {
        let event = NotifyEvent { response_type: number::RANDR_EVENT + 1, sub_code, sequence: 0, u };
        self.send_event(client, &wire(&event));
    }

    /// The mode of a monitor: its size at 60 frames a second.
    fn mode_info(index: usize, monitor: &Monitor) -> (ModeInfo, Vec<u8>) {
        let name = format!("{}x{}", monitor.width, monitor.height).into_bytes();
        let info = ModeInfo {
            id: MODE + index as Xid,
            width: monitor.width,
            height: monitor.height,
            dot_clock: u32::from(monitor.width) * u32::from(monitor.height) * 60,
            hsync_start: monitor.width,
            hsync_end: monitor.width,
            htotal: monitor.width,
            hskew: 0,
            vsync_start: monitor.height,
            vsync_end: monitor.height,
            vtotal: monitor.height,
            name_len: name.len() as u16,
            mode_flags: ModeFlag::from(0_u32),
        };
        (info, name)
    }
}

fn name(index: usize) -> Vec<u8> {
    format!("screen-{index}").into_bytes()
}

fn ids(base: Xid, count: usize) -> Vec<Xid> {
    (0..count as Xid).map(|index| base + index).collect()
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let words = header.remaining_length;
    let exactly = |expected: u32| if words == expected { Ok(()) } else { Err(XError::LENGTH) };
    let at_least = |expected: u32| if words >= expected { Ok(()) } else { Err(XError::LENGTH) };
    let changed = server.randr.changed;
    let count = server.randr.monitors.len();
    match header.minor_opcode {
        0 => {
            exactly(2)?;
            let request = QueryVersionRequest::try_parse_request(header, body)?;
            let version = (request.major_version, request.minor_version).min((1, 5));
            let reply = QueryVersionReply {
                sequence: 0,
                length: 0,
                major_version: version.0,
                minor_version: version.1,
            };
            server.reply(client, &reply);
        }
        2 => {
            exactly(5)?;
            let request = SetScreenConfigRequest::try_parse_request(header, body)?;
            server.drawable_depth(request.window)?;
            if request.size_id != 0 {
                return Err(XError::value(u32::from(request.size_id)));
            }
            let rotation = u16::from(request.rotation);
            if rotation != 1 {
                return Err(if rotation.is_power_of_two() && rotation < 16 {
                    XError::MATCH
                } else {
                    XError::value(u32::from(rotation))
                });
            }
            let status = if is_before(request.config_timestamp, changed) {
                SetConfig::INVALID_CONFIG_TIME
            } else {
                SetConfig::SUCCESS
            };
            let reply = SetScreenConfigReply {
                status,
                sequence: 0,
                length: 0,
                new_timestamp: changed,
                config_timestamp: changed,
                root: ROOT,
                subpixel_order: SubPixel::UNKNOWN,
            };
            server.reply(client, &reply);
        }
        4 => {
            exactly(2)?;
            let (window, events) = (word(body, 0)?, half(body, 4)?);
            server.window(window)?;
            if events & !0x7f != 0 {
                return Err(XError::value(u32::from(events)));
            }
            let listeners = &mut server.randr.listeners;
            listeners.retain(|(id, other, _)| (*id, *other) != (client, window));
            if events != 0 {
                listeners.push((client, window, events));
            }
        }
        5 => {
            exactly(1)?;
            server.window(word(body, 0)?)?;
            let (width, height) = server.size();
            let dpi = server.config.dpi;
            let reply = GetScreenInfoReply {
                rotations: Rotation::ROTATE0,
                sequence: 0,
                length: 0,
                root: ROOT,
                timestamp: changed,
                config_timestamp: changed,
                size_id: 0,
                rotation: Rotation::ROTATE0,
                rate: 60,
                n_info: 2,
                sizes: vec![ScreenSize {
                    width,
                    height,
                    mwidth: millimetres(width, dpi),
                    mheight: millimetres(height, dpi),
                }],
                rates: vec![RefreshRates { rates: vec![60] }],
            };
            server.reply(client, &reply);
        }
        6 => {
            exactly(1)?;
            server.window(word(body, 0)?)?;
            let reply = GetScreenSizeRangeReply {
                sequence: 0,
                length: 0,
                min_width: 1,
                min_height: 1,
                max_width: MAX_SIDE,
                max_height: MAX_SIDE,
            };
            server.reply(client, &reply);
        }
        7 => {
            exactly(4)?;
            let request = SetScreenSizeRequest::try_parse_request(header, body)?;
            server.window(request.window)?;
            if request.width == 0
                || request.height == 0
                || request.width > MAX_SIDE
                || request.height > MAX_SIDE
            {
                return Err(XError::value(u32::from(request.width)));
            }
            // The embedder's window has the size it has; how dense its pixels are is a matter of taste.
            if (request.width, request.height) != server.size() {
                return Err(XError::MATCH);
            }
            if request.mm_width == 0 || request.mm_height == 0 {
                return Err(XError::value(0));
            }
            let dpi = (u32::from(request.width) * 254 / 10 + request.mm_width / 2) / request.mm_width;
            server.set_density(dpi.clamp(10, 2000) as u16);
        }
        8 | 25 => {
            exactly(1)?;
            server.window(word(body, 0)?)?;
            let mut modes = Vec::new();
            let mut names = Vec::new();
            for (index, monitor) in server.randr.monitors.iter().enumerate() {
                let (mode, name) = Server::mode_info(index, monitor);
                modes.push(mode);
                names.extend(name);
            }
            let reply = GetScreenResourcesReply {
                sequence: 0,
                length: 0,
                timestamp: changed,
                config_timestamp: changed,
                crtcs: ids(CRTC, count),
                outputs: ids(OUTPUT, count),
                modes,
                names,
            };
            server.reply(client, &reply);
        }
        9 => {
            exactly(2)?;
            let id = word(body, 0)?;
            let index = server.randr.index(OUTPUT, id).ok_or(bad_output(id))?;
            let monitor = &server.randr.monitors[index];
            let reply = GetOutputInfoReply {
                status: SetConfig::SUCCESS,
                sequence: 0,
                length: 0,
                timestamp: changed,
                crtc: CRTC + index as Xid,
                mm_width: u32::from(millimetres(monitor.width, monitor.dpi)),
                mm_height: u32::from(millimetres(monitor.height, monitor.dpi)),
                connection: Connection::CONNECTED,
                subpixel_order: SubPixel::UNKNOWN,
                num_preferred: 1,
                crtcs: vec![CRTC + index as Xid],
                modes: vec![MODE + index as Xid],
                clones: Vec::new(),
                name: name(index),
            };
            server.reply(client, &reply);
        }
        10 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.randr.index(OUTPUT, id).ok_or(bad_output(id))?;
            server.reply(client, &ListOutputPropertiesReply { sequence: 0, length: 0, atoms: Vec::new() });
        }
        // Outputs have no properties, and take none.
        11..=14 => {
            at_least(2)?;
            let (id, property) = (word(body, 0)?, word(body, 4)?);
            server.randr.index(OUTPUT, id).ok_or(bad_output(id))?;
            server.atoms.check(property)?;
            return Err(if header.minor_opcode == 11 {
                XError::name(property)
            } else {
                XError::access(property)
            });
        }
        15 => {
            exactly(6)?;
            let (id, property) = (word(body, 0)?, word(body, 4)?);
            server.randr.index(OUTPUT, id).ok_or(bad_output(id))?;
            server.atoms.check(property)?;
            let reply = GetOutputPropertyReply {
                format: 0,
                sequence: 0,
                length: 0,
                type_: 0,
                bytes_after: 0,
                num_items: 0,
                data: Vec::new(),
            };
            server.reply(client, &reply);
        }
        16 => {
            at_least(9)?;
            server.window(word(body, 0)?)?;
            return Err(XError::ACCESS);
        }
        17 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.randr.index(MODE, id).ok_or(bad_mode(id))?;
            return Err(XError::ACCESS);
        }
        18 | 19 => {
            exactly(2)?;
            let (output, mode) = (word(body, 0)?, word(body, 4)?);
            server.randr.index(OUTPUT, output).ok_or(bad_output(output))?;
            server.randr.index(MODE, mode).ok_or(bad_mode(mode))?;
            return Err(XError::ACCESS);
        }
        20 => {
            exactly(2)?;
            let id = word(body, 0)?;
            let index = server.randr.index(CRTC, id).ok_or(bad_crtc(id))?;
            let monitor = &server.randr.monitors[index];
            let reply = GetCrtcInfoReply {
                status: SetConfig::SUCCESS,
                sequence: 0,
                length: 0,
                timestamp: changed,
                x: monitor.x,
                y: monitor.y,
                width: monitor.width,
                height: monitor.height,
                mode: MODE + index as Xid,
                rotation: Rotation::ROTATE0,
                rotations: Rotation::ROTATE0,
                outputs: vec![OUTPUT + index as Xid],
                possible: vec![OUTPUT + index as Xid],
            };
            server.reply(client, &reply);
        }
        21 => {
            at_least(6)?;
            let request = SetCrtcConfigRequest::try_parse_request(header, body)?;
            let index = server.randr.index(CRTC, request.crtc).ok_or(bad_crtc(request.crtc))?;
            if request.mode != 0 {
                server.randr.index(MODE, request.mode).ok_or(bad_mode(request.mode))?;
            }
            for output in request.outputs.iter() {
                server.randr.index(OUTPUT, *output).ok_or(bad_output(*output))?;
            }
            let monitor = &server.randr.monitors[index];
            let as_it_is = request.mode == MODE + index as Xid
                && (request.x, request.y) == (monitor.x, monitor.y)
                && request.rotation == Rotation::ROTATE0
                && *request.outputs == [OUTPUT + index as Xid];
            let status = if as_it_is { SetConfig::SUCCESS } else { SetConfig::FAILED };
            server.reply(client, &SetCrtcConfigReply { status, sequence: 0, length: 0, timestamp: changed });
        }
        22 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.randr.index(CRTC, id).ok_or(bad_crtc(id))?;
            server.reply(client, &GetCrtcGammaSizeReply { sequence: 0, length: 0, size: GAMMA_SIZE });
        }
        23 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.randr.index(CRTC, id).ok_or(bad_crtc(id))?;
            let straight = || (0..GAMMA_SIZE).map(|step| step << 8 | step).collect();
            let ramps = server.randr.gamma.get(&id).cloned();
            let [red, green, blue] = ramps.unwrap_or_else(|| [straight(), straight(), straight()]);
            server.reply(client, &GetCrtcGammaReply { sequence: 0, length: 0, red, green, blue });
        }
        24 => {
            at_least(2)?;
            let id = word(body, 0)?;
            server.randr.index(CRTC, id).ok_or(bad_crtc(id))?;
            let size = half(body, 4)?;
            if body.len() != 8 + (6 * usize::from(size)).next_multiple_of(4) {
                return Err(XError::LENGTH);
            }
            if size != GAMMA_SIZE {
                return Err(XError::MATCH);
            }
            let steps = tail(body, 8)?.chunks_exact(2).map(|step| u16::from_ne_bytes([step[0], step[1]]));
            let all: Vec<u16> = steps.collect();
            let mut ramps = all.chunks_exact(usize::from(GAMMA_SIZE)).map(<[u16]>::to_vec);
            if let (Some(red), Some(green), Some(blue)) = (ramps.next(), ramps.next(), ramps.next()) {
                server.randr.gamma.insert(id, [red, green, blue]);
            }
        }
        26 => {
            at_least(11)?;
            let id = word(body, 0)?;
            server.randr.index(CRTC, id).ok_or(bad_crtc(id))?;
            let one = 0x1_0000;
            for (index, expected) in [one, 0, 0, 0, one, 0, 0, 0, one].into_iter().enumerate() {
                if word(body, 4 + 4 * index)? != expected {
                    return Err(XError::value(word(body, 4 + 4 * index)?));
                }
            }
        }
        27 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.randr.index(CRTC, id).ok_or(bad_crtc(id))?;
            let one = 0x1_0000;
            let identity = Transform { matrix11: one, matrix22: one, matrix33: one, ..Transform::default() };
            let reply = GetCrtcTransformReply {
                sequence: 0,
                length: 0,
                pending_transform: identity,
                has_transforms: false,
                current_transform: identity,
                pending_filter_name: Vec::new(),
                pending_params: Vec::new(),
                current_filter_name: Vec::new(),
                current_params: Vec::new(),
            };
            server.reply(client, &reply);
        }
        28 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.randr.index(CRTC, id).ok_or(bad_crtc(id))?;
            server.reply(client, &GetPanningReply { timestamp: changed, ..GetPanningReply::default() });
        }
        29 => {
            exactly(8)?;
            let id = word(body, 0)?;
            server.randr.index(CRTC, id).ok_or(bad_crtc(id))?;
            let none = body.get(8..32).is_some_and(|panning| panning.iter().all(|byte| *byte == 0));
            let status = if none { SetConfig::SUCCESS } else { SetConfig::FAILED };
            server.reply(client, &SetPanningReply { status, sequence: 0, length: 0, timestamp: changed });
        }
        30 => {
            exactly(2)?;
            server.window(word(body, 0)?)?;
            let id = word(body, 4)?;
            if id != 0 {
                server.randr.primary = server.randr.index(OUTPUT, id).ok_or(bad_output(id))?;
            }
        }
        31 => {
            exactly(1)?;
            server.window(word(body, 0)?)?;
            let output = OUTPUT + server.randr.primary as Xid;
            server.reply(client, &GetOutputPrimaryReply { sequence: 0, length: 0, output });
        }
        32 => {
            exactly(1)?;
            server.window(word(body, 0)?)?;
            server.reply(
                client,
                &GetProvidersReply { sequence: 0, length: 0, timestamp: changed, providers: Vec::new() },
            );
        }
        33..=41 => {
            at_least(1)?;
            return Err(bad_provider(word(body, 0)?));
        }
        42 => {
            exactly(2)?;
            server.window(word(body, 0)?)?;
            let monitors = monitor_infos(server);
            let n_outputs = monitors.iter().map(|monitor| monitor.outputs.len() as u32).sum();
            server.reply(
                client,
                &GetMonitorsReply { sequence: 0, length: 0, timestamp: changed, n_outputs, monitors },
            );
        }
        43 => {
            at_least(7)?;
            let request = SetMonitorRequest::try_parse_request(header, body)?;
            server.window(request.window)?;
            set_monitor(server, request.monitorinfo)?;
        }
        44 => {
            exactly(2)?;
            server.window(word(body, 0)?)?;
            let atom: Atom = server.atoms.check(word(body, 4)?)?;
            let before = server.randr.named.len();
            server.randr.named.retain(|monitor| monitor.info.name != atom);
            if server.randr.named.len() == before {
                return Err(XError::value(atom));
            }
            server.tell_configuration();
        }
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

fn set_monitor(server: &mut Server, info: MonitorInfo) -> Outcome {
    server.atoms.check(info.name)?;
    for output in &info.outputs {
        server.randr.index(OUTPUT, *output).ok_or(bad_output(*output))?;
    }
    let taken =
        (0..server.randr.monitors.len()).any(|index| server.atoms.find(&name(index)) == Some(info.name));
    if taken {
        return Err(XError::value(info.name));
    }
    server.randr.named.retain(|monitor| monitor.info.name != info.name);
    if server.randr.named.len() >= MAX_MONITORS {
        return Err(XError::ALLOC);
    }
    server.randr.named.push(NamedMonitor { info });
    server.tell_configuration();
    Ok(())
}

/// Clients' monitors first, then those of outputs that none of them has.
fn monitor_infos(server: &mut Server) -> Vec<MonitorInfo> {
    let mut infos: Vec<MonitorInfo> = server.randr.named.iter().map(|monitor| monitor.info.clone()).collect();
    for (index, monitor) in server.randr.monitors.clone().iter().enumerate() {
        let output = OUTPUT + index as Xid;
        if infos.iter().any(|info| info.outputs.contains(&output)) {
            continue;
        }
        infos.push(MonitorInfo {
            name: server.atoms.intern(&name(index)),
            primary: index == server.randr.primary,
            automatic: true,
            x: monitor.x,
            y: monitor.y,
            width: monitor.width,
            height: monitor.height,
            width_in_millimeters: u32::from(millimetres(monitor.width, monitor.dpi)),
            height_in_millimeters: u32::from(millimetres(monitor.height, monitor.dpi)),
            outputs: vec![output],
        });
    }
    infos
}
