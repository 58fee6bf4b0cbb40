//! Monitors (RANDR 1.5): those that clients describe, and those that outputs are by themselves.

use x11rb_protocol::protocol::randr::{GetMonitorsReply, MonitorInfo, SetMonitorRequest};
use x11rb_protocol::x11_utils::RequestHeader;

use super::{MAX_MONITORS, OUTPUT, bad_output, ids, name};
use crate::atom::Atom;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::{ROOT, Server};
use crate::value_list::word;

pub(super) fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    server.window(word(body, 0)?)?;
    match header.minor_opcode {
        42 => {
            let active = body.get(4).copied().unwrap_or(0);
            if active > 1 {
                return Err(XError::value(u32::from(active)));
            }
            let monitors = server.monitor_infos(active == 1);
            let n_outputs = monitors.iter().map(|monitor| monitor.outputs.len() as u32).sum();
            let timestamp = server.randr.changed;
            server
                .reply(client, &GetMonitorsReply { sequence: 0, length: 0, timestamp, n_outputs, monitors });
            Ok(())
        }
        43 => {
            let request = SetMonitorRequest::try_parse_request(header, body)?;
            if body.len() != 28 + 4 * request.monitorinfo.outputs.len() {
                return Err(XError::LENGTH);
            }
            set_monitor(server, request.monitorinfo)
        }
        _ => {
            let atom: Atom = server.atoms.check(word(body, 4)?)?;
            let before = server.randr.named.len();
            server.randr.named.retain(|monitor| monitor.name != atom);
            if server.randr.named.len() == before {
                return Err(XError::value(atom));
            }
            server.notify_configure(ROOT);
            Ok(())
        }
    }
}

fn set_monitor(server: &mut Server, info: MonitorInfo) -> Outcome {
    server.atoms.check(info.name)?;
    for output in &info.outputs {
        server.randr.output_index(*output).ok_or(bad_output(*output))?;
    }
    let taken =
        (0..server.randr.outputs.len()).any(|index| server.atoms.find(&name(index)) == Some(info.name));
    if taken {
        return Err(XError::value(info.name));
    }
    let named = &mut server.randr.named;
    named.retain(|monitor| monitor.name != info.name);
    // An output is on one monitor; one without any is no more.
    named.retain_mut(|monitor| {
        let had = !monitor.outputs.is_empty();
        monitor.outputs.retain(|output| !info.outputs.contains(output));
        !had || !monitor.outputs.is_empty()
    });
    if named.len() >= MAX_MONITORS {
        return Err(XError::ALLOC);
    }
    if info.primary {
        for monitor in named.iter_mut() {
            monitor.primary = false;
        }
    }
    named.push(MonitorInfo { automatic: false, ..info });
    server.notify_configure(ROOT);
    Ok(())
}

impl Server {
    /// Clients' monitors first, then those of outputs that none of them has; perhaps only those that are not empty.
    pub(crate) fn monitor_infos(&mut self, active: bool) -> Vec<MonitorInfo> {
        let mut infos = Vec::with_capacity(self.randr.named.len());
        for info in self.randr.named.clone() {
            let shown: Vec<_> = info
                .outputs
                .iter()
                .filter_map(|output| self.randr.output_index(*output))
                .filter_map(|output| self.randr.crtc_of(output))
                .filter_map(|crtc| self.randr.shown(&self.randr.crtcs[crtc]))
                .collect();
            let follows =
                !info.outputs.is_empty() && (info.x, info.y, info.width, info.height) == (0, 0, 0, 0);
            let first = info.outputs.first().and_then(|output| self.randr.output_index(*output));
            let size = first.map_or((0, 0), |output| self.randr.outputs[output].size);
            let info = if follows { around(info, &shown, size) } else { info };
            if !active || (info.width != 0 && info.height != 0) {
                infos.push(info);
            }
        }
        let has_primary = infos.iter().any(|info| info.primary);
        for index in 0..self.randr.crtcs.len() {
            let crtc = &self.randr.crtcs[index];
            let Some((x, y, width, height)) = self.randr.shown(crtc) else { continue };
            let outputs = ids(OUTPUT, crtc.outputs.iter().copied());
            let Some(first) = crtc.outputs.first().copied() else { continue };
            if infos.iter().any(|info| info.outputs.iter().any(|output| outputs.contains(output))) {
                continue;
            }
            let primary =
                !has_primary && self.randr.primary.is_some_and(|primary| crtc.outputs.contains(&primary));
            let (mm_width, mm_height) = self.randr.outputs[first].size;
            infos.push(MonitorInfo {
                name: self.atoms.intern(&name(first)),
                primary,
                automatic: true,
                x,
                y,
                width,
                height,
                width_in_millimeters: mm_width,
                height_in_millimeters: mm_height,
                outputs,
            });
        }
        infos
    }
}

/// A monitor whose place is that of what shows on its outputs, of this size in millimetres.
fn around(info: MonitorInfo, shown: &[(i16, i16, u16, u16)], size: (u32, u32)) -> MonitorInfo {
    let left = shown.iter().map(|it| it.0).min().unwrap_or(0);
    let top = shown.iter().map(|it| it.1).min().unwrap_or(0);
    let right = shown.iter().map(|it| i32::from(it.0) + i32::from(it.2)).max().unwrap_or(0);
    let bottom = shown.iter().map(|it| i32::from(it.1) + i32::from(it.3)).max().unwrap_or(0);
    MonitorInfo {
        x: left,
        y: top,
        width: (right - i32::from(left)).clamp(0, i32::from(u16::MAX)) as u16,
        height: (bottom - i32::from(top)).clamp(0, i32::from(u16::MAX)) as u16,
        width_in_millimeters: size.0,
        height_in_millimeters: size.1,
        ..info
    }
}
