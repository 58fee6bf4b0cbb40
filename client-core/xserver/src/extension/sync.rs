//! SYNC 3.1: counters, waiting on them, alarms, fences.
//!
//! There are two system counters: the server's time, and the time since the last input, both in milliseconds. They
//! move with the embedder's clock, so alarms on them go off in [`Server::set_time`]; [`Server::next_timer`] says when
//! that will be.

use x11rb_protocol::protocol::sync::{
    ALARMSTATE, AlarmNotifyEvent, ChangeCounterRequest, CounterNotifyEvent, CreateCounterRequest,
    CreateFenceRequest, GetPriorityReply, InitializeReply, Int64, ListSystemCountersReply, QueryAlarmReply,
    QueryCounterReply, QueryFenceReply, SetCounterRequest, SetPriorityRequest, Systemcounter, Trigger,
    Waitcondition,
};
use x11rb_protocol::x11_utils::{RequestHeader, TryParse};

use super::{Extension, number};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::resource::{Resource, Xid};
use crate::server::{Server, wire};
use crate::value_list::{tail, word};

pub(crate) const EXTENSION: Extension = Extension {
    name: "SYNC",
    major: number::SYNC,
    first_event: number::SYNC_EVENT,
    first_error: number::SYNC_ERROR,
    dispatch,
    layouts: &Layouts {
        #[rustfmt::skip]
        requests: &[
            "11", "", "444", "444", "444", "4", "4", "*4444444", "44*4", "44*4", "4", "4", "44", "4", "44", "4", "4", "4", "4",
            "*4",
        ],
        replies: &["11", "4@", "", "", "", "44", "", "", "", "", "4444444", "", "", "4", "", "", "", "", "1"],
        events: &["4444442", "444444"],
    },
};

pub(crate) fn bad_counter(id: Xid) -> XError {
    XError { code: number::SYNC_ERROR, value: id }
}

pub(crate) fn bad_alarm(id: Xid) -> XError {
    XError { code: number::SYNC_ERROR + 1, value: id }
}

pub(crate) fn bad_fence(id: Xid) -> XError {
    XError { code: number::SYNC_ERROR + 2, value: id }
}

/// Ids of the system counters, which the server owns.
const SERVER_TIME: Xid = 0xc0;
const IDLE_TIME: Xid = 0xc1;

/// A client's counter.
#[derive(Debug)]
pub(crate) struct Counter {
    value: i64,
}

/// What makes a counter's value matter.
#[derive(Debug, Clone, Copy)]
struct Condition {
    /// 0 for none.
    counter: Xid,
    relative: bool,
    /// As given.
    wait_value: i64,
    /// 0 positive transition, 1 negative transition, 2 positive comparison, 3 negative comparison.
    test: u32,
    /// What is compared with.
    threshold: i64,
}

impl Condition {
    fn holds(&self, before: i64, now: i64) -> bool {
        match self.test {
            0 => before < self.threshold && now >= self.threshold,
            1 => before > self.threshold && now <= self.threshold,
            2 => now >= self.threshold,
            _ => now <= self.threshold,
        }
    }
}

/// An alarm.
#[derive(Debug)]
pub(crate) struct Alarm {
    client: ClientId,
    condition: Condition,
    delta: i64,
    /// The client wants events.
    events: bool,
    state: ALARMSTATE,
    /// Other clients that want events.
    listeners: Vec<ClientId>,
}

/// A fence.
#[derive(Debug)]
pub(crate) struct Fence {
    triggered: bool,
}

/// What a client waits for.
#[derive(Debug)]
pub(crate) enum Waiting {
    Counters(Vec<Await>),
    Fences(Vec<Xid>),
}

/// One condition of an `Await`.
#[derive(Debug, Clone)]
pub(crate) struct Await {
    condition: Condition,
    event_threshold: i64,
}

/// What SYNC remembers.
#[derive(Debug, Default)]
pub(crate) struct Sync {
    waiting: Vec<(ClientId, Waiting)>,
    alarms: Vec<Xid>,
    priorities: Vec<(ClientId, i32)>,
    pub(crate) last_input: u32,
    /// System counters as they were when last looked at.
    seen: [i64; 2],
    /// Milliseconds of the wrapped-around clock.
    epoch: i64,
    last_time: u32,
}

fn int64(value: i64) -> Int64 {
    Int64 { hi: (value >> 32) as i32, lo: value as u32 }
}

fn from_int64(value: Int64) -> i64 {
    i64::from(value.hi) << 32 | i64::from(value.lo)
}

impl Server {
    fn counter_value(&self, id: Xid) -> Option<i64> {
        match id {
            SERVER_TIME => Some(self.sync.epoch + i64::from(self.time)),
            IDLE_TIME => Some(i64::from(self.time.wrapping_sub(self.sync.last_input))),
            _ => self.counter(id).ok().map(|counter| counter.value),
        }
    }

    /// System counters have moved on.
    pub(crate) fn run_alarms(&mut self) {
        if self.time < self.sync.last_time && self.sync.last_time - self.time > 1 << 31 {
            self.sync.epoch += 1 << 32;
        }
        self.sync.last_time = self.time;
        if self.sync.waiting.is_empty() && self.sync.alarms.is_empty() {
            return;
        }
        for (index, id) in [SERVER_TIME, IDLE_TIME].into_iter().enumerate() {
            let now = self.counter_value(id).unwrap_or(0);
            let before = std::mem::replace(&mut self.sync.seen[index], now);
            if before != now {
                counter_changed(self, id, before, now);
            }
        }
    }

    /// In how many milliseconds [`Self::set_time`] has something to do, if ever.
    pub fn next_timer(&self) -> Option<u32> {
        let alarms = self
            .sync
            .alarms
            .iter()
            .filter_map(|id| self.alarm(*id).ok())
            .filter(|alarm| alarm.state == ALARMSTATE::ACTIVE);
        let waits = self.sync.waiting.iter().filter_map(|(_, waiting)| match waiting {
            Waiting::Counters(list) => Some(list.iter().map(|wait| wait.condition)),
            Waiting::Fences(_) => None,
        });
        alarms
            .map(|alarm| alarm.condition)
            .chain(waits.flatten())
            .filter(|condition| {
                matches!(condition.counter, SERVER_TIME | IDLE_TIME) && condition.test % 2 == 0
            })
            .filter_map(|condition| {
                let left = condition.threshold.saturating_sub(self.counter_value(condition.counter)?);
                (left >= 0).then(|| u32::try_from(left).unwrap_or(u32::MAX).max(1))
            })
            .chain(self.screen_saver_timer())
            .chain(self.keyboard_timer())
            .min()
    }
}

/// There was input: the idle time starts anew.
pub(crate) fn user_active(server: &mut Server) {
    let before = server.counter_value(IDLE_TIME).unwrap_or(0);
    server.sync.last_input = server.time;
    server.screen_saver_off(false);
    server.sync.seen[1] = 0;
    if before != 0 && !(server.sync.alarms.is_empty() && server.sync.waiting.is_empty()) {
        counter_changed(server, IDLE_TIME, before, 0);
    }
}

/// A client goes: it waits for nothing.
pub(crate) fn client_gone(server: &mut Server, client: ClientId) {
    server.sync.waiting.retain(|(id, _)| *id != client);
    server.sync.priorities.retain(|(id, _)| *id != client);
    for id in server.sync.alarms.clone() {
        if let Ok(alarm) = server.alarm_mut(id) {
            alarm.listeners.retain(|listener| *listener != client);
        }
    }
}

/// Destroys a counter: who waits for it goes on, alarms on it become inactive.
pub(crate) fn destroy_counter(server: &mut Server, id: Xid) {
    let value = server.counter_value(id).unwrap_or(0);
    server.remove_resource(id);
    let waiting = std::mem::take(&mut server.sync.waiting);
    for (client, wait) in waiting {
        match &wait {
            Waiting::Counters(list) if list.iter().any(|wait| wait.condition.counter == id) => {
                let gone: Vec<Await> =
                    list.iter().filter(|wait| wait.condition.counter == id).cloned().collect();
                notify_waiter(server, client, &gone, value, true);
                unblock(server, client);
            }
            _ => server.sync.waiting.push((client, wait)),
        }
    }
    for alarm_id in server.sync.alarms.clone() {
        if let Ok(alarm) = server.alarm_mut(alarm_id)
            && alarm.condition.counter == id
        {
            alarm.condition.counter = 0;
            alarm.state = ALARMSTATE::INACTIVE;
            notify_alarm(server, alarm_id, value);
        }
    }
}

/// Destroys a fence: who waits for it goes on.
pub(crate) fn destroy_fence(server: &mut Server, id: Xid) {
    server.remove_resource(id);
    fences_changed(server);
}

/// Destroys an alarm, and says so.
pub(crate) fn destroy_alarm(server: &mut Server, id: Xid) {
    if let Ok(alarm) = server.alarm_mut(id) {
        alarm.state = ALARMSTATE::DESTROYED;
        let value = alarm.condition.counter;
        let value = server.counter_value(value).unwrap_or(0);
        notify_alarm(server, id, value);
    }
    server.sync.alarms.retain(|other| *other != id);
    server.remove_resource(id);
}

fn unblock(server: &mut Server, client: ClientId) {
    if let Some(state) = server.client_mut(client) {
        state.blocked = false;
    }
    server.wake = true;
}

/// A counter has another value: alarms go off, who waits goes on.
fn counter_changed(server: &mut Server, id: Xid, before: i64, now: i64) {
    for alarm_id in server.sync.alarms.clone() {
        let Ok(alarm) = server.alarm(alarm_id) else { continue };
        if alarm.condition.counter == id
            && alarm.state == ALARMSTATE::ACTIVE
            && alarm.condition.holds(before, now)
        {
            alarm_goes_off(server, alarm_id, now);
        }
    }
    let waiting = std::mem::take(&mut server.sync.waiting);
    for (client, wait) in waiting {
        match &wait {
            Waiting::Counters(list)
                if list
                    .iter()
                    .any(|wait| wait.condition.counter == id && wait.condition.holds(before, now)) =>
            {
                notify_reached(server, client, list);
                unblock(server, client);
            }
            _ => server.sync.waiting.push((client, wait)),
        }
    }
}

fn fences_changed(server: &mut Server) {
    let waiting = std::mem::take(&mut server.sync.waiting);
    for (client, wait) in waiting {
        match &wait {
            Waiting::Fences(list)
                if list.iter().any(|id| server.fence(*id).map_or(true, |fence| fence.triggered)) =>
            {
                unblock(server, client);
            }
            _ => server.sync.waiting.push((client, wait)),
        }
    }
}

/// `CounterNotify` for each condition whose value is past its event threshold.
fn notify_reached(server: &mut Server, client: ClientId, list: &[Await]) {
    let reached: Vec<(Await, i64)> = list
        .iter()
        .filter_map(|wait| {
            let value = server.counter_value(wait.condition.counter)?;
            let difference = value.saturating_sub(wait.condition.threshold);
            let rising = wait.condition.test % 2 == 0;
            let past =
                if rising { difference >= wait.event_threshold } else { difference <= wait.event_threshold };
            past.then(|| (wait.clone(), value))
        })
        .collect();
    let count = reached.len();
    for (index, (wait, value)) in reached.iter().enumerate() {
        send_counter_notify(server, client, wait, *value, (count - 1 - index) as u16, false);
    }
}

fn notify_waiter(server: &mut Server, client: ClientId, list: &[Await], value: i64, destroyed: bool) {
    for (index, wait) in list.iter().enumerate() {
        send_counter_notify(server, client, wait, value, (list.len() - 1 - index) as u16, destroyed);
    }
}

fn send_counter_notify(
    server: &mut Server,
    client: ClientId,
    wait: &Await,
    value: i64,
    count: u16,
    destroyed: bool,
) {
    let event = CounterNotifyEvent {
        response_type: number::SYNC_EVENT,
        kind: 0,
        sequence: 0,
        counter: wait.condition.counter,
        wait_value: int64(wait.condition.threshold),
        counter_value: int64(value),
        timestamp: server.time,
        count,
        destroyed,
    };
    server.send_event(client, &wire(&event));
}

/// An alarm's condition came true: it is told, and set anew by its delta.
fn alarm_goes_off(server: &mut Server, id: Xid, value: i64) {
    let Ok(alarm) = server.alarm_mut(id) else { return };
    let told = alarm.condition.threshold;
    let comparison = alarm.condition.test >= 2;
    if (comparison && alarm.delta == 0) || alarm.condition.counter == 0 {
        alarm.state = ALARMSTATE::INACTIVE;
    } else if alarm.delta != 0 {
        // The threshold moves until the condition holds no more: by as many deltas as that takes, at once.
        let delta = i128::from(alarm.delta);
        let (threshold, value) = (i128::from(alarm.condition.threshold), i128::from(value));
        let steps = ((value - threshold) / delta).max(0) + 1;
        match i64::try_from(threshold + steps * delta) {
            Ok(threshold) => alarm.condition.threshold = threshold,
            Err(_) => alarm.state = ALARMSTATE::INACTIVE,
        }
    }
    notify_alarm_with(server, id, value, told);
}

fn notify_alarm(server: &mut Server, id: Xid, value: i64) {
    let told = server.alarm(id).map_or(0, |alarm| alarm.condition.threshold);
    notify_alarm_with(server, id, value, told);
}

fn notify_alarm_with(server: &mut Server, id: Xid, value: i64, alarm_value: i64) {
    let Ok(alarm) = server.alarm(id) else { return };
    let event = AlarmNotifyEvent {
        response_type: number::SYNC_EVENT + 1,
        kind: 1,
        sequence: 0,
        alarm: id,
        counter_value: int64(value),
        alarm_value: int64(alarm_value),
        timestamp: server.time,
        state: alarm.state,
    };
    let mut receivers = alarm.listeners.clone();
    if alarm.events {
        receivers.push(alarm.client);
    }
    for client in receivers {
        server.send_event(client, &wire(&event));
    }
}

/// Makes a condition of the fields of a request.
fn condition(server: &Server, counter: Xid, value_type: u32, value: i64, test: u32) -> Outcome<Condition> {
    if value_type > 1 {
        return Err(XError::value(value_type));
    }
    if test > 3 {
        return Err(XError::value(test));
    }
    let relative = value_type == 1;
    let threshold = if relative && counter != 0 {
        let now = server.counter_value(counter).ok_or(bad_counter(counter))?;
        now.checked_add(value).ok_or(XError::value((value >> 32) as u32))?
    } else {
        value
    };
    Ok(Condition { counter, relative, wait_value: value, test, threshold })
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let words = header.remaining_length;
    let exactly = |expected: u32| if words == expected { Ok(()) } else { Err(XError::LENGTH) };
    match header.minor_opcode {
        0 => {
            exactly(1)?;
            server.reply(
                client,
                &InitializeReply { sequence: 0, length: 0, major_version: 3, minor_version: 1 },
            );
        }
        1 => {
            exactly(0)?;
            let counter = |counter, name: &str| Systemcounter {
                counter,
                resolution: int64(1),
                name: name.as_bytes().to_vec(),
            };
            let counters = vec![counter(SERVER_TIME, "SERVERTIME"), counter(IDLE_TIME, "IDLETIME")];
            server.reply(client, &ListSystemCountersReply { sequence: 0, length: 0, counters });
        }
        2 => {
            exactly(3)?;
            let request = CreateCounterRequest::try_parse_request(header, body)?;
            server.check_new_id(client, request.id)?;
            let counter = Counter { value: from_int64(request.initial_value) };
            server.add_resource(client, request.id, Resource::Counter(Box::new(counter)));
        }
        3 => {
            exactly(3)?;
            let request = SetCounterRequest::try_parse_request(header, body)?;
            set_counter(server, request.counter, |_| Some(from_int64(request.value)))?;
        }
        4 => {
            exactly(3)?;
            let request = ChangeCounterRequest::try_parse_request(header, body)?;
            set_counter(server, request.counter, |old| old.checked_add(from_int64(request.amount)))?;
        }
        5 => {
            exactly(1)?;
            let id = word(body, 0)?;
            let value = server.counter_value(id).ok_or(bad_counter(id))?;
            server.reply(client, &QueryCounterReply { sequence: 0, length: 0, counter_value: int64(value) });
        }
        6 => {
            exactly(1)?;
            let id = word(body, 0)?;
            if matches!(id, SERVER_TIME | IDLE_TIME) {
                return Err(XError::access(id));
            }
            server.counter(id)?;
            destroy_counter(server, id);
        }
        7 => {
            if words == 0 {
                return Err(XError::value(0));
            }
            if !words.is_multiple_of(7) {
                return Err(XError::LENGTH);
            }
            await_counters(server, client, body)?;
        }
        8 | 9 => alarm_request(server, client, header.minor_opcode == 8, body)?,
        10 => {
            exactly(1)?;
            let alarm = server.alarm(word(body, 0)?)?;
            let reply = QueryAlarmReply {
                sequence: 0,
                length: 0,
                trigger: Trigger {
                    counter: alarm.condition.counter,
                    wait_type: u32::from(alarm.condition.relative).into(),
                    wait_value: int64(if alarm.condition.relative {
                        alarm.condition.wait_value
                    } else {
                        alarm.condition.threshold
                    }),
                    test_type: alarm.condition.test.into(),
                },
                delta: int64(alarm.delta),
                events: alarm.events,
                state: alarm.state,
            };
            server.reply(client, &reply);
        }
        11 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.alarm(id)?;
            destroy_alarm(server, id);
        }
        12 => {
            exactly(2)?;
            let request = SetPriorityRequest::try_parse_request(header, body)?;
            let of = priority_of(server, client, request.id)?;
            server.sync.priorities.retain(|(id, _)| *id != of);
            server.sync.priorities.push((of, request.priority));
        }
        13 => {
            exactly(1)?;
            let of = priority_of(server, client, word(body, 0)?)?;
            let priority =
                server.sync.priorities.iter().find(|(id, _)| *id == of).map_or(0, |(_, priority)| *priority);
            server.reply(client, &GetPriorityReply { sequence: 0, length: 0, priority });
        }
        14 => {
            exactly(3)?;
            let request = CreateFenceRequest::try_parse_request(header, body)?;
            server.check_new_id(client, request.fence)?;
            server.drawable_depth(request.drawable)?;
            let fence = Fence { triggered: request.initially_triggered };
            server.add_resource(client, request.fence, Resource::Fence(Box::new(fence)));
        }
        15 => {
            exactly(1)?;
            server.fence_mut(word(body, 0)?)?.triggered = true;
            fences_changed(server);
        }
        16 => {
            exactly(1)?;
            let fence = server.fence_mut(word(body, 0)?)?;
            if !fence.triggered {
                return Err(XError::MATCH);
            }
            fence.triggered = false;
        }
        17 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.fence(id)?;
            destroy_fence(server, id);
        }
        18 => {
            exactly(1)?;
            let triggered = server.fence(word(body, 0)?)?.triggered;
            server.reply(client, &QueryFenceReply { sequence: 0, length: 0, triggered });
        }
        19 => {
            if words == 0 {
                return Err(XError::value(0));
            }
            let fences: Vec<Xid> =
                (0..words as usize).map(|index| word(body, 4 * index)).collect::<Outcome<_>>()?;
            let mut any = false;
            for id in &fences {
                any |= server.fence(*id)?.triggered;
            }
            if !any {
                server.sync.waiting.push((client, Waiting::Fences(fences)));
                if let Some(state) = server.client_mut(client) {
                    state.blocked = true;
                }
            }
        }
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

/// The client whose priority an id means: 0 is the asking one.
fn priority_of(server: &Server, client: ClientId, id: Xid) -> Outcome<ClientId> {
    if id == 0 {
        return Ok(client);
    }
    let owner = server.owner(id);
    if server.client(owner).is_some() { Ok(owner) } else { Err(XError::matching(id)) }
}

fn set_counter(server: &mut Server, id: Xid, change: impl FnOnce(i64) -> Option<i64>) -> Outcome {
    if matches!(id, SERVER_TIME | IDLE_TIME) {
        return Err(XError::access(id));
    }
    let counter = server.counter_mut(id)?;
    let before = counter.value;
    let now = change(before).ok_or(XError::value(id))?;
    counter.value = now;
    counter_changed(server, id, before, now);
    Ok(())
}

/// The conditions are taken apart here: `AwaitRequest::try_parse_request` reads the first one again and again.
fn await_counters(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let mut list = Vec::new();
    for bytes in body.chunks_exact(28) {
        let (wait, _) = Waitcondition::try_parse(bytes)?;
        let trigger = &wait.trigger;
        if trigger.counter == 0 || server.counter_value(trigger.counter).is_none() {
            return Err(bad_counter(trigger.counter));
        }
        let condition = condition(
            server,
            trigger.counter,
            trigger.wait_type.into(),
            from_int64(trigger.wait_value),
            trigger.test_type.into(),
        )?;
        list.push(Await { condition, event_threshold: from_int64(wait.event_threshold) });
    }
    // A transition can only come; a comparison may hold already.
    let reached = list.iter().any(|wait| {
        let value = server.counter_value(wait.condition.counter).unwrap_or(0);
        wait.condition.test >= 2 && wait.condition.holds(value, value)
    });
    if reached {
        notify_reached(server, client, &list);
        return Ok(());
    }
    server.sync.waiting.push((client, Waiting::Counters(list)));
    if let Some(state) = server.client_mut(client) {
        state.blocked = true;
    }
    Ok(())
}

/// `CreateAlarm` and `ChangeAlarm`: values of one or (INT64) two words under a mask.
fn alarm_request(server: &mut Server, client: ClientId, create: bool, body: &[u8]) -> Outcome {
    let (id, mask) = (word(body, 0)?, word(body, 4)?);
    if mask & !0x3f != 0 {
        return Err(XError::value(mask));
    }
    let values = tail(body, 8)?;
    let words: u32 =
        (0..6).filter(|bit| mask & (1 << bit) != 0).map(|bit| if matches!(bit, 2 | 4) { 2 } else { 1 }).sum();
    if values.len() != words as usize * 4 {
        return Err(XError::LENGTH);
    }
    if create {
        server.check_new_id(client, id)?;
    }
    let (mut counter, mut value_type, mut value, mut test, mut delta, mut events) = if create {
        (0, 0, 0, 2, 1, true)
    } else {
        let alarm = server.alarm(id)?;
        let condition = alarm.condition;
        (condition.counter, 0, condition.threshold, condition.test, alarm.delta, alarm.events)
    };
    let mut at = 0;
    for bit in (0..6).filter(|bit| mask & (1 << bit) != 0) {
        let first = word(values, at)?;
        at += 4;
        let wide = if matches!(bit, 2 | 4) {
            let low = word(values, at)?;
            at += 4;
            i64::from(first as i32) << 32 | i64::from(low)
        } else {
            0
        };
        match bit {
            0 => counter = first,
            1 => value_type = first,
            2 => value = wide,
            3 => test = first,
            4 => delta = wide,
            _ if first > 1 => return Err(XError::value(first)),
            _ => events = first == 1,
        }
    }
    if counter != 0 && server.counter_value(counter).is_none() {
        return Err(bad_counter(counter));
    }
    let condition = condition(server, counter, value_type, value, test)?;
    // A delta that leads away from the test's direction can never end (SYNC, CreateAlarm); one that nobody has given is
    // as good as given.
    let given = mask & (1 << 3 | 1 << 4) != 0;
    if given && ((test.is_multiple_of(2) && delta < 0) || (!test.is_multiple_of(2) && delta > 0)) {
        return Err(XError::MATCH);
    }
    let state = if counter == 0 { ALARMSTATE::INACTIVE } else { ALARMSTATE::ACTIVE };
    if create {
        let alarm = Alarm { client, condition, delta, events, state, listeners: Vec::new() };
        server.add_resource(client, id, Resource::Alarm(Box::new(alarm)));
        server.sync.alarms.push(id);
    } else {
        let alarm = server.alarm_mut(id)?;
        alarm.condition = condition;
        alarm.delta = delta;
        alarm.state = state;
        if alarm.client == client {
            alarm.events = events;
        } else if mask & (1 << 5) != 0 {
            alarm.listeners.retain(|listener| *listener != client);
            if events {
                alarm.listeners.push(client);
            }
        }
    }
    if let Some(now) = server.counter_value(counter)
        && condition.test >= 2
        && condition.holds(now, now)
    {
        alarm_goes_off(server, id, now);
    } else if counter == 0 && !create {
        // It is told that it waits for nothing any more.
        alarm_goes_off(server, id, 0);
    }
    Ok(())
}
