//! Core fonts in sizes that no file has: what is listed, what is opened, what is drawn.

mod fixture;

use std::borrow::Cow;

use fixture::{ROOT, World};
use x11rb_protocol::protocol::xproto::{
    ChangeGCAux, ChangeGCRequest, CreateGCAux, CreateGCRequest, ImageText8Request, ListFontsRequest,
    ListFontsWithInfoRequest, NAME_ERROR, OpenFontRequest, QueryFontRequest,
};
use xserver::ClientId;

const WHITE: u32 = 0x00ff_ffff;

fn open(world: &mut World, client: ClientId, name: &str) -> u32 {
    let fid = world.new_id(client);
    world.send(client, OpenFontRequest { fid, name: Cow::Owned(name.as_bytes().to_vec()) });
    fid
}

fn fixed(size: &str) -> String {
    format!("-misc-fixed-medium-r-semicondensed--{size}-iso8859-1")
}

fn listed(world: &mut World, client: ClientId, pattern: &str) -> Vec<String> {
    let pattern = Cow::Owned(pattern.as_bytes().to_vec());
    let reply = world.ask(client, ListFontsRequest { max_names: 200, pattern });
    reply.names.into_iter().map(|name| String::from_utf8_lossy(&name.name).into_owned()).collect()
}

#[test]
fn a_size_that_no_file_has_is_listed_and_opened() {
    let mut world = World::new();
    let client = world.client();
    let name = fixed("26-251-75-75-c-0");
    assert_eq!(listed(&mut world, client, &fixed("26-*-75-75-*-*")), std::slice::from_ref(&name));
    // What a file has comes first.
    assert_eq!(
        listed(&mut world, client, &fixed("13-*-75-75-*-*")),
        [fixed("13-120-75-75-c-60"), fixed("13-125-75-75-c-0")]
    );
    assert!(listed(&mut world, client, &fixed("*")).contains(&fixed("0-0-75-75-c-0")));
    let font = open(&mut world, client, &name);
    let reply = world.ask(client, QueryFontRequest { font });
    assert_eq!((reply.font_ascent, reply.font_descent, reply.max_bounds.character_width), (22, 4, 12));
    let pattern = Cow::Owned(name.into_bytes());
    world.send(client, ListFontsWithInfoRequest { max_names: 1, pattern });
    let answers = world.answers(client);
    assert_eq!((answers.len(), answers[0][1]), (2, 62), "a name of 62 bytes, and the end");
}

#[test]
fn text_in_twice_the_size_is_every_pixel_four_times() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 200, 150), 0, 0);
    world.map(client, window);
    let gc = world.new_id(client);
    let value_list = Cow::Owned(CreateGCAux::new().foreground(WHITE));
    world.send(client, CreateGCRequest { cid: gc, drawable: window, value_list });
    for (size, y) in [("13-120-75-75-c-60", 11), ("26-0-75-75-c-0", 13 + 22)] {
        let font = open(&mut world, client, &fixed(size));
        world.send(client, ChangeGCRequest { gc, value_list: Cow::Owned(ChangeGCAux::new().font(font)) });
        let string = Cow::Borrowed(&b"Rust & X"[..]);
        world.send(client, ImageText8Request { drawable: window, gc, x: 0, y, string });
    }
    let mut written = 0;
    for (x, y) in (0..13).flat_map(|y| (0..48).map(move |x| (x, y))) {
        let pixel = world.pixel(x, y);
        written += u32::from(pixel == WHITE);
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            assert_eq!(world.pixel(2 * x + dx, 13 + 2 * y + dy), pixel, "{x},{y}");
        }
    }
    assert!(written > 60, "{written} pixels are written");
}

#[test]
fn sizes_that_make_no_sense_have_no_font() {
    let mut world = World::new();
    let client = world.client();
    for size in
        ["26-240-75-75-c-0", "9999-0-75-75-c-0", "99999-0-75-75-c-0", "26-0-75-75-p-0", "-5-0-75-75-c-0"]
    {
        let fid = world.new_id(client);
        let name = Cow::Owned(fixed(size).into_bytes());
        assert_eq!(world.fail(client, OpenFontRequest { fid, name }).0, NAME_ERROR, "{size}");
    }
}

#[test]
fn clients_cannot_fill_the_memory_with_sizes() {
    let mut world = World::new();
    let client = world.client();
    let mut refused = 0;
    let mut opened = Vec::new();
    for width in 1..400 {
        let fid = world.new_id(client);
        let name = Cow::Owned(fixed(&format!("200-0-75-75-c-{width}0")).into_bytes());
        world.send(client, OpenFontRequest { fid, name });
        match world.take_error(client) {
            Some((code, ..)) => {
                assert_eq!(code, NAME_ERROR);
                refused += 1;
            }
            None => opened.push(fid),
        }
    }
    assert!(refused > 100 && opened.len() > 20, "{refused} refused, {} opened", opened.len());
    // The same size again is the same font, and what nobody uses makes place.
    let name = fixed("200-0-75-75-c-10");
    open(&mut world, client, &name);
    assert_eq!(world.take_error(client), None);
    for font in opened {
        world.send(client, x11rb_protocol::protocol::xproto::CloseFontRequest { font });
    }
    open(&mut world, client, &fixed("200-0-75-75-c-3990"));
    assert_eq!(world.take_error(client), None);
}
