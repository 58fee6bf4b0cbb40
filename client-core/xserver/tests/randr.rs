//! RANDR: outputs that the embedder connects and takes away, what clients show on them, and who is told.

#![expect(clippy::unwrap_used, reason = "in a test, what cannot be had fails it")]

mod fixture;

use fixture::{ROOT, World};
use x11rb_protocol::protocol::randr::{
    AddOutputModeRequest, ChangeOutputPropertyRequest, ConfigureOutputPropertyRequest, Connection,
    CreateModeRequest, DeleteOutputPropertyRequest, DestroyModeRequest, GetCrtcInfoRequest,
    GetMonitorsRequest, GetOutputInfoRequest, GetOutputPrimaryRequest, GetOutputPropertyRequest,
    GetScreenResourcesReply, GetScreenResourcesRequest, ListOutputPropertiesRequest, ModeInfo, Notify,
    NotifyEvent, QueryOutputPropertyRequest, Rotation, SelectInputRequest, SetConfig, SetCrtcConfigRequest,
    SetOutputPrimaryRequest, SetScreenSizeRequest,
};
use x11rb_protocol::protocol::xinerama::QueryScreensRequest;
use x11rb_protocol::protocol::xproto::{PropMode, QueryExtensionRequest};
use xserver::{ClientId, Config, Monitor, ServerEvent};

struct Screen {
    world: World,
    client: ClientId,
    major: u8,
    event: u8,
}

fn monitor(x: i16, width: u16, height: u16) -> Monitor {
    Monitor { x, y: 0, width, height, dpi: 100 }
}

impl Screen {
    fn new(monitors: &[Monitor]) -> Self {
        let mut world = World::with(Config { width: 400, height: 300, ..Config::default() });
        world.server.set_monitors(monitors);
        let client = world.client();
        let extension = world.ask(client, QueryExtensionRequest { name: b"RANDR".to_vec().into() });
        Self { world, client, major: extension.major_opcode, event: extension.first_event }
    }

    fn ask<R: x11rb_protocol::x11_utils::ReplyRequest>(&mut self, request: R) -> R::Reply
    where
        R::Reply: x11rb_protocol::x11_utils::TryParse,
    {
        self.world.ask_of(self.client, self.major, request)
    }

    fn send(&mut self, request: impl x11rb_protocol::x11_utils::Request) {
        self.world.send_to(self.client, self.major, request);
    }

    /// The code of the error that a request causes.
    fn fails(&mut self, request: impl x11rb_protocol::x11_utils::Request) -> u8 {
        self.send(request);
        self.world.take_error(self.client).unwrap().0
    }

    fn resources(&mut self) -> GetScreenResourcesReply {
        self.ask(GetScreenResourcesRequest { window: ROOT })
    }

    fn show(&mut self, crtc: u32, (x, y): (i16, i16), mode: u32, outputs: &[u32]) -> SetConfig {
        self.ask(request(crtc, (x, y), mode, outputs)).status
    }

    /// What was told, by kind.
    fn told(&mut self) -> Vec<Notify> {
        let code = self.event + 1;
        self.world.events_of::<NotifyEvent>(self.client, code).iter().map(|event| event.sub_code).collect()
    }
}

fn request(crtc: u32, (x, y): (i16, i16), mode: u32, outputs: &[u32]) -> SetCrtcConfigRequest<'static> {
    SetCrtcConfigRequest {
        crtc,
        timestamp: 0,
        config_timestamp: 0,
        x,
        y,
        mode,
        rotation: Rotation::ROTATE0,
        outputs: outputs.to_vec().into(),
    }
}

#[test]
fn each_monitor_is_an_output_with_a_crtc_and_its_mode() {
    let mut s = Screen::new(&[monitor(0, 200, 300), monitor(200, 200, 250)]);
    let resources = s.resources();
    assert_eq!((resources.outputs.len(), resources.crtcs.len(), resources.modes.len()), (2, 2, 2));
    let second = s.ask(GetOutputInfoRequest { output: resources.outputs[1], config_timestamp: 0 });
    assert_eq!(second.name, b"screen-1");
    assert_eq!((second.connection, second.crtc), (Connection::CONNECTED, resources.crtcs[1]));
    assert_eq!((second.mm_width, second.mm_height), (51, 64), "at 100 pixels per inch");
    let crtc = s.ask(GetCrtcInfoRequest { crtc: second.crtc, config_timestamp: 0 });
    assert_eq!((crtc.x, crtc.y, crtc.width, crtc.height), (200, 0, 200, 250));
    assert_eq!(crtc.mode, second.modes[0]);
    assert_eq!(s.ask(GetOutputPrimaryRequest { window: ROOT }).output, resources.outputs[0]);
}

#[test]
fn a_monitor_that_goes_leaves_its_output_disconnected() {
    let mut s = Screen::new(&[monitor(0, 200, 300), monitor(200, 200, 300)]);
    let outputs = s.resources().outputs;
    s.send(SelectInputRequest { window: ROOT, enable: 0x47_u16.into() });
    s.world.server.set_monitors(&[monitor(0, 200, 300)]);
    assert_eq!(s.told(), [Notify::CRTC_CHANGE, Notify::OUTPUT_CHANGE]);
    let gone = s.ask(GetOutputInfoRequest { output: outputs[1], config_timestamp: 0 });
    assert_eq!((gone.connection, gone.crtc, gone.modes.len()), (Connection::DISCONNECTED, 0, 0));
    s.world.server.set_monitors(&[monitor(0, 200, 300)]);
    assert_eq!(s.told(), [], "nothing changed");
    s.world.server.set_monitors(&[monitor(0, 200, 300), monitor(200, 100, 100), monitor(300, 100, 100)]);
    assert_eq!(
        s.told(),
        [
            Notify::CRTC_CHANGE,
            Notify::CRTC_CHANGE,
            Notify::OUTPUT_CHANGE,
            Notify::OUTPUT_CHANGE,
            Notify::RESOURCE_CHANGE
        ]
    );
}

#[test]
fn a_client_shows_another_part_of_the_screen() {
    let mut s = Screen::new(&[monitor(0, 200, 300), monitor(200, 200, 300)]);
    let resources = s.resources();
    let (crtc, output) = (resources.crtcs[1], resources.outputs[1]);
    let mode = s.ask(GetCrtcInfoRequest { crtc, config_timestamp: 0 }).mode;
    s.send(SelectInputRequest { window: ROOT, enable: 7_u16.into() });
    assert_eq!(s.show(crtc, (0, 0), mode, &[output]), SetConfig::SUCCESS);
    assert_eq!(s.told(), [Notify::CRTC_CHANGE]);
    let monitors = s.ask(GetMonitorsRequest { window: ROOT, get_active: true }).monitors;
    assert_eq!(monitors.iter().map(|monitor| monitor.x).collect::<Vec<_>>(), [0, 0]);
    s.show(crtc, (0, 0), 0, &[]);
    let monitors = s.ask(GetMonitorsRequest { window: ROOT, get_active: true }).monitors;
    assert_eq!(monitors.len(), 1);
    let name = b"XINERAMA".to_vec();
    let xinerama = s.world.ask(s.client, QueryExtensionRequest { name: name.into() }).major_opcode;
    s.told();
    let screens = s.world.ask_of(s.client, xinerama, QueryScreensRequest);
    assert_eq!(screens.screen_info.len(), 1, "XINERAMA says the same");
    assert_eq!(s.fails(request(crtc, (201, 0), mode, &[output])), 2, "beyond the screen: Value");
    assert_eq!(s.fails(request(crtc, (0, 0), mode, &[])), 8, "a mode for nobody: Match");
    assert_eq!(s.fails(request(crtc, (0, 0), mode, &[resources.outputs[0]])), 8, "another's output: Match");
    assert_eq!(s.fails(request(crtc, (0, 0), 77, &[output])), s.world_error(2), "no such mode");
}

impl Screen {
    fn world_error(&mut self, number: u8) -> u8 {
        let extension = self.world.ask(self.client, QueryExtensionRequest { name: b"RANDR".to_vec().into() });
        extension.first_error + number
    }
}

#[test]
fn clients_make_modes_for_outputs() {
    let mut s = Screen::new(&[monitor(0, 400, 300)]);
    let resources = s.resources();
    let (crtc, output) = (resources.crtcs[0], resources.outputs[0]);
    let info = ModeInfo { width: 320, height: 200, name_len: 5, ..ModeInfo::default() };
    let make = |name: &'static [u8]| CreateModeRequest { window: ROOT, mode_info: info, name: name.into() };
    let mode = s.ask(make(b"small")).mode;
    assert_eq!(s.fails(make(b"small")), 15, "the name is taken");
    assert_eq!(s.fails(request(crtc, (0, 0), mode, &[output])), 8, "not on this output yet");
    s.send(AddOutputModeRequest { output, mode });
    assert_eq!(s.show(crtc, (80, 100), mode, &[output]), SetConfig::SUCCESS);
    assert_eq!(s.fails(DestroyModeRequest { mode }), 10, "it is in use");
    let preferred = s.ask(GetOutputInfoRequest { output, config_timestamp: 0 }).modes;
    assert_eq!(preferred.len(), 2);
    assert_eq!(s.fails(DestroyModeRequest { mode: preferred[0] }), 8, "not a client's");
    s.show(crtc, (0, 0), preferred[0], &[output]);
    let delete = x11rb_protocol::protocol::randr::DeleteOutputModeRequest { output, mode };
    s.send(delete);
    s.send(DestroyModeRequest { mode });
    assert_eq!(s.resources().modes.len(), 1);
}

#[test]
fn outputs_have_properties() {
    let mut s = Screen::new(&[]);
    let output = s.resources().outputs[0];
    s.send(SelectInputRequest { window: ROOT, enable: 8_u16.into() });
    let property = 39; // WM_NAME
    let change = |mode: PropMode, data: &'static [u8]| ChangeOutputPropertyRequest {
        output,
        property,
        type_: 31,
        format: 8,
        mode,
        num_units: data.len() as u32,
        data: data.into(),
    };
    s.send(change(PropMode::REPLACE, b"middle"));
    s.send(change(PropMode::APPEND, b"-end"));
    s.send(change(PropMode::PREPEND, b"start-"));
    s.send(ConfigureOutputPropertyRequest {
        output,
        property,
        pending: false,
        range: true,
        values: vec![-3, 7].into(),
    });
    assert_eq!(s.told(), [Notify::OUTPUT_PROPERTY; 3]);
    let get = |delete| GetOutputPropertyRequest {
        output,
        property,
        type_: 0,
        long_offset: 1,
        long_length: 2,
        delete,
        pending: false,
    };
    let reply = s.ask(get(true));
    assert_eq!((&reply.data[..], reply.bytes_after, reply.type_), (&b"t-middle"[..], 4, 31));
    let valid = s.ask(QueryOutputPropertyRequest { output, property });
    assert_eq!((valid.range, valid.valid_values), (true, vec![-3, 7]));
    assert_eq!(s.ask(ListOutputPropertiesRequest { output }).atoms, [39], "it was not read to its end");
    s.send(DeleteOutputPropertyRequest { output, property });
    assert_eq!(s.fails(QueryOutputPropertyRequest { output, property }), 15);
}

#[test]
fn a_client_resizes_the_screen_where_the_embedder_lets_it() {
    let mut s = Screen::new(&[]);
    let resources = s.resources();
    let resize =
        |width, height| SetScreenSizeRequest { window: ROOT, width, height, mm_width: 100, mm_height: 80 };
    assert_eq!(s.fails(resize(300, 300)), 8, "what is shown does not fit");
    s.show(resources.crtcs[0], (0, 0), 0, &[]);
    s.send(resize(640, 480));
    assert_eq!(s.world.server.size(), (640, 480));
    assert_eq!(s.world.server.screen().len(), 640 * 480);
    assert_eq!(s.world.server.poll_event(), Some(ServerEvent::ScreenResized { width: 640, height: 480 }));
    let mut managed = World::with(Config { manage_top_levels: true, ..Config::default() });
    let client = managed.client();
    let major = s.major;
    managed.send_to(client, major, resize(640, 480));
    assert_eq!(managed.take_error(client).unwrap().0, 8);
}

#[test]
fn the_primary_output_is_whichever_a_client_says() {
    let mut s = Screen::new(&[monitor(0, 200, 300), monitor(200, 200, 300)]);
    let outputs = s.resources().outputs;
    s.send(SelectInputRequest { window: ROOT, enable: 4_u16.into() });
    s.send(SetOutputPrimaryRequest { window: ROOT, output: outputs[1] });
    assert_eq!(s.told(), [Notify::OUTPUT_CHANGE; 2]);
    let monitors = s.ask(GetMonitorsRequest { window: ROOT, get_active: true }).monitors;
    assert_eq!(monitors.iter().map(|monitor| monitor.primary).collect::<Vec<_>>(), [false, true]);
    s.send(SetOutputPrimaryRequest { window: ROOT, output: 0 });
    s.told();
    assert_eq!(s.ask(GetOutputPrimaryRequest { window: ROOT }).output, 0);
}

#[test]
fn what_is_changed_of_a_pending_property_waits_for_its_crtc_to_be_set() {
    let mut s = Screen::new(&[]);
    let resources = s.resources();
    let (crtc, output) = (resources.crtcs[0], resources.outputs[0]);
    let configure = ConfigureOutputPropertyRequest {
        output,
        property: 39,
        pending: true,
        range: false,
        values: vec![1].into(),
    };
    s.send(configure);
    let change = |byte: u8| ChangeOutputPropertyRequest {
        output,
        property: 39,
        type_: 19,
        format: 8,
        mode: PropMode::REPLACE,
        num_units: 1,
        data: vec![byte].into(),
    };
    let get = |pending| GetOutputPropertyRequest {
        output,
        property: 39,
        type_: 0,
        long_offset: 0,
        long_length: 9,
        delete: false,
        pending,
    };
    s.send(change(7));
    assert_eq!((s.ask(get(false)).data, s.ask(get(true)).data), (vec![], vec![7]));
    s.send(SelectInputRequest { window: ROOT, enable: 8_u16.into() });
    let mode = resources.modes[0].id;
    s.show(crtc, (0, 0), mode, &[output]);
    assert_eq!(s.told(), [Notify::OUTPUT_PROPERTY]);
    assert_eq!(s.ask(get(false)).data, [7]);
}

#[test]
fn who_knows_of_an_older_configuration_is_told_so() {
    let mut s = Screen::new(&[]);
    s.world.server.set_time(5000);
    let resources = s.resources();
    let (crtc, mode, outputs) = (resources.crtcs[0], resources.modes[0].id, resources.outputs.clone());
    assert_eq!(s.show(crtc, (0, 0), mode, &outputs), SetConfig::SUCCESS);
    let late = SetCrtcConfigRequest { timestamp: 4999, ..request(crtc, (0, 0), mode, &outputs) };
    assert_eq!(s.ask(late).status, SetConfig::INVALID_TIME);
    let other = resources.config_timestamp.wrapping_add(1);
    let unknown = SetCrtcConfigRequest { config_timestamp: other, ..request(crtc, (0, 0), mode, &outputs) };
    assert_eq!(s.ask(unknown).status, SetConfig::INVALID_CONFIG_TIME);
}
