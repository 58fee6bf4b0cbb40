//! A daemon on a data directory of its own, with machines that are tasks of the test, and a client that speaks TLS.
//!
//! [`FakeHypervisor`] stands in for a hypervisor: its machines are tasks that run the agent's side of the contract over
//! the real node link. What it does not have is a desktop: a session echoes bytes.

mod agent;
mod client;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use qvd_protocol::VmId;
use qvd_server::config::Config;
use qvd_server::hypervisor::{End, Hypervisor, Machine, MachineSpec, StartError};
use qvd_server::store::NewVm;
use qvd_server::{Daemon, DataDirectory, Store, l7r};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub(crate) use client::{Answer, Client, call, login_body, tls};

/// How the next machines behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// They boot at once.
    Good,
    /// The image is missing.
    NoImage,
    /// They boot when told so by [`World::boot`].
    Waits,
    /// Their agent does not know the secret.
    WrongSecret,
    /// Their agent is of another version of the contract.
    OtherVersion,
    /// Their agent goes silent once a session has started.
    FallsSilent,
    /// Their agent never answers a shutdown, and the power button does nothing.
    Stubborn,
    /// Their agent never has a session ready.
    NoSession,
    /// As stubborn, and they cannot be killed.
    Immortal,
}

/// What a test can tell a machine's agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Boot.
    Boot,
    /// The desktop session crashes.
    CrashSession,
    /// The user logs out.
    EndSession,
    /// The link breaks once.
    BreakLink,
}

/// A hypervisor whose machines are tasks.
#[derive(Clone, Default)]
pub(crate) struct FakeHypervisor {
    pub(crate) machines: Arc<Mutex<HashMap<VmId, FakeMachine>>>,
    pub(crate) behaviour: Arc<Mutex<Option<Behaviour>>>,
    pub(crate) starts: Arc<Mutex<u32>>,
}

#[derive(Clone)]
pub(crate) struct FakeMachine {
    ended: watch::Sender<Option<End>>,
    agent: Arc<JoinHandle<()>>,
    orders: mpsc::UnboundedSender<Order>,
    behaviour: Behaviour,
}

#[async_trait]
impl Hypervisor for FakeHypervisor {
    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, StartError> {
        *self.starts.lock().unwrap() += 1;
        let behaviour = self.behaviour.lock().unwrap().unwrap_or(Behaviour::Good);
        if behaviour == Behaviour::NoImage {
            return Err(StartError::ImageMissing(format!("{} does not exist", spec.image.display())));
        }
        let (ended, _) = watch::channel(None);
        let (orders, inbox) = mpsc::unbounded_channel();
        let socket = spec.directory.join("link/node.sock");
        let power = ended.clone();
        let agent = tokio::spawn(agent::run(socket, spec.agent.clone(), behaviour, inbox, power));
        let machine = FakeMachine { ended, agent: Arc::new(agent), orders, behaviour };
        let older = self.machines.lock().unwrap().insert(spec.id, machine.clone());
        assert!(older.is_none_or(|older| older.ended.borrow().is_some()), "a second machine was started");
        Ok(Box::new(machine))
    }

    async fn adopt(&self, spec: &MachineSpec) -> io::Result<Option<Box<dyn Machine>>> {
        let machines = self.machines.lock().unwrap();
        let running = machines.get(&spec.id).filter(|machine| machine.ended.borrow().is_none());
        Ok(running.map(|machine| Box::new(machine.clone()) as Box<dyn Machine>))
    }
}

#[async_trait]
impl Machine for FakeMachine {
    async fn power_off(&self) -> io::Result<()> {
        if self.behaviour != Behaviour::Stubborn && self.behaviour != Behaviour::Immortal {
            self.end(End::PoweredOff);
        }
        Ok(())
    }

    async fn kill(&self) -> io::Result<()> {
        if self.behaviour == Behaviour::Immortal {
            return Err(io::Error::other("its mount is busy"));
        }
        self.end(End::PoweredOff);
        Ok(())
    }

    async fn ended(&self) -> End {
        let mut ended = self.ended.subscribe();
        let end = ended.wait_for(Option::is_some).await.unwrap().clone();
        end.unwrap()
    }
}

impl FakeMachine {
    pub(crate) fn end(&self, end: End) {
        self.agent.abort();
        self.ended.send_replace(Some(end));
    }
}

/// A daemon with users `ann` and `bob`, password `secret`, one machine each.
pub(crate) struct World {
    pub(crate) home: tempfile::TempDir,
    pub(crate) config: Config,
    pub(crate) hypervisor: FakeHypervisor,
    pub(crate) store: Store,
    pub(crate) anns: VmId,
    pub(crate) bobs: VmId,
    pub(crate) daemon: Option<Daemon>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose configuration was changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut config =
            Config { listen: ([127, 0, 0, 1], 0).into(), node: "test".into(), ..Config::default() };
        change(&mut config);
        let data = DataDirectory::open(home.path()).unwrap();
        let store = Store::open(&data.database()).await.unwrap();
        // Hashing is slow on purpose: once is enough.
        let hash = l7r::hash_password("secret").unwrap();
        store.add_image("img", std::path::Path::new("/nowhere")).await.unwrap();
        let mut desktops = Vec::new();
        for user in ["ann", "bob"] {
            store.add_user(user, &hash).await.unwrap();
            let vm = NewVm {
                name: format!("{user}s"),
                user: user.into(),
                image: "img".into(),
                memory_mib: 64,
                cpus: 1,
                home_mib: 16,
            };
            desktops.push(store.add_vm(&vm).await.unwrap());
        }
        let hypervisor = FakeHypervisor::default();
        let mut world =
            Self { home, config, hypervisor, store, anns: desktops[0], bobs: desktops[1], daemon: None };
        world.start().await;
        world
    }

    pub(crate) async fn start(&mut self) {
        let data = DataDirectory::open(self.home.path()).unwrap();
        let hypervisor = Arc::new(self.hypervisor.clone());
        self.daemon = Some(Daemon::start(&data, self.config.clone(), hypervisor).await.unwrap());
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.stop().await;
        }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.daemon.as_ref().unwrap().address()
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.hypervisor.behaviour.lock().unwrap() = Some(behaviour);
    }

    pub(crate) fn order(&self, vm: VmId, order: Order) {
        self.machine(vm).orders.send(order).unwrap();
    }

    pub(crate) fn machine(&self, vm: VmId) -> FakeMachine {
        self.hypervisor.machines.lock().unwrap()[&vm].clone()
    }

    pub(crate) fn starts(&self) -> u32 {
        *self.hypervisor.starts.lock().unwrap()
    }

    /// A client logged in as `user`.
    pub(crate) async fn client(&self, user: &str) -> Client {
        Client::login(self, user, "secret").await
    }
}
