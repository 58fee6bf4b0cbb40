//! Properties of windows.

use x11rb_protocol::protocol::xproto::{
    self, ChangePropertyRequest, GetPropertyReply, GetPropertyRequest, ListPropertiesReply, PropMode,
    Property as State, PropertyNotifyEvent, RotatePropertiesRequest,
};

use crate::atom::{Atom, STRING, WM_NAME};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::resource::Xid;
use crate::server::{ROOT, Server, ServerEvent, wire};

/// A property's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) kind: Atom,
    /// 8, 16 or 32 bits per item, kept in this machine's byte order.
    pub(crate) format: u8,
    pub(crate) data: Vec<u8>,
}

impl Property {
    /// What it counts against the limit, in bytes.
    pub(crate) fn cost(&self) -> usize {
        self.data.len() + 64
    }
}

impl Server {
    pub(crate) fn change_property_request(&mut self, request: &ChangePropertyRequest<'_>) -> Outcome {
        self.window(request.window)?;
        self.atoms.check(request.property)?;
        self.atoms.check(request.type_)?;
        self.change_property(
            request.window,
            request.property,
            request.type_,
            request.format,
            request.mode,
            &request.data,
        )
    }

    /// Changes a property and tells it.
    pub(crate) fn change_property(
        &mut self,
        window: Xid,
        name: Atom,
        kind: Atom,
        format: u8,
        mode: PropMode,
        data: &[u8],
    ) -> Outcome {
        let room = self.config.limits.property_bytes.saturating_sub(self.property_bytes);
        let state = self.window_mut(window)?;
        let at = state.properties.iter().position(|(other, _)| *other == name);
        let mut cost = 0;
        match at.and_then(|at| state.properties.get_mut(at)) {
            Some((_, old)) if mode != PropMode::REPLACE => {
                if old.format != format || old.kind != kind {
                    return Err(XError::MATCH);
                }
                if data.len() > room {
                    return Err(XError::ALLOC);
                }
                if mode == PropMode::APPEND {
                    old.data.extend_from_slice(data);
                } else {
                    old.data.splice(0..0, data.iter().copied());
                }
                cost += data.len() as isize;
            }
            Some((_, old)) => {
                let new = Property { kind, format, data: data.to_vec() };
                if new.cost() > room + old.cost() {
                    return Err(XError::ALLOC);
                }
                cost += new.cost() as isize - old.cost() as isize;
                *old = new;
            }
            None => {
                let new = Property { kind, format, data: data.to_vec() };
                if new.cost() > room {
                    return Err(XError::ALLOC);
                }
                cost += new.cost() as isize;
                state.properties.push((name, new));
            }
        }
        self.property_bytes = self.property_bytes.saturating_add_signed(cost);
        self.notify_property(window, name, State::NEW_VALUE);
        self.title_may_have_changed(window, name);
        if window == ROOT {
            self.clipboard_portion(name);
        }
        Ok(())
    }

    fn notify_property(&mut self, window: Xid, atom: Atom, state: State) {
        if self.window(window).is_ok_and(|window| window.all_masks() & mask::PROPERTY_CHANGE == 0) {
            return;
        }
        let event = PropertyNotifyEvent {
            response_type: xproto::PROPERTY_NOTIFY_EVENT,
            sequence: 0,
            window,
            atom,
            time: self.time,
            state,
        };
        self.deliver(window, mask::PROPERTY_CHANGE, &wire(&event));
    }

    /// Tells the embedder what a top-level window is called.
    fn title_may_have_changed(&mut self, window: Xid, name: Atom) {
        if self.window(window).is_ok_and(|state| state.parent != ROOT) {
            return;
        }
        let modern = self.atoms.find(b"_NET_WM_NAME");
        if name != WM_NAME && Some(name) != modern {
            return;
        }
        let Ok(state) = self.window(window) else { return };
        let find = |atom: Atom| {
            state.properties.iter().find(|(other, _)| *other == atom).map(|(_, property)| property)
        };
        let title = match (modern.and_then(find), find(WM_NAME)) {
            (Some(utf8), _) => String::from_utf8_lossy(&utf8.data).into_owned(),
            (None, Some(old)) if old.kind == STRING => {
                old.data.iter().map(|byte| char::from(*byte)).collect()
            }
            (None, Some(old)) => String::from_utf8_lossy(&old.data).into_owned(),
            (None, None) => return,
        };
        self.events.push_back(ServerEvent::TopLevelTitle { window, title });
    }

    pub(crate) fn delete_property(&mut self, window: Xid, name: Atom) -> Outcome {
        let state = self.window_mut(window)?;
        if let Some(at) = state.properties.iter().position(|(other, _)| *other == name) {
            let (_, old) = state.properties.remove(at);
            self.property_bytes = self.property_bytes.saturating_sub(old.cost());
            self.notify_property(window, name, State::DELETE);
        }
        Ok(())
    }

    pub(crate) fn get_property(
        &mut self,
        client: ClientId,
        delete: u8,
        request: &GetPropertyRequest,
    ) -> Outcome {
        if delete > 1 {
            return Err(XError::value(u32::from(delete)));
        }
        let state = self.window(request.window)?;
        self.atoms.check(request.property)?;
        if request.type_ != 0 {
            self.atoms.check(request.type_)?;
        }
        let Some((_, property)) = state.properties.iter().find(|(name, _)| *name == request.property) else {
            let reply = GetPropertyReply {
                format: 0,
                sequence: 0,
                length: 0,
                type_: 0,
                bytes_after: 0,
                value_len: 0,
                value: Vec::new(),
            };
            self.reply(client, &reply);
            return Ok(());
        };
        let total = property.data.len() as u64;
        if request.type_ != 0 && request.type_ != property.kind {
            let reply = GetPropertyReply {
                format: property.format,
                sequence: 0,
                length: 0,
                type_: property.kind,
                bytes_after: total as u32,
                value_len: 0,
                value: Vec::new(),
            };
            self.reply(client, &reply);
            return Ok(());
        }
        // X11 §9, GetProperty: N, I, T, L and A.
        let start = 4 * u64::from(request.long_offset);
        if start > total {
            return Err(XError::value(request.long_offset));
        }
        let length = (total - start).min(4 * u64::from(request.long_length));
        let after = total - (start + length);
        let value = property.data.get(start as usize..(start + length) as usize).unwrap_or(&[]).to_vec();
        let unit = usize::from(property.format / 8);
        let value_len = value.len() / unit;
        let value = value[..value_len * unit].to_vec();
        let reply = GetPropertyReply {
            format: property.format,
            sequence: 0,
            length: 0,
            type_: property.kind,
            bytes_after: after as u32,
            value_len: value_len as u32,
            value,
        };
        if delete != 0 && after == 0 {
            self.delete_property(request.window, request.property)?;
        }
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn list_properties(&mut self, client: ClientId, window: Xid) -> Outcome {
        let atoms = self
            .window(window)?
            .properties
            .iter()
            .rev()
            .map(|(name, _)| *name)
            .take(usize::from(u16::MAX))
            .collect();
        self.reply(client, &ListPropertiesReply { sequence: 0, length: 0, atoms });
        Ok(())
    }

    pub(crate) fn rotate_properties(&mut self, request: &RotatePropertiesRequest<'_>) -> Outcome {
        let names = &request.atoms;
        self.window(request.window)?;
        let mut places = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            self.atoms.check(*name)?;
            let state = self.window(request.window)?;
            let at = state.properties.iter().position(|(other, _)| other == name);
            if names[..index].contains(name) {
                return Err(XError::MATCH);
            }
            places.push(at.ok_or(XError::MATCH)?);
        }
        let count = names.len() as i32;
        if count == 0 || i32::from(request.delta) % count == 0 {
            return Ok(());
        }
        let state = self.window_mut(request.window)?;
        let old: Vec<Property> = places.iter().map(|at| state.properties[*at].1.clone()).collect();
        for (index, property) in old.into_iter().enumerate() {
            let to = (index as i32 + i32::from(request.delta)).rem_euclid(count) as usize;
            state.properties[places[to]].1 = property;
        }
        for name in names.iter() {
            self.notify_property(request.window, *name, State::NEW_VALUE);
        }
        Ok(())
    }
}
