//! Any bytes from an agent without a proxy: packed images among them. The pixel geometry is set beforehand.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nx::{LinkType, Pack, Unproxied};

fuzz_target!(|data: &[u8]| {
    let mut agent = Unproxied::new(LinkType::Lan, Pack { method: 35, quality: 9 });
    agent.agent_wrote(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    agent.agent_wrote(&[
        0xf1, 0, 6, 0, 1, 8, 8, 16, 32, 32, 0, 0, 0, 0, 0xff, 0, 0, 0xff, 0, 0, 0xff, 0, 0, 0,
    ]);
    agent.agent_wrote(data);
    while agent.poll_server().is_some() {}
    agent.server_wrote(&[1, 0, 11, 0, 0, 0, 0, 0]);
    agent.server_wrote(data);
    while let Ok(Some(_)) = agent.poll_agent() {}
});
